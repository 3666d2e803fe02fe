#include "common/policies/policy_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "common/policies/action_parser.hpp"
#include "common/policies/archive_rule.hpp"
#include "common/policies/batch_parser.hpp"
#include "common/policies/condition_parser.hpp"
#include "common/policies/connection_url.hpp"
#include "common/policies/guard_parser.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/policies/strict.hpp"
#include "common/policies/text_rules.hpp"
#include "common/policies/time_unit.hpp"
#include "common/policies/timing_parser.hpp"
#include "common/policies/yaml_document.hpp"
#include "common/policies/yaml_reader.hpp"
#include "common/schedule/schedule.hpp"

namespace lethe {
namespace {

constexpr std::size_t max_targets = 10'000;
constexpr std::size_t max_policies = 10'000;
constexpr std::size_t max_keys = 100;
constexpr std::size_t max_timestamps = 4;
constexpr std::size_t max_cascade = 100;
constexpr std::size_t max_trusted_owners = 100;
constexpr std::size_t max_overrides = 100'000;
constexpr std::size_t max_tenant_bytes = 1000;
constexpr std::int64_t max_keep_min = 1'000'000'000;

constexpr std::array<std::string_view, 2> file_keys{"targets", "policies"};
constexpr std::array<std::string_view, 5> target_keys{"url", "max_running", "rows_per_second",
                                                      "clock_skew_seconds", "on_failover"};
constexpr std::array<std::string_view, 31> policy_keys{
    "name",     "target",     "table",      "timestamp",    "retain",           "where",
    "keep_min", "tenant",     "schedule",   "timezone",     "window",           "missed",
    "overlap",  "jitter",     "lane",       "priority",     "expire_after",     "action",
    "strategy", "partitions", "quarantine", "batch",        "cascade",          "trusted_owners",
    "vacuum",   "archive",    "strict",     "max_fraction", "max_rows_per_run", "acknowledge_above",
    "approval"};
constexpr std::array<std::string_view, 2> timestamp_keys{"column", "unit"};
constexpr std::array<std::string_view, 4> tenant_keys{"column", "keep_min", "overrides", "strict"};
constexpr std::array<std::string_view, 3> override_keys{"retain", "keep_min", "enabled"};

std::string read_name(const YamlValue& value, const std::string& name) {
  if (!is_name(name)) {
    value.fail(
        fmt::format("{} is no name; write 1 to 63 of a-z 0-9 _ . - and start with a letter "
                    "or digit",
                    shown(name)));
  }
  return name;
}

std::string read_column(const YamlValue& value) {
  const std::string& column = value.text();
  if (const std::string problem = identifier_problem(column); !problem.empty()) value.fail(problem);
  return column;
}

/// Calls `parse` with the value's text and says where the value stands when it throws.
template <typename Parse>
auto read_with(const YamlValue& value, Parse parse) {
  const std::string& text = value.text();
  try {
    return parse(text);
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

TargetSpec read_target(const std::string& name, const YamlValue& value) {
  const YamlMap map = value.map(max_keys);
  map.check_keys(target_keys, "target");
  TargetSpec target;
  target.name = read_name(value, name);
  const YamlValue& url = map.require("url", "service=app");
  target.url = url.text();
  if (const std::string problem = connection_url_problem(target.url); !problem.empty()) {
    url.fail(problem);
  }
  if (const YamlValue* max_running = map.find("max_running")) {
    target.max_running = static_cast<std::int32_t>(max_running->integer(1, 1000));
  }
  if (const YamlValue* rows = map.find("rows_per_second"))
    target.rows_per_second = rows->integer(1, rows_per_second_max);
  if (const YamlValue* skew = map.find("clock_skew_seconds"))
    target.clock_skew_seconds = static_cast<std::int32_t>(skew->integer(1, clock_skew_seconds_max));
  if (const YamlValue* failover = map.find("on_failover"))
    target.survives_failover = read_with(*failover, parse_on_failover);
  return target;
}

Retention read_retention(const YamlValue& value) {
  return read_with(value, [](std::string_view text) { return parse_retention(text); });
}

std::int64_t read_keep_min(const YamlValue& value) { return value.integer(0, max_keep_min); }

/// Different names of the catalog.
std::vector<std::string> read_identifiers(const YamlValue& value, std::size_t most) {
  std::vector<std::string> names;
  for (const YamlValue& item : value.list(1, most)) {
    std::string name = read_column(item);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      item.fail(fmt::format("{} is in the list twice; remove one", shown(name)));
    }
    names.push_back(std::move(name));
  }
  return names;
}

TimeUnit read_unit(const YamlValue& value) {
  const std::string& word = value.text();
  if (const auto unit = find_time_unit(word)) return *unit;
  value.fail(fmt::format("{} is no unit; write s, ms, us or uuidv7", shown(word)));
}

/// A column, or a map of a column and its unit.
void add_timestamp(const YamlValue& value, Policy& policy) {
  std::string column;
  if (value.is_map()) {
    const YamlMap map = value.map(max_keys);
    map.check_keys(timestamp_keys, "timestamp");
    column = read_column(map.require("column", "created_ms"));
    policy.units[column] = read_unit(map.require("unit", "ms"));
  } else {
    column = read_column(value);
  }
  auto& columns = policy.timestamp;
  if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
    value.fail(fmt::format("{} is in the list twice; remove one", shown(column)));
  }
  columns.push_back(std::move(column));
}

void read_timestamp(const YamlValue& value, Policy& policy) {
  if (!value.is_list()) return add_timestamp(value, policy);
  for (const YamlValue& item : value.list(1, max_timestamps)) add_timestamp(item, policy);
}

void read_cascade(const YamlValue& value, Policy& policy) {
  if (policy.action.kind != Action::Kind::remove)
    value.fail("needs action: delete; remove one of them");
  for (const YamlValue& item : value.list(1, max_cascade))
    read_with(item, [&](std::string_view text) { add_child(text, policy); });
}

TenantOverride read_override(const std::string& tenant, const YamlValue& value) {
  if (tenant.size() > max_tenant_bytes || tenant.find('\0') != std::string::npos) {
    value.fail(fmt::format("a tenant is text of at most {} bytes without a zero byte; remove it",
                           max_tenant_bytes));
  }
  const YamlMap map = value.map(max_keys);
  map.check_keys(override_keys, "override");
  if (map.members().empty()) {
    value.fail("changes nothing; write retain, keep_min or enabled, or remove it");
  }
  TenantOverride result;
  if (const YamlValue* retain = map.find("retain")) result.retain = read_retention(*retain);
  if (const YamlValue* keep_min = map.find("keep_min")) {
    result.keep_min = read_keep_min(*keep_min);
  }
  if (const YamlValue* enabled = map.find("enabled")) result.enabled = enabled->boolean();
  return result;
}

TenantRule read_tenant(const YamlValue& value) {
  const YamlMap map = value.map(max_keys);
  map.check_keys(tenant_keys, "tenant");
  TenantRule rule;
  rule.column = read_column(map.require("column", "tenant_id"));
  if (const YamlValue* keep_min = map.find("keep_min")) rule.keep_min = read_keep_min(*keep_min);
  if (const YamlValue* overrides = map.find("overrides")) {
    const YamlMap tenants = overrides->map(max_overrides);
    for (const auto& [tenant, entry] : tenants.members()) {
      rule.overrides.emplace(tenant, read_override(tenant, entry));
    }
  }
  if (const YamlValue* strict = map.find("strict")) rule.strict = strict->boolean();
  return rule;
}

void read_schedule(const YamlMap& map, Policy& policy) {
  const YamlValue* schedule = map.find("schedule");
  const YamlValue* timezone = map.find("timezone");
  if (timezone != nullptr) {
    if (schedule == nullptr && map.find("window") == nullptr)
      timezone->fail("means nothing without schedule or window; add one or remove it");
    policy.timezone = timezone->text();
    if (!is_timezone(policy.timezone)) {
      timezone->fail(fmt::format("{} is no time zone; write an IANA name such as Europe/Berlin",
                                 shown(policy.timezone)));
    }
  }
  if (schedule == nullptr) return;
  policy.schedule = schedule->text();
  read_with(*schedule,
            [&](const std::string& text) { return Schedule::parse(text, policy.timezone); });
}

/// A function may do without both table and timestamp: it knows where it works.
void read_table(const YamlMap& map, Policy& policy) {
  const bool optional = policy.action.kind == Action::Kind::call;
  if (optional && map.find("table") == nullptr && map.find("timestamp") == nullptr) return;
  policy.table = read_with(map.require("table", "public.executions"),
                           [](std::string_view text) { return parse_table_name(text); });
  read_timestamp(map.require("timestamp", "created_at"), policy);
}

Policy read_policy(const YamlValue& value) {
  const YamlMap map = value.map(max_keys);
  map.check_keys(policy_keys, "policy");
  Policy policy;
  const YamlValue& name = map.require("name", "executions-90d");
  policy.name = read_name(name, name.text());
  const YamlValue& target = map.require("target", "app");
  policy.target = read_name(target, target.text());
  if (const YamlValue* action = map.find("action")) policy.action = parse_action(*action);
  read_table(map, policy);
  policy.retain = read_retention(map.require("retain", "90 days"));
  if (const YamlValue* where = map.find("where")) policy.where = parse_condition(*where);
  if (const YamlValue* cascade = map.find("cascade")) read_cascade(*cascade, policy);
  if (const YamlValue* owners = map.find("trusted_owners"))
    policy.trusted_owners = read_identifiers(*owners, max_trusted_owners);
  if (const YamlValue* tenant = map.find("tenant")) policy.tenant = read_tenant(*tenant);
  if (const YamlValue* keep_min = map.find("keep_min")) {
    policy.keep_min = read_keep_min(*keep_min);
    if (policy.tenant) keep_min->fail("keep_min beside tenant is ambiguous; write tenant.keep_min");
  }
  read_schedule(map, policy);
  read_timing(map, policy);
  if (const YamlValue* batch = map.find("batch")) policy.batch = read_batch(*batch);
  if (const YamlValue* vacuum = map.find("vacuum")) policy.vacuum = vacuum->boolean();
  if (const YamlValue* strict = map.find("strict")) policy.strict = strict->boolean();
  check_action(map, policy);
  read_strategy(map, policy);
  if (const YamlValue* archive = map.find("archive"))
    policy.archive = read_archive(*archive, policy);
  check_strict(map, policy);
  read_guards(map, policy);
  return policy;
}

std::vector<Policy> read_policies(const YamlValue& value) {
  std::vector<Policy> policies;
  std::map<std::string, int> lines;  // of the policies so far, by name
  for (const YamlValue& item : value.list(0, max_policies)) {
    policies.push_back(read_policy(item));
    const std::string& name = policies.back().name;
    const auto [known, is_new] = lines.emplace(name, item.line());
    if (is_new) continue;
    item.fail(fmt::format("two policies are called {}, on line {} and line {}; rename one",
                          shown(name), known->second, item.line()));
  }
  return policies;
}

}  // namespace

void add_child(std::string_view text, Policy& policy) {
  TableName table = parse_table_name(text);
  if (table == policy.table)
    throw std::invalid_argument("is the table of the policy itself; remove it");
  if (std::find(policy.cascade.begin(), policy.cascade.end(), table) != policy.cascade.end())
    throw std::invalid_argument(fmt::format("{} is in the list twice; remove one", shown(text)));
  if (policy.cascade.size() == max_cascade)
    throw std::invalid_argument(fmt::format("at most {} tables are allowed", max_cascade));
  policy.cascade.push_back(std::move(table));
}

PolicyFile parse_policies(std::string_view yaml, const std::string& file) {
  const YamlDocument document = YamlDocument::parse(yaml, file);
  const YamlValue root(document.root(), file);
  PolicyFile result;
  if (root.is_null()) return result;
  if (!root.is_map()) {
    root.fail("this is no policy file; write a map with the keys targets and policies");
  }
  const YamlMap map = root.map(max_keys);
  map.check_keys(file_keys, "file");
  const YamlValue* targets = map.find("targets");
  if (targets != nullptr && !targets->is_null()) {
    const YamlMap named = targets->map(max_targets);
    for (const auto& [name, value] : named.members()) {
      result.targets.push_back(read_target(name, value));
    }
  }
  const YamlValue* policies = map.find("policies");
  if (policies != nullptr && !policies->is_null()) result.policies = read_policies(*policies);
  return result;
}

bool is_name(std::string_view text) {
  const auto is_start = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto is_rest = [&](char c) { return is_start(c) || c == '_' || c == '.' || c == '-'; };
  return !text.empty() && text.size() <= 63 && is_start(text.front()) &&
         std::all_of(text.begin(), text.end(), is_rest);
}

}  // namespace lethe
