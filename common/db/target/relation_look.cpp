#include "common/db/target/relation_look.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/db/queries.gen.hpp"
#include "common/db/target/block_sample.hpp"
#include "common/db/target/tenant_cutoffs.hpp"
#include "common/db/target/time_column.hpp"
#include "common/db/target/unique_key.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/strategy_choice.hpp"

namespace lethe::db {

namespace {

constexpr std::int64_t parts_wanted = 64;  // of one column's expired part; no plan has use for more

/// Statistics are old when more than this, and a fifth of the rows, was changed since.
constexpr double changed_rows_min = 1'000;
constexpr double changed_share_max = 0.2;

}  // namespace

std::string find_boundary(Transaction& transaction, const Policy& policy, const TableFacts& table) {
  if (policy.keep_min.value_or(0) == 0) return "";
  const BuiltStatement built = table_boundary(policy, table);
  return text(transaction.exec_built(built.sql, built.params).at(0), "boundary");
}

Limits limits_to_estimate(const Limits& limits, bool has_cutoffs) {
  Limits result = limits;
  if (has_cutoffs) result.cutoff = limits.reach;
  return result;
}

bool RelationLook::has_good_statistics(const RelationRow& relation) const {
  if (relation.rows <= 0) return false;
  const auto row =
      transaction_
          .exec(queries::catalog_statistics, Params::of(relation.oid, to_array(policy_.timestamp)))
          .at(0);
  const double changed = number<double>(row, "changed");
  const auto pages = number(row, "pages");
  return flag(row, "analysed") && changed <= changed_rows_min + relation.rows * changed_share_max &&
         relation.blocks <= sampled_blocks + 2 * pages;
}

std::string RelationLook::oldest(const RelationRow& relation, IndexLead lead) const {
  const BuiltStatement built = find_oldest(relation.name, predicate_, lead == IndexLead::by_tenant);
  return text(transaction_.exec_built(built.sql, built.params).at(0), "oldest");
}

KeyFacts RelationLook::key(const RelationRow& relation, std::size_t phase,
                           const RelationFacts& found) const {
  KeyFacts key;
  const IndexLead lead = index_lead(transaction_, relation.oid, policy_, phase);
  key.indexed = lead != IndexLead::none;
  if (found.evidence == Evidence::bounds) key.expired = found.expired;
  if (!key.indexed || !relation.may_lock || !relation.may_read || relation.rows <= 0) return key;
  if (found.evidence == Evidence::statistics)
    key.expired = estimate_rows(transaction_, select_eligible_by(relation.name, predicate_, phase));
  // Of a fallback column the oldest row may stand behind many that count by the column before it.
  const std::string from = phase == 0 ? oldest(relation, lead) : "";
  const ColumnFacts& time = predicate_.column(phase);
  for (const auto& row :
       transaction_.exec(queries::catalog_key_splits,
                         Params::of(relation.oid, policy_.timestamp.at(phase), time_kind(time),
                                    predicate_.limit(phase), from, parts_wanted)))
    key.splits.push_back(text(row, "split"));
  return key;
}

void RelationLook::count_sample(const RelationRow& relation, RelationFacts& found) const {
  const BuiltStatement built = count_in_sample(relation, predicate_, policy_.timestamp.size());
  const auto row = transaction_.exec_built(built.sql, built.params).at(0);
  const double share = sampled_share(relation.blocks);
  const auto all = number<double>(row, "rows");
  found.rows = -1;
  if (all <= 0) return;  // says nothing about the blocks that were not read
  found.evidence = Evidence::sample;
  found.rows = all / share;
  found.expired = number<double>(row, "expired") / share;
  if (predicate_.sets()) found.passed = number<double>(row, "aged") / share;
  for (std::size_t phase = 0; phase < found.keys.size(); ++phase)
    found.keys[phase].expired =
        number<double>(row, fmt::format("expired_{}", phase).c_str()) / share;
}

double RelationLook::rows_in(const RelationRow& relation) const {
  if (relation.rows > 0 || relation.blocks == 0) return relation.rows;
  return estimate_rows(transaction_, {.sql = "SELECT 1 FROM ONLY " + relation.name, .params = {}});
}

void RelationLook::estimate_expired(const RelationRow& relation, RelationFacts& found) const {
  found.expired = estimate_rows(transaction_, select_eligible(relation.name, predicate_));
  if (predicate_.sets())
    found.passed = estimate_rows(transaction_, select_aged(relation.name, predicate_));
}

RelationFacts RelationLook::at(const RelationRow& relation) const {
  RelationFacts found;
  found.relation = relation.oid;
  found.name = relation.name;
  found.fingerprint = look_up_identity(transaction_, relation.oid).fingerprint;
  found.blocks = relation.blocks;
  found.rows = relation.rows;
  found.has_triggers = relation.has_triggers;
  found.may_lock = relation.may_lock;
  found.may_read = relation.may_read;
  if (const auto known = partitions_.find(relation.oid); known != partitions_.end())
    found.partition = known->second;
  if (found.partition.expired) {
    found.evidence = Evidence::bounds;
    found.rows = found.expired = rows_in(relation);
    if (found.partition.obstacle.empty() && drops_partitions(policy_)) return found;
  } else if (has_good_statistics(relation)) {
    found.evidence = Evidence::statistics;
    estimate_expired(relation, found);
  }
  found.unique_key = look_up_unique_key(transaction_, relation.oid, relation.name, policy_);
  for (std::size_t phase = 0; phase < policy_.timestamp.size(); ++phase)
    found.keys.push_back(key(relation, phase, found));
  if (found.evidence == Evidence::none && relation.blocks > 0 && relation.may_read)
    count_sample(relation, found);
  return found;
}

}  // namespace lethe::db
