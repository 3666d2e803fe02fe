#include "common/policies/policy_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "common/policies/action.hpp"
#include "common/policies/comparison.hpp"
#include "common/policies/guard_parser.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/policies/text_rules.hpp"
#include "common/policies/time_unit.hpp"
#include "common/policies/timing_parser.hpp"

namespace lethe {
namespace {

using Json = nlohmann::json;  // its objects sort their keys

constexpr int max_depth = 32;
constexpr std::int64_t max_int64 = std::numeric_limits<std::int64_t>::max();

[[noreturn]] void refuse(std::string_view place, std::string_view problem) {
  throw std::invalid_argument(fmt::format("stored policy: {}: {}", place, problem));
}

Json to_json(const Retention& retention) {
  return {{"months", retention.months}, {"seconds", retention.seconds}};
}

Json to_json(const TableName& name) { return {{"schema", name.schema}, {"table", name.table}}; }

Json to_json(const Condition& condition) {
  if (condition.kind == Condition::Kind::comparison) {
    return {{"column", condition.column},
            {"op", to_string(condition.comparison)},
            {"values", condition.values}};
  }
  if (condition.kind == Condition::Kind::negation) {
    return {{"not", to_json(condition.children.at(0))}};
  }
  Json children = Json::array();
  for (const Condition& child : condition.children) children.push_back(to_json(child));
  const bool is_all = condition.kind == Condition::Kind::all;
  return Json::object({{is_all ? "all" : "any", std::move(children)}});
}

Json to_json(const TenantRule& rule) {
  Json json = {{"column", rule.column}};
  if (rule.keep_min) json["keep_min"] = *rule.keep_min;
  if (rule.only) json["only"] = *rule.only;
  for (const auto& [tenant, entry] : rule.overrides) {
    Json& object = json["overrides"][tenant];
    object["enabled"] = entry.enabled;
    if (entry.retain) object["retain"] = to_json(*entry.retain);
    if (entry.keep_min) object["keep_min"] = *entry.keep_min;
  }
  if (rule.strict) json["strict"] = true;
  return json;
}

Json to_json(const Action& action) {
  if (action.kind == Action::Kind::call)
    return {{"call", {{"schema", action.function.schema}, {"name", action.function.name}}}};
  Json values = Json::object();
  for (const auto& [column, value] : action.values)
    values[column] = value ? Json(*value) : Json(nullptr);
  return Json::object({{"set", std::move(values)}});
}

Json to_json(const ArchiveRule& rule) {
  Json json = Json::object();
  if (rule.directory.empty()) {
    json["table"] = to_json(rule.table);
  } else {
    json["dir"] = rule.directory;
  }
  if (rule.keep) json["keep"] = to_json(*rule.keep);
  return json;
}

/// An object being read: every key must be asked for, and no other may be there.
class Reader {
 public:
  Reader(const Json& json, std::string place, std::initializer_list<std::string_view> known)
      : json_(json), place_(std::move(place)) {
    if (!json.is_object()) refuse(place_, "is not an object");
    for (const auto& item : json.items()) {
      bool is_known = false;
      for (const std::string_view key : known) is_known = is_known || item.key() == key;
      if (!is_known) refuse(place_, fmt::format("unknown key {}", shown(item.key())));
    }
  }

  [[nodiscard]] bool has(const char* key) const { return json_.contains(key); }

  [[nodiscard]] const Json& get(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) refuse(place_, fmt::format("lacks the key {}", key));
    return *found;
  }

  [[nodiscard]] std::string text(const char* key) const {
    const Json& value = get(key);
    if (!value.is_string()) refuse(place_of(key), "is not text");
    return value.get<std::string>();
  }

  [[nodiscard]] bool boolean(const char* key) const {
    const Json& value = get(key);
    if (!value.is_boolean()) refuse(place_of(key), "is not a boolean");
    return value.get<bool>();
  }

