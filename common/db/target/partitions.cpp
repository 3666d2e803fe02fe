#include "common/db/target/partitions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/db/queries.gen.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

const std::string& in_type(const Limit& limit, TimeType type) {
  if (type == TimeType::timestamp) return limit.timestamp;
  if (type == TimeType::date) return limit.date;
  return limit.timestamptz;
}

const ColumnFacts& time_column(const Policy& policy, const TableFacts& table) {
  return table.columns.at(policy.timestamp.at(0));
}

}  // namespace

bool may_drop(const Policy& policy, const TableFacts& table) {
  return table.partitioned && drops_partitions(policy) && drop_obstacle(policy).empty();
}

std::string drop_limit(Transaction& transaction, const RunContext& run, const RunBounds& bounds,
                       const Limits& limits, const TableFacts& table) {
  const TimeType type = time_column(run.spec, table).time;
  if (!bounds.has_cutoffs) return in_type(limits.cutoff, type);
  const auto row = transaction
                       .exec(queries::cutoffs_floor,
                             Params::of(run.id.value, limits.as_of, limits.cutoff.timestamptz))
                       .at(0);
  return in_type({.timestamptz = text(row, "floor_timestamptz"),
                  .timestamp = text(row, "floor_timestamp"),
                  .date = text(row, "floor_date")},
                 type);
}

std::map<std::uint32_t, PartitionFacts> look_up_partitions(Transaction& transaction,
                                                           const PartitionQuestion& question) {
  const Policy& policy = question.policy;
  std::map<std::uint32_t, PartitionFacts> partitions;
  for (const auto& row :
       transaction.exec(queries::catalog_partitions,
                        Params::of(question.table.oid, policy.timestamp.at(0),
                                   time_column(policy, question.table).type, question.limit,
                                   policy.tenant ? policy.tenant->column : std::string(),
                                   policy.partitions == Partitions::quarantine, question.leaf)))
    partitions[number<std::uint32_t>(row, "oid")] = {.ranged = flag(row, "ranged"),
                                                     .expired = flag(row, "expired"),
                                                     .obstacle = text(row, "obstacle"),
                                                     .missing_right = text(row, "missing_right")};
  return partitions;
}

void check_partitions(Transaction& transaction, const Policy& policy, const TableFacts& table,
                      const std::string& field) {
  const bool pinned = policy.strategy == StrategyChoice::partition;
  std::map<std::uint32_t, PartitionFacts> partitions;
  if (may_drop(policy, table))
    partitions =
        look_up_partitions(transaction, {.policy = policy, .table = table, .limit = "-infinity"});
  const bool ranged = std::any_of(partitions.begin(), partitions.end(),
                                  [](const auto& entry) { return entry.second.ranged; });
  if (pinned && !ranged && (!table.partitioned || !partitions.empty()))
    throw UserError(ExitCode::bad_config,
                    fmt::format("{}.strategy: {} is not partitioned by ranges of {} alone; write "
                                "strategy: auto",
                                field, table.name, policy.timestamp.at(0)));
  for (const auto& [oid, facts] : partitions) {
    if (!facts.ranged || facts.missing_right.empty()) continue;
    throw UserError(ExitCode::bad_config,
                    fmt::format("{}.partitions: taking partitions of {} away needs the rights of "
                                "their owner; run: {}",
                                field, table.name, facts.missing_right));
  }
}

}  // namespace lethe::db
