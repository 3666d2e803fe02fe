#include "common/db/target/partition_step.hpp"

#include <fmt/format.h>

#include <cmath>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/holds.hpp"
#include "common/db/target/partitions.hpp"
#include "common/db/target/quarantine.hpp"

namespace lethe::db {

namespace {

using Kind = TargetTrouble::Kind;

/// 8 MiB: read in a few milliseconds. More would make the table's users wait for a number.
constexpr std::int64_t counted_blocks_max = 1'024;

Leaf look_up_leaf(Transaction& transaction, std::uint32_t relation) {
  const auto rows = transaction.exec(queries::catalog_leaf, Params::of(relation));
  if (rows.empty())
    stop(Kind::changed, "the partition was detached or dropped since it was planned");
  const auto row = rows.at(0);
  return {.oid = relation,
          .name = text(row, "name"),
          .schema = text(row, "table_schema"),
          .table = text(row, "table_name"),
          .table_quoted = text(row, "table_quoted"),
          .parent_oid = number<std::uint32_t>(row, "parent_oid"),
          .parent = text(row, "parent"),
          .parent_schema = text(row, "parent_schema"),
          .parent_table = text(row, "parent_name"),
          .bounds = text(row, "bounds"),
          .blocks = number(row, "blocks"),
          .bytes = number(row, "bytes")};
}

/// A hold that keeps rows of the leaf. It is looked for, where one may, before the leaf is taken
/// from its readers; until the end nobody can write into it.
std::optional<std::int64_t> find_hold_on(Transaction& transaction, const PartitionBatch& batch) {
  if (!batch.has_holds) return std::nullopt;
  const std::uint32_t leaf = batch.payload.work->relation;
  const HoldQuestion question{.relation = leaf, .tenant_column = tenant_column_of(batch.run.spec)};
  if (look_up_held_rows(transaction, question).none()) return std::nullopt;
  const std::string name = look_up_leaf(transaction, leaf).name;
  transaction.exec_built(fmt::format("LOCK TABLE ONLY {} IN SHARE MODE", name));
  if (look_up_identity(transaction, leaf).name != name)
    stop(Kind::changed, fmt::format("{} was renamed since it was planned", name));
  // Again, because its columns may have been others before the lock.
  return find_held(transaction, name, look_up_held_rows(transaction, question));
}

/// The parent first, as everybody does who reaches the leaf through it: no deadlock with them.
Leaf lock_leaf(Transaction& transaction, const CleanWork& work) {
  const Leaf before = look_up_leaf(transaction, work.relation);
  const auto holders =
      transaction.exec(queries::catalog_lock_holders, Params::of(before.oid, before.parent_oid));
  if (!holders.empty())
    stop(Kind::locked, fmt::format("{}: {}", before.name, text(holders.at(0), "holder")));
  transaction.exec_built(fmt::format("LOCK TABLE ONLY {}, ONLY {} IN ACCESS EXCLUSIVE MODE",
                                     before.parent, before.name));
  const Leaf now = look_up_leaf(transaction, work.relation);
  const Identity identity = look_up_identity(transaction, work.relation);
  if (now.name != before.name || now.parent_oid != before.parent_oid ||
      now.parent != before.parent || identity.fingerprint != work.fingerprint)
    stop(Kind::changed,
         fmt::format("{} changed since it was planned (columns, owner, triggers, rules, row "
                     "security, foreign keys, its name or its parent)",
                     before.name));
  return now;
}

void prove_expired(Transaction& transaction, const PartitionBatch& batch, const Leaf& leaf) {
  const Policy& policy = batch.run.spec;
  const TableFacts table = look_up_table(
      transaction, policy, batch.run.policy.empty() ? "ad hoc" : "policy " + batch.run.policy);
  if (!may_drop(policy, table))
    stop(Kind::permanent, fmt::format("the policy does not let {} go as a whole", leaf.name));
  const std::string limit = drop_limit(batch.run.spec, table, batch.limits);
  const auto partitions = look_up_partitions(
      transaction, {.policy = policy, .table = table, .limit = limit, .leaf = leaf.oid});
  const auto found = partitions.find(leaf.oid);
  if (found == partitions.end())
    stop(Kind::changed, fmt::format("{} is no partition of {} any more", leaf.name, table.name));
  if (!found->second.expired)
    stop(Kind::changed, fmt::format("{} may hold rows that must stay: its bounds are {}, rows from "
                                    "{} on stay",
                                    leaf.name, leaf.bounds, limit));
  if (!found->second.obstacle.empty())
    stop(Kind::changed,
         fmt::format("{} cannot go as a whole any more: {}", leaf.name, found->second.obstacle));
}

PartitionGone count(Transaction& transaction, const PartitionBatch& batch, const Leaf& leaf) {
  PartitionGone gone{.relation = leaf.name, .bounds = leaf.bounds, .rows = 0, .bytes = leaf.bytes};
  if (leaf.blocks > counted_blocks_max) {
    gone.estimated = true;
    gone.rows = std::llround(estimate_rows(
        transaction, {.sql = fmt::format("SELECT 1 FROM ONLY {}", leaf.name), .params = {}}));
    return gone;
  }
  const std::string instant =
      row_instant_sql(batch.run.spec, look_up_columns(transaction, leaf.oid, batch.run.spec.units));
  const auto row = transaction
                       .exec_built(fmt::format("SELECT count(*) AS rows, min({0})::text AS oldest, "
                                               "max({0})::text AS newest FROM ONLY {1} AS x",
                                               instant, leaf.name))
                       .at(0);
  gone.rows = number(row, "rows");
  gone.oldest = maybe<std::string>(row, "oldest");
  gone.newest = maybe<std::string>(row, "newest");
  return gone;
}

}  // namespace

PartitionGone take_partition(Transaction& transaction, const PartitionBatch& batch) {
  if (const auto hold = find_hold_on(transaction, batch)) {
    PartitionGone kept;
    kept.relation = look_up_identity(transaction, batch.payload.work->relation).name;
    kept.held = hold;
    return kept;
  }
  const Leaf leaf = lock_leaf(transaction, *batch.payload.work);
  prove_expired(transaction, batch, leaf);
  PartitionGone gone = count(transaction, batch, leaf);
  const std::string detach =
      fmt::format("ALTER TABLE ONLY {} DETACH PARTITION {}", leaf.parent, leaf.name);
  if (batch.run.spec.partitions == Partitions::drop) {
    transaction.exec_text(fmt::format("{}; DROP TABLE {}", detach, leaf.name));
    return gone;
  }
  transaction.exec_text(detach);
  quarantine_leaf(transaction, leaf,
                  {.policy = batch.run.policy,
                   .run = batch.run.id.value,
                   .task = batch.lease.task.value,
                   .rows = gone.rows,
                   .estimated = gone.estimated,
                   .seconds = batch.run.spec.quarantine_seconds,
                   .tenant_column = tenant_column_of(batch.run.spec)});
  return gone;
}

}  // namespace lethe::db
