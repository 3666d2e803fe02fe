#include "common/db/target/explain_step.hpp"

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/relation_look.hpp"
#include "common/db/target/tenant_cutoffs.hpp"
#include "common/db/target/unit_proof.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

constexpr const char* field = "policy";

std::vector<ForeignKey> foreign_keys(Transaction& transaction, std::uint32_t table) {
  std::vector<ForeignKey> keys;
  for (const auto& row : transaction.exec(queries::catalog_references, Params::of(table))) {
    const bool indexed = flag(row, "indexed");
    keys.push_back({.name = text(row, "name"),
                    .child = text(row, "child"),
                    .columns = text(row, "columns"),
                    .action = text(row, "action"),
                    .indexed = indexed,
                    .create_index = indexed ? "" : text(row, "create_index"),
                    .child_blocks = number(row, "blocks"),
                    .child_rows = number<double>(row, "rows")});
  }
  return keys;
}

std::vector<DeleteTrigger> delete_triggers(Transaction& transaction, std::uint32_t table) {
  std::vector<DeleteTrigger> triggers;
  for (const auto& row : transaction.exec(queries::catalog_delete_triggers, Params::of(table)))
    triggers.push_back({.name = text(row, "name"),
                        .relation = text(row, "relation"),
                        .timing = text(row, "timing"),
                        .function = text(row, "function")});
  return triggers;
}

/// Why a run would refuse the table; "" when it would not.
std::string refusal(Transaction& transaction, const Policy& policy, const TableFacts& table,
                    const std::vector<RelationRow>& relations) {
  try {
    prove_units(transaction, policy, table, relations, field);
    refuse_hazards(transaction, table, field);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

Explanation explain_step(Transaction& transaction, const Policy& policy) {
  const TableFacts table = look_up_shape(transaction, policy, field);
  const RunBounds bounds = find_bounds(transaction, policy, table);
  const PreviewLimits now = preview_limits(transaction, policy, bounds);
  const Limits limits = limits_to_estimate(now.limits, has_own_cutoffs(policy));
  const Predicate predicate(policy, table, limits, "", false);
  const RelationLook look(transaction, policy, predicate);
  Explanation explanation;
  explanation.cutoff = now.age_cutoff;
  explanation.server_version = table.server_version;
  const auto relations = look_up_relations(transaction, table, field);
  explanation.refusal = refusal(transaction, policy, table, relations);
  for (const auto& relation : relations) explanation.relations.push_back(look.at(relation));
  explanation.foreign_keys = foreign_keys(transaction, table.oid);
  explanation.triggers = delete_triggers(transaction, table.oid);
  return explanation;
}

}  // namespace lethe::db
