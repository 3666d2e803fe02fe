#include "common/db/target/partitions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/db/queries.gen.hpp"
#include "common/db/target/tenant_cutoffs.hpp"
#include "common/db/target/time_column.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

/// A limit before which no row is.
const Limit nothing_expired{
    .timestamptz = "-infinity", .timestamp = "-infinity", .date = "-infinity", .us = 0};

const ColumnFacts& time_column(const Policy& policy, const TableFacts& table) {
  return table.columns.at(policy.timestamp.at(0));
}

}  // namespace

bool may_drop(const Policy& policy, const TableFacts& table) {
  return table.partitioned && drops_partitions(policy) && drop_obstacle(policy).empty();
}

bool asks_bounds(const Policy& policy, const TableFacts& table, bool has_cutoffs) {
  if (may_drop(policy, table)) return true;
  // With tenants' own cutoffs the oldest of them is another question than how many are expired.
  return table.partitioned && drop_obstacle(policy).empty() && !has_cutoffs;
}

std::string drop_limit(const Policy& policy, const TableFacts& table, const Limits& limits) {
  return limit_text(limits.floor, time_column(policy, table).time);
}

std::string drop_limit_now(Transaction& transaction, const OwnCutoffs& own, const Limits& limits) {
  const TimeType type = time_column(own.policy, own.table).time;
  if (!own.possible()) return limit_text(limits.cutoff, type);
  BuiltStatement built;
  const std::string ctes = own.exceptions_ctes(limits.as_of, built.params);
  const std::string oldest = fmt::format(
      "least({}::timestamptz, (SELECT pg_catalog.min(least({}::timestamptz - e.retain, "
      "e.not_after)) FROM exceptions e))",
      built.params.bind(limits.cutoff.timestamptz), built.params.bind(limits.as_of));
  built.sql = fmt::format("WITH {} SELECT {}::text AS floor", ctes, limit_sql(oldest, type));
  return text(transaction.exec_built(built.sql, built.params).at(0), "floor");
}

PartitionMap look_up_partitions(Transaction& transaction, const PartitionQuestion& question) {
  const Policy& policy = question.policy;
  PartitionMap partitions;
  for (const auto& row :
       transaction.exec(queries::catalog_partitions,
                        Params::of(question.table.oid, policy.timestamp.at(0),
                                   time_kind(time_column(policy, question.table)), question.limit,
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
  PartitionMap partitions;
  if (may_drop(policy, table))
    partitions = look_up_partitions(
        transaction, {.policy = policy,
                      .table = table,
                      .limit = limit_text(nothing_expired, time_column(policy, table).time)});
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