  [[nodiscard]] std::int64_t integer(const char* key, std::int64_t max = max_int64) const {
    const Json& value = get(key);
    const bool fits =
        value.is_number_unsigned() && value.get<std::uint64_t>() <= static_cast<std::uint64_t>(max);
    if (!fits) refuse(place_of(key), fmt::format("is not a whole number from 0 to {}", max));
    return value.get<std::int64_t>();
  }

  [[nodiscard]] std::optional<std::int64_t> optional_integer(const char* key) const {
    if (!has(key)) return std::nullopt;
    return integer(key);
  }

  /// At least one text.
  [[nodiscard]] std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> result;
    const Json& values = get(key);
    if (!values.is_array() || values.empty()) refuse(place_of(key), "is not a list of texts");
    for (const Json& value : values) {
      if (!value.is_string()) refuse(place_of(key), "is not a list of texts");
      result.push_back(value.get<std::string>());
    }
    return result;
  }

  [[nodiscard]] std::string place_of(std::string_view key) const {
    return fmt::format("{}.{}", place_, key);
  }

 private:
  const Json& json_;
  std::string place_;
};

Retention read_retention(const Json& json, const std::string& place) {
  const Reader reader(json, place, {"months", "seconds"});
  Retention retention;
  retention.months =
      static_cast<std::int32_t>(reader.integer("months", std::numeric_limits<std::int32_t>::max()));
  retention.seconds = reader.integer("seconds");
  if (retention == Retention{}) refuse(place, "is not longer than zero");
  return retention;
}

Condition read_condition(const Json& json, int depth);

std::vector<Condition> read_children(const Json& json, int depth) {
  if (!json.is_array()) refuse("where", "a branch is not a list");
  std::vector<Condition> children;
  for (const Json& child : json) children.push_back(read_condition(child, depth + 1));
  return children;
}

Condition read_comparison(const Json& json) {
  const Reader reader(json, "where", {"column", "op", "values"});
  const std::string name = reader.text("op");
  const std::optional<Comparison> comparison = find_comparison(name);
  if (!comparison) refuse("where.op", fmt::format("unknown comparison {}", shown(name)));
  Condition condition;
  condition.kind = Condition::Kind::comparison;
  condition.column = reader.text("column");
  condition.comparison = *comparison;
  condition.values = reader.texts("values");
  const bool takes_list = *comparison == Comparison::in || *comparison == Comparison::not_in;
  if (condition.values.size() != 1 && !takes_list) refuse("where.values", "must be one value");
  return condition;
}

Condition read_condition(const Json& json, int depth) {
  if (depth > max_depth) refuse("where", "is nested too deep");
  if (json.contains("column")) return read_comparison(json);
  const Reader reader(json, "where", {"all", "any", "not"});
  if (json.size() != 1) refuse("where", "is not one of all, any, not and a comparison");
  Condition condition;
  if (reader.has("not")) {
    condition.kind = Condition::Kind::negation;
    condition.children.push_back(read_condition(reader.get("not"), depth + 1));
    return condition;
  }
  condition.kind = reader.has("all") ? Condition::Kind::all : Condition::Kind::any;
  condition.children = read_children(reader.get(reader.has("all") ? "all" : "any"), depth);
  return condition;
}

TenantRule read_tenant(const Json& json) {
  const Reader reader(json, "tenant", {"column", "keep_min", "only", "overrides", "strict"});
  TenantRule rule;
  rule.column = reader.text("column");
  rule.keep_min = reader.optional_integer("keep_min");
  if (reader.has("only")) rule.only = reader.text("only");
  if (reader.has("strict")) rule.strict = reader.boolean("strict");
  if (!reader.has("overrides")) return rule;
  const Json& overrides = reader.get("overrides");
  if (!overrides.is_object()) refuse("tenant.overrides", "is not an object");
  for (const auto& item : overrides.items()) {
    const std::string place = fmt::format("tenant.overrides[{}]", shown(item.key()));
    const Reader entry(item.value(), place, {"enabled", "keep_min", "retain"});
    TenantOverride result;
    result.enabled = entry.boolean("enabled");
    result.keep_min = entry.optional_integer("keep_min");
    if (entry.has("retain")) {
      result.retain = read_retention(entry.get("retain"), entry.place_of("retain"));
    }
    rule.overrides.emplace(item.key(), result);
  }
  return rule;
}

