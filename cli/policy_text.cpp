#include "cli/policy_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/policies/action.hpp"
#include "common/policies/guard_parser.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/policies/time_unit.hpp"
#include "common/policies/timing_parser.hpp"

namespace lethe::cli {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string timestamps_text(const Policy& policy) {
  std::vector<std::string> columns;
  for (const std::string& column : policy.timestamp)
    columns.push_back(timestamp_text(policy, column));
  return joined(columns);
}

std::string comparison_text(const Condition& leaf) {
  const char* comparison = to_string(leaf.comparison);
  const bool is_list = leaf.comparison == Comparison::in || leaf.comparison == Comparison::not_in;
  const std::string values =
      is_list ? fmt::format("({})", joined(leaf.values)) : joined(leaf.values);
  return fmt::format("{} {} {}", leaf.column, comparison, values);
}

std::string branch_text(const Condition& branch) {
  const char* joiner = branch.kind == Condition::Kind::any ? " or " : " and ";
  std::string text;
  for (const Condition& child : branch.children) {
    const bool is_branch = child.kind == Condition::Kind::all || child.kind == Condition::Kind::any;
    const std::string part = condition_text(child);
    text += text.empty() ? "" : joiner;
    text += is_branch && child.children.size() > 1 ? fmt::format("({})", part) : part;
  }
  return text;
}

std::string override_text(const TenantOverride& entry) {
  if (!entry.enabled) return "disabled";
  std::vector<std::string> parts;
  if (entry.retain) parts.push_back(fmt::format("retain {}", to_text(*entry.retain)));
  if (entry.keep_min) parts.push_back(fmt::format("keep_min {}", *entry.keep_min));
  return parts.empty() ? "as the policy" : joined(parts);
}

void add_tenant_fields(Fields& fields, const TenantRule& rule) {
  fields.emplace_back("tenant.column", rule.column);
  if (rule.only) fields.emplace_back("tenant.only", *rule.only);
  if (rule.keep_min) fields.emplace_back("tenant.keep_min", fmt::format("{}", *rule.keep_min));
  if (rule.strict) fields.emplace_back("tenant.strict", "true");
  for (const auto& [tenant, entry] : rule.overrides)
    fields.emplace_back(fmt::format("tenant.overrides.{}", tenant), override_text(entry));
}

std::string batch_text(const BatchRule& rule) {
  const BatchRule usual;
  std::string text;
  const auto add = [&](const char* name, std::int64_t value, std::int64_t usual_value) {
    if (value != usual_value) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  };
  add("target_ms", rule.target_ms, usual.target_ms);
  add("duty_percent", rule.duty_percent, usual.duty_percent);
  add("rows_per_second", rule.rows_per_second, usual.rows_per_second);
  return text;
}

/// What happens to the rows; deleting them is as usual and left out.
void add_action_fields(Fields& fields, const Action& action) {
  if (action.kind == Action::Kind::call)
    fields.emplace_back("action.call", to_text(action.function));
  for (const auto& [column, value] : action.values)
    fields.emplace_back(fmt::format("action.set.{}", column),
                        value ? fmt::format("'{}'", *value) : "null");
}

/// When and in which order its tasks run; what is as usual is left out.
void add_queue_fields(Fields& fields, const Policy& policy) {
  const Policy usual;
  if (policy.window)
    fields.emplace_back("window", fmt::format("{} to {} {}", to_text(policy.window->from),
                                              to_text(policy.window->to), policy.timezone));
  if (policy.missed != usual.missed) fields.emplace_back("missed", to_string(policy.missed));
  if (policy.overlap != usual.overlap) fields.emplace_back("overlap", to_string(policy.overlap));
  if (policy.jitter_seconds != usual.jitter_seconds)
    fields.emplace_back("jitter", to_text(Retention{0, policy.jitter_seconds}));
  if (policy.lane != usual.lane) fields.emplace_back("lane", policy.lane);
  if (policy.priority != usual.priority)
    fields.emplace_back("priority", fmt::format("{}", policy.priority));
  if (policy.expire_after_seconds != usual.expire_after_seconds)
    fields.emplace_back("expire_after", to_text(Retention{0, policy.expire_after_seconds}));
  if (policy.batch != usual.batch) fields.emplace_back("batch", batch_text(policy.batch));
}

/// How its rows go; what is as usual is left out.
void add_strategy_fields(Fields& fields, const Policy& policy) {
  const Policy usual;
  if (policy.strategy != usual.strategy)
    fields.emplace_back("strategy", to_string(policy.strategy));
  if (policy.vacuum) fields.emplace_back("vacuum", "true");
  if (policy.partitions == usual.partitions) return;
  fields.emplace_back("partitions", to_string(policy.partitions));
  if (policy.partitions == Partitions::quarantine)
    fields.emplace_back("quarantine", to_text(Retention{0, policy.quarantine_seconds}));
}

/// Where copies of its rows go; without an archive nothing.
void add_archive_fields(Fields& fields, const Policy& policy) {
  if (!policy.archive) return;
  const ArchiveRule& rule = *policy.archive;
  if (rule.directory.empty()) {
    fields.emplace_back("archive.table", to_text(rule.table));
  } else {
    fields.emplace_back("archive.dir", rule.directory);
  }
  if (rule.keep) fields.emplace_back("archive.keep", to_text(*rule.keep));
}

/// How much a run may take away; what is as usual is left out.
void add_guard_fields(Fields& fields, const GuardRule& guards) {
  if (guards.max_fraction_ppm)
    fields.emplace_back("max_fraction", fraction_text(*guards.max_fraction_ppm));
  if (guards.max_rows_per_run > 0)
    fields.emplace_back("max_rows_per_run", fmt::format("{}", guards.max_rows_per_run));
  if (guards.acknowledge_above)
    fields.emplace_back("acknowledge_above", fmt::format("{}", *guards.acknowledge_above));
  if (guards.two_person) fields.emplace_back("approval", "two_person");
}

const std::string* find_field(const Fields& fields, const std::string& name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& field) { return field.first == name; });
  return found == fields.end() ? nullptr : &found->second;
}

}  // namespace

