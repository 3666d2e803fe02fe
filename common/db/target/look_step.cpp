#include "common/db/target/look_step.hpp"

#include <algorithm>
#include <map>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/foreign_keys.hpp"
#include "common/db/target/functions.hpp"
#include "common/db/target/partitions.hpp"
#include "common/db/target/tenant_cutoffs.hpp"
#include "common/policies/policy_json.hpp"

namespace lethe::db {

namespace {

constexpr std::int64_t parts_wanted = 64;  // of one column's expired part; no plan has use for more

/// keep_min's boundaries and the tenants' own cutoffs: computed once, before anything is deleted.
RunBounds find_bounds(Transaction& transaction, const RunContext& run, const TableFacts& table,
                      const std::string& as_of) {
  RunBounds bounds;
  if (run.spec.keep_min.value_or(0) > 0) {
    const BuiltStatement built = table_boundary(run.spec, table);
    bounds.not_after = text(transaction.exec_built(built.sql, built.params).at(0), "boundary");
  }
  const OwnCutoffs own{.policy = run.spec, .overrides = run.overrides, .table = table};
  if (own.possible()) {
    const BuiltStatement built = own.store(run.id.value, as_of);
    bounds.has_cutoffs = transaction.exec_built(built.sql, built.params).affected_rows() > 0;
  }
  return bounds;
}

/// A run's table while it is looked at, inside one transaction.
struct Look {
  Transaction& transaction;
  const RunContext& run;
  const Predicate& predicate;
  const std::map<std::uint32_t, PartitionFacts>& partitions;  ///< that may go as a whole

  [[nodiscard]] RelationFacts at(const RelationRow& relation) const;
  [[nodiscard]] KeyFacts key(const RelationRow& relation, std::size_t phase) const;
  [[nodiscard]] std::string oldest(const RelationRow& relation, IndexLead lead) const;
};

std::string Look::oldest(const RelationRow& relation, IndexLead lead) const {
  const BuiltStatement built = find_oldest(relation.name, predicate, lead == IndexLead::by_tenant);
  return text(transaction.exec_built(built.sql, built.params).at(0), "oldest");
}

KeyFacts Look::key(const RelationRow& relation, std::size_t phase) const {
  KeyFacts key;
  const IndexLead lead = index_lead(transaction, relation.oid, run.spec, phase);
  // Batches by index lock the rows that they pick; a sweep does without that right.
  key.indexed = relation.may_lock && lead != IndexLead::none;
  if (!key.indexed || relation.rows <= 0) return key;
  key.expired = estimate_rows(transaction, select_eligible_by(relation.name, predicate, phase));
  // Of a fallback column the oldest row may stand behind many that count by the column before it.
  const std::string from = phase == 0 ? oldest(relation, lead) : "";
  for (const auto& row : transaction.exec(
           queries::catalog_key_splits,
           Params::of(relation.oid, run.spec.timestamp.at(phase), predicate.column(phase).type,
                      predicate.limit(phase), from, parts_wanted)))
    key.splits.push_back(text(row, "split"));
  return key;
}

RelationFacts Look::at(const RelationRow& relation) const {
  RelationFacts found;
  found.relation = relation.oid;
  found.name = relation.name;
  found.fingerprint = look_up_identity(transaction, relation.oid).fingerprint;
  found.blocks = relation.blocks;
  found.rows = relation.rows;
  found.has_triggers = relation.has_triggers;
  const auto partition = partitions.find(relation.oid);
  if (partition != partitions.end()) found.partition = partition->second;
  if (found.partition.expired && found.partition.obstacle.empty()) {
    found.expired = relation.rows;  // all of them, and no index is asked for the way
    return found;
  }
  if (relation.rows > 0)
    found.expired = estimate_rows(transaction, select_eligible(relation.name, predicate));
  if (relation.rows > 0 && predicate.sets())
    found.passed = estimate_rows(transaction, select_aged(relation.name, predicate));
  for (std::size_t phase = 0; phase < run.spec.timestamp.size(); ++phase)
    found.keys.push_back(key(relation, phase));
  return found;
}

}  // namespace

PlanFacts look_step(Transaction& transaction, const RunContext& run, const LeaseToken& lease) {
  static_cast<void>(admit_fence(transaction, run, lease));
  transaction.exec(queries::fence_prune, Params::of(run.id.value));
  const std::string field = run.policy.empty() ? "ad hoc" : "policy " + run.policy;
  // The gate first with the policy's own bounds, for "now"; the real bounds come from the table.
  const Limits now = pass_gate(transaction, run, {});
  PlanFacts facts;
  if (run.spec.action.kind == Action::Kind::call) {
    const FunctionFacts function = look_up_function(transaction, run.spec, field);
    facts.function = FunctionIdentity{.oid = function.oid, .fingerprint = function.fingerprint};
    return facts;
  }
  const TableFacts table = look_up_table(transaction, run.spec, field);
  warn_of_missing_indexes(table);
  facts.server_version = table.server_version;
  facts.bounds = find_bounds(transaction, run, table, now.as_of);
  const Limits limits = pass_gate(transaction, run, facts.bounds);
  const Predicate predicate(run.spec, table, limits, run.id.value, facts.bounds.has_cutoffs);
  std::map<std::uint32_t, PartitionFacts> partitions;
  if (may_drop(run.spec, table))
    partitions = look_up_partitions(
        transaction,
        {.policy = run.spec, .table = table, .limit = drop_limit(run.spec, table, limits)});
  const Look look{
      .transaction = transaction, .run = run, .predicate = predicate, .partitions = partitions};
  const auto relations = look_up_relations(transaction, table, field);
  require_locks(relations, run.spec, field);
  for (const auto& relation : relations) facts.relations.push_back(look.at(relation));
  return facts;
}

}  // namespace lethe::db