TableName read_table(const Json& json) {
  const Reader reader(json, "table", {"schema", "table"});
  return {.schema = reader.text("schema"), .table = reader.text("table")};
}

std::vector<TableName> read_cascade(const Json& json) {
  if (!json.is_array() || json.empty()) refuse("cascade", "is not a list of tables");
  std::vector<TableName> tables;
  for (const Json& table : json) tables.push_back(read_table(table));
  return tables;
}

TimeUnits read_units(const Json& json, const std::vector<std::string>& columns) {
  if (!json.is_object() || json.empty()) refuse("units", "is not an object with a column");
  TimeUnits units;
  for (const auto& item : json.items()) {
    const std::string place = fmt::format("units[{}]", shown(item.key()));
    if (std::find(columns.begin(), columns.end(), item.key()) == columns.end())
      refuse(place, "is no timestamp column");
    const auto unit = item.value().is_string() ? find_time_unit(item.value().get<std::string>())
                                               : std::optional<TimeUnit>();
    if (!unit) refuse(place, "is no unit");
    units.emplace(item.key(), *unit);
  }
  return units;
}

Action read_action(const Json& json) {
  const Reader reader(json, "action", {"call", "set"});
  if (json.size() != 1) refuse("action", "is not one of call and set");
  Action action;
  if (reader.has("call")) {
    const Reader function(reader.get("call"), "action.call", {"schema", "name"});
    action.kind = Action::Kind::call;
    action.function = {.schema = function.text("schema"), .name = function.text("name")};
    return action;
  }
  const Json& values = reader.get("set");
  if (!values.is_object() || values.empty() || values.size() > set_columns_max)
    refuse("action.set", fmt::format("is not an object of 1 to {} columns", set_columns_max));
  action.kind = Action::Kind::set;
  for (const auto& item : values.items()) {
    if (!item.value().is_null() && !item.value().is_string())
      refuse("action.set", "a value is neither text nor null");
    std::optional<std::string> value;
    if (item.value().is_string()) value = item.value().get<std::string>();
    action.values.emplace(item.key(), std::move(value));
  }
  return action;
}