std::string condition_text(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::comparison: return comparison_text(condition);
    case Condition::Kind::negation:
      return fmt::format("not ({})", condition_text(condition.children.at(0)));
    case Condition::Kind::all:
    case Condition::Kind::any: break;
  }
  return branch_text(condition);
}

Fields policy_fields(const Policy& policy) {
  Fields fields{{"target", policy.target}};
  if (!policy.timestamp.empty()) {  // a function may do without a table
    fields.emplace_back("table", to_text(policy.table));
    fields.emplace_back("timestamp", timestamps_text(policy));
  }
  fields.emplace_back("retain", to_text(policy.retain));
  const std::string where = condition_text(policy.where);
  if (!where.empty()) fields.emplace_back("where", where);
  if (!policy.cascade.empty()) {
    std::vector<std::string> tables;
    for (const TableName& table : policy.cascade) tables.push_back(to_text(table));
    fields.emplace_back("cascade", joined(tables));
  }
  if (!policy.trusted_owners.empty())
    fields.emplace_back("trusted_owners", joined(policy.trusted_owners));
  if (policy.keep_min) fields.emplace_back("keep_min", fmt::format("{}", *policy.keep_min));
  if (policy.strict) fields.emplace_back("strict", "true");
  if (policy.tenant) add_tenant_fields(fields, *policy.tenant);
  add_action_fields(fields, policy.action);
  if (!policy.schedule.empty()) {
    fields.emplace_back("schedule", policy.schedule);
    fields.emplace_back("timezone", policy.timezone);
  }
  add_queue_fields(fields, policy);
  add_strategy_fields(fields, policy);
  add_archive_fields(fields, policy);
  add_guard_fields(fields, policy.guards);
  return fields;
}

std::vector<FieldChange> policy_changes(const Policy& before, const Policy& after) {
  const Fields old_fields = policy_fields(before);
  const Fields new_fields = policy_fields(after);
  std::vector<FieldChange> changes;
  for (const auto& [name, value] : new_fields) {
    const std::string* old_value = find_field(old_fields, name);
    if (old_value == nullptr) {
      changes.push_back({name, "", value});
    } else if (*old_value != value) {
      changes.push_back({name, *old_value, value});
    }
  }
  for (const auto& [name, value] : old_fields) {
    if (find_field(new_fields, name) == nullptr) changes.push_back({name, value, ""});
  }
  return changes;
}

}  // namespace lethe::cli
