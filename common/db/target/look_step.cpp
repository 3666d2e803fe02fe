#include "common/db/target/look_step.hpp"

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/cascade.hpp"
#include "common/db/target/foreign_keys.hpp"
#include "common/db/target/functions.hpp"
#include "common/db/target/holds.hpp"
#include "common/db/target/partitions.hpp"
#include "common/db/target/relation_look.hpp"
#include "common/db/target/tenant_cutoffs.hpp"
#include "common/db/target/unit_proof.hpp"

namespace lethe::db {

namespace {

/// keep_min's boundaries and the tenants' own cutoffs: computed once, before anything is deleted.
RunBounds store_bounds(Transaction& transaction, const RunContext& run, const TableFacts& table,
                       const std::string& as_of) {
  RunBounds bounds;
  bounds.not_after = find_boundary(transaction, run.spec, table);
  const OwnCutoffs own{.policy = run.spec, .overrides = run.overrides, .table = table};
  if (own.possible()) {
    const BuiltStatement built = own.store(run.id.value, as_of);
    bounds.has_cutoffs = transaction.exec_built(built.sql, built.params).affected_rows() > 0;
  }
  return bounds;
}

}  // namespace

PlanFacts look_step(Transaction& transaction, const RunContext& run, const LeaseToken& lease) {
  static_cast<void>(admit_fence(transaction, run, lease));
  transaction.exec(queries::fence_prune, Params::of(run.id.value));
  const std::string field = run.policy.empty() ? "ad hoc" : "policy " + run.policy;
  // The gate first with the policy's own bounds, for "now"; the real bounds come from the table.
  const Passed now = pass_gate(transaction, run, {});
  PlanFacts facts;
  if (run.spec.action.kind == Action::Kind::call) {
    const FunctionFacts function = look_up_function(transaction, run.spec, field);
    facts.function = FunctionIdentity{.oid = function.oid, .fingerprint = function.fingerprint};
    return facts;
  }
  const TableFacts table = look_up_table(transaction, run.spec, field);
  warn_of_missing_indexes(transaction, table);
  facts.server_version = table.server_version;
  const auto relations = look_up_relations(transaction, table, field);
  prove_units(transaction, run.spec, table, relations, field);
  facts.bounds = store_bounds(transaction, run, table, now.limits.as_of);
  const Limits limits = pass_gate(transaction, run, facts.bounds).limits;
  require_locks(relations, run.spec, field);
  const Limits reached = limits_to_estimate(limits, facts.bounds.has_cutoffs);
  Predicate predicate(run.spec, table, reached, run.id.value, false);
  const Held held = look_up_held(transaction, now.has_holds, run.spec, table);
  predicate.leave_out_held(held);
  RelationLook look(transaction, run.spec, predicate);
  if (asks_bounds(run.spec, table, facts.bounds.has_cutoffs)) {
    PartitionMap partitions = look_up_partitions(
        transaction,
        {.policy = run.spec, .table = table, .limit = drop_limit(run.spec, table, limits)});
    if (may_drop(run.spec, table))
      keep_held_partitions(transaction, relations, held.rows, partitions);
    look.know(std::move(partitions));
  }
  for (const auto& relation : relations) facts.relations.push_back(look.at(relation));
  return facts;
}

}  // namespace lethe::db