void read_timing(const Reader& reader, Policy& policy) {
  if (reader.has("window")) {
    const Reader window(reader.get("window"), "window", {"from", "to"});
    policy.window = TimeWindow{.from = parse_time_of_day(window.text("from")),
                               .to = parse_time_of_day(window.text("to"))};
  }
  if (reader.has("missed")) policy.missed = parse_missed(reader.text("missed"));
  if (reader.has("overlap")) policy.overlap = parse_overlap(reader.text("overlap"));
  if (reader.has("jitter")) policy.jitter_seconds = reader.integer("jitter", 86'400);
  if (reader.has("lane")) policy.lane = reader.text("lane");
  if (reader.has("priority"))
    policy.priority = static_cast<std::int32_t>(reader.integer("priority", 4));
  if (reader.has("expire_after"))
    policy.expire_after_seconds = reader.integer("expire_after", 30 * 86'400);
}

BatchRule read_batch(const Json& json) {
  const Reader reader(json, "batch", {"duty_percent", "rows_per_second", "target_ms"});
  BatchRule rule;
  if (reader.has("target_ms")) rule.target_ms = reader.integer("target_ms", 30'000);
  if (reader.has("duty_percent")) rule.duty_percent = reader.integer("duty_percent", 100);
  if (rule.duty_percent < 1) refuse("batch.duty_percent", "is not from 1 to 100");
  if (reader.has("rows_per_second")) rule.rows_per_second = reader.integer("rows_per_second");
  return rule;
}

ArchiveRule read_archive(const Json& json) {
  const Reader reader(json, "archive", {"dir", "keep", "table"});
  if (reader.has("dir") == reader.has("table")) refuse("archive", "is not one of dir and table");
  ArchiveRule rule;
  if (reader.has("dir")) rule.directory = reader.text("dir");
  if (reader.has("table")) rule.table = read_table(reader.get("table"));
  if (reader.has("keep")) rule.keep = read_retention(reader.get("keep"), "archive.keep");
  return rule;
}

void read_strategy(const Reader& reader, Policy& policy) {
  if (reader.has("strategy")) policy.strategy = parse_strategy(reader.text("strategy"));
  if (reader.has("partitions")) policy.partitions = parse_partitions(reader.text("partitions"));
  if (reader.has("quarantine"))
    policy.quarantine_seconds = reader.integer("quarantine", std::int64_t{3'650} * 86'400);
}

GuardRule read_guards(const Reader& reader) {
  GuardRule guards;
  if (reader.has("max_fraction"))
    guards.max_fraction_ppm = parse_fraction(reader.text("max_fraction"));
  if (reader.has("max_rows_per_run")) guards.max_rows_per_run = reader.integer("max_rows_per_run");
  guards.acknowledge_above = reader.optional_integer("acknowledge_above");
  if (reader.has("approval")) {
    if (reader.text("approval") != "two_person") refuse("approval", "is not two_person");
    guards.two_person = true;
  }
  return guards;
}

Policy read_policy(const Json& json) {
  const Reader reader(json, "policy",
                      {"name",
                       "target",
                       "table",
                       "timestamp",
                       "retain",
                       "where",
                       "keep_min",
                       "tenant",
                       "schedule",
                       "timezone",
                       "window",
                       "missed",
                       "overlap",
                       "jitter",
                       "lane",
                       "priority",
                       "expire_after",
                       "strategy",
                       "partitions",
                       "quarantine",
                       "action",
                       "batch",
                       "cascade",
                       "units",
                       "trusted_owners",
                       "vacuum",
                       "archive",
                       "strict",
                       "max_fraction",
                       "max_rows_per_run",
                       "acknowledge_above",
                       "approval"});
  Policy policy;
  policy.name = reader.text("name");
  policy.target = reader.text("target");
  if (reader.has("action")) policy.action = read_action(reader.get("action"));
  // A function that is called may do without them.
  const bool required = policy.action.kind != Action::Kind::call;
  if (required || reader.has("table")) policy.table = read_table(reader.get("table"));
  if (required || reader.has("timestamp")) policy.timestamp = reader.texts("timestamp");
  if (reader.has("units")) policy.units = read_units(reader.get("units"), policy.timestamp);
  policy.retain = read_retention(reader.get("retain"), "retain");
  if (reader.has("where")) policy.where = read_condition(reader.get("where"), 1);
  if (reader.has("cascade")) policy.cascade = read_cascade(reader.get("cascade"));
  if (reader.has("trusted_owners")) policy.trusted_owners = reader.texts("trusted_owners");
  policy.keep_min = reader.optional_integer("keep_min");
  if (reader.has("tenant")) policy.tenant = read_tenant(reader.get("tenant"));
  if (reader.has("schedule")) policy.schedule = reader.text("schedule");
  policy.timezone = reader.text("timezone");
  read_timing(reader, policy);
  if (reader.has("batch")) policy.batch = read_batch(reader.get("batch"));
  read_strategy(reader, policy);
  policy.guards = read_guards(reader);
  if (reader.has("vacuum")) policy.vacuum = reader.boolean("vacuum");
  if (reader.has("strict")) policy.strict = reader.boolean("strict");
  if (reader.has("archive")) policy.archive = read_archive(reader.get("archive"));
  return policy;
}

/// What is as it is by default is left out, so that a new key changes no text of an old policy.
void add_timing(const Policy& policy, Json& json) {
  const Policy usual;
  if (policy.window)
    json["window"] = {{"from", to_text(policy.window->from)}, {"to", to_text(policy.window->to)}};
  if (policy.missed != usual.missed) json["missed"] = to_string(policy.missed);
  if (policy.overlap != usual.overlap) json["overlap"] = to_string(policy.overlap);
  if (policy.jitter_seconds != usual.jitter_seconds) json["jitter"] = policy.jitter_seconds;
  if (policy.lane != usual.lane) json["lane"] = policy.lane;
  if (policy.priority != usual.priority) json["priority"] = policy.priority;
  if (policy.expire_after_seconds != usual.expire_after_seconds)
    json["expire_after"] = policy.expire_after_seconds;
  if (policy.batch == usual.batch) return;
  Json& batch = json["batch"] = Json::object();
  if (policy.batch.target_ms != usual.batch.target_ms) batch["target_ms"] = policy.batch.target_ms;
  if (policy.batch.duty_percent != usual.batch.duty_percent)
    batch["duty_percent"] = policy.batch.duty_percent;
  if (policy.batch.rows_per_second != usual.batch.rows_per_second)
    batch["rows_per_second"] = policy.batch.rows_per_second;
}

/// As add_timing.
void add_strategy(const Policy& policy, Json& json) {
  const Policy usual;
  if (policy.strategy != usual.strategy) json["strategy"] = to_string(policy.strategy);
  if (policy.partitions != usual.partitions) json["partitions"] = to_string(policy.partitions);
  if (policy.quarantine_seconds != usual.quarantine_seconds)
    json["quarantine"] = policy.quarantine_seconds;
  if (policy.vacuum) json["vacuum"] = true;
  if (policy.archive) json["archive"] = to_json(*policy.archive);
}

void add_guards(const GuardRule& guards, Json& json) {
  if (guards.max_fraction_ppm) json["max_fraction"] = fraction_text(*guards.max_fraction_ppm);
  if (guards.max_rows_per_run > 0) json["max_rows_per_run"] = guards.max_rows_per_run;
  if (guards.acknowledge_above) json["acknowledge_above"] = *guards.acknowledge_above;
  if (guards.two_person) json["approval"] = "two_person";
}

}  // namespace

std::string to_canonical_json(const Policy& policy) {
  Json json = {{"name", policy.name},
               {"target", policy.target},
               {"retain", to_json(policy.retain)},
               {"timezone", policy.timezone}};
  for (const auto& [column, unit] : policy.units) json["units"][column] = to_string(unit);
  if (policy.action != Action{}) json["action"] = to_json(policy.action);
  const bool required = policy.action.kind != Action::Kind::call;
  if (required || policy.table != TableName{}) json["table"] = to_json(policy.table);
  if (required || !policy.timestamp.empty()) json["timestamp"] = policy.timestamp;
  if (policy.where != Condition{}) json["where"] = to_json(policy.where);
  for (const TableName& table : policy.cascade) json["cascade"].push_back(to_json(table));
  if (!policy.trusted_owners.empty()) json["trusted_owners"] = policy.trusted_owners;
  if (policy.keep_min) json["keep_min"] = *policy.keep_min;
  if (policy.strict) json["strict"] = true;
  if (policy.tenant) json["tenant"] = to_json(*policy.tenant);
  if (!policy.schedule.empty()) json["schedule"] = policy.schedule;
  add_timing(policy, json);
  add_strategy(policy, json);
  add_guards(policy.guards, json);
  try {
    return json.dump();
  } catch (const Json::type_error&) {
    throw std::invalid_argument("a policy holds text that is not valid UTF-8; write it in UTF-8");
  }
}

Policy policy_from_json(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, false);
  if (parsed.is_discarded()) refuse("policy", "is not JSON");
  return read_policy(parsed);
}

}  // namespace lethe
