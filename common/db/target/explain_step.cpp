#include "common/db/target/explain_step.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/foreign_keys.hpp"
#include "common/db/target/functions.hpp"
#include "common/db/target/holds.hpp"
#include "common/db/target/partitions.hpp"
#include "common/db/target/relation_look.hpp"
#include "common/db/target/tenant_cutoffs.hpp"
#include "common/db/target/unit_proof.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

/// The policy's place in errors, as a plan names it.
std::string field_of(const Policy& policy) { return "policy " + policy.name; }

const char* to_string(ForeignKeyFacts::Action action) {
  switch (action) {
    case ForeignKeyFacts::Action::no_action: return "no action";
    case ForeignKeyFacts::Action::restrict: return "restrict";
    case ForeignKeyFacts::Action::cascade: return "cascade";
    case ForeignKeyFacts::Action::set_null: return "set null";
    case ForeignKeyFacts::Action::set_default: break;
  }
  return "set default";
}

std::vector<ForeignKey> foreign_keys(Transaction& transaction, std::uint32_t table) {
  std::vector<ForeignKey> keys;
  for (const auto& facts : look_up_foreign_keys(transaction, table)) {
    ForeignKey key{.name = facts.constraint,
                   .child = facts.child,
                   .columns = facts.columns,
                   .action = to_string(facts.action),
                   .missing_indexes = look_up_missing_indexes(transaction, facts),
                   .child_blocks = 0,
                   .child_rows = 0};
    bool is_known = true;
    for (const auto& row :
         transaction.exec(queries::catalog_relations, Params::of(facts.child_oid, "DELETE"))) {
      key.child_blocks += number(row, "blocks");
      key.child_rows += number<double>(row, "rows");
      is_known = is_known && number<double>(row, "rows") >= 0;
    }
    if (!is_known) key.child_rows = -1;
    keys.push_back(std::move(key));
  }
  return keys;
}

std::vector<FiredTrigger> fired_triggers(Transaction& transaction, const Policy& policy,
                                         const TableFacts& table) {
  std::vector<std::string> columns;
  for (const auto& [column, value] : policy.action.values) columns.push_back(column);
  std::vector<FiredTrigger> triggers;
  for (const auto& row : transaction.exec(
           queries::catalog_triggers,
           Params::of(table.oid, table.updated ? "UPDATE" : "DELETE", to_array(columns))))
    triggers.push_back({.name = text(row, "name"),
                        .relation = text(row, "relation"),
                        .timing = text(row, "timing"),
                        .function = text(row, "function")});
  return triggers;
}

/// No tenant's retention is shorter than this. A month counts as 28 days, because none is shorter;
/// that may make `reach` newer than it need be, and every row is judged by its own tenant's cutoff.
Retention shortest_retention(const Policy& policy) {
  constexpr std::int64_t seconds_a_month = std::int64_t{28} * 86'400;
  const auto length = [](const Retention& r) { return r.months * seconds_a_month + r.seconds; };
  std::int64_t shortest = length(policy.retain);
  if (policy.tenant.has_value())
    for (const auto& [tenant, own] : policy.tenant->overrides)
      if (own.retain) shortest = std::min(shortest, length(*own.retain));
  return {.months = 0, .seconds = shortest};
}

/// Why a run would refuse the table; "" when it would not.
std::string refusal(Transaction& transaction, const Policy& policy, TableFacts table,
                    const std::vector<RelationRow>& relations) {
  try {
    require_locks(relations, policy, field_of(policy));
    prove_units(transaction, policy, table, relations, field_of(policy));
    refuse_hazards(transaction, policy, table, field_of(policy));
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

Explanation explain_call(Transaction& transaction, const Policy& policy) {
  Explanation explanation;
  explanation.cutoff = preview_limits(transaction, policy, {}).age_cutoff;
  explanation.function =
      fmt::format("{}.{}", policy.action.function.schema, policy.action.function.name);
  try {
    explanation.function = look_up_function(transaction, policy, field_of(policy)).signature;
  } catch (const UserError& error) {
    explanation.refusal = error.what();
  }
  return explanation;
}

}  // namespace

Explanation explain_step(Transaction& transaction, const Policy& policy) {
  if (policy.action.kind == Action::Kind::call) return explain_call(transaction, policy);
  const TableFacts table = look_up_shape(transaction, policy, field_of(policy));
  const OverrideColumns overrides = override_columns(policy);
  const OwnCutoffs own{.policy = policy, .overrides = overrides, .table = table};
  const PreviewLimits now =
      preview_limits(transaction, policy,
                     {.not_after = find_boundary(transaction, policy, table),
                      .shortest_retain = to_interval(shortest_retention(policy))});
  const Limits limits = limits_to_estimate(now.limits, own.possible());
  Predicate predicate(policy, table, limits, "", false);
  Held held;  // of children nothing is estimated here
  if (has_holds(transaction))
    held.rows = look_up_held_rows(
        transaction, {.relation = table.oid, .tenant_column = tenant_column_of(policy)});
  predicate.leave_out_held(held);
  RelationLook look(transaction, policy, predicate);
  const auto relations = look_up_relations(transaction, table, field_of(policy));
  if (asks_bounds(policy, table, own.possible())) {
    PartitionMap partitions = look_up_partitions(
        transaction,
        {.policy = policy, .table = table, .limit = drop_limit_now(transaction, own, now.limits)});
    if (may_drop(policy, table))
      keep_held_partitions(transaction, relations, held.rows, partitions);
    look.know(std::move(partitions));
  }
  Explanation explanation;
  explanation.cutoff = now.age_cutoff;
  explanation.server_version = table.server_version;
  explanation.refusal = refusal(transaction, policy, table, relations);
  for (const auto& relation : relations) explanation.relations.push_back(look.at(relation));
  // What other tables refer to is never set (check_set_columns).
  if (!table.updated) explanation.foreign_keys = foreign_keys(transaction, table.oid);
  explanation.triggers = fired_triggers(transaction, policy, table);
  return explanation;
}

}  // namespace lethe::db
