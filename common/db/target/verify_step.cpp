#include "common/db/target/verify_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/cascade.hpp"
#include "common/db/target/row_step.hpp"
#include "common/stopwatch.hpp"

namespace lethe::db {

namespace {

constexpr std::chrono::milliseconds step_time{2'000};
constexpr std::int64_t blocks_at_once = 8'192;
constexpr std::int64_t listed_at_once = 1'024;
constexpr std::int64_t blocks_in_one_look = 65'536;  // 512 MiB: a second or two

/// Where a verification stands: relations are looked at by oid, each from its first block.
struct Position {
  std::uint32_t relation = 0;
  std::int64_t block = 0;
};

Position parse(const std::string& cursor) {
  Position position;
  const char* const end = cursor.data() + cursor.size();
  const auto relation = std::from_chars(cursor.data(), end, position.relation);
  if (relation.ptr != end) std::from_chars(relation.ptr + 1, end, position.block);
  return position;
}

bool found(Transaction& transaction, const BuiltStatement& built) {
  return flag(transaction.exec_built(built.sql, built.params).at(0), "found");
}

/// Statistics from before the run promise that an index finds a row at once, or that it alone tells
/// enough: it would lead through all rows that the run deleted, each a look into the table.
void use_indexes(Transaction& transaction, bool used) {
  for (const char* plan : {"indexscan", "indexonlyscan", "bitmapscan"})
    transaction.exec_text(fmt::format("SET LOCAL enable_{} = {}", plan, used ? "on" : "off"));
}

/// Looks through one relation from `block` on; returns the first block that was not looked at, or
/// -1 when an eligible row was found.
std::int64_t look_through(Transaction& transaction, const RelationRow& relation,
                          const Predicate& predicate, std::int64_t block, const Stopwatch& watch) {
  // Who may not read where rows stand looks at all of them at once.
  if (!relation.may_read)
    return found(transaction, find_anywhere(relation.name, predicate)) ? -1 : relation.blocks;
  const bool listed = transaction.server_version() < tid_ranges_since;
  const std::int64_t at_once = listed ? listed_at_once : blocks_at_once;
  if (block == 0 && relation.blocks > at_once && relation.blocks <= blocks_in_one_look)
    return found(transaction, find_anywhere(relation.name, predicate)) ? -1 : relation.blocks;
  while (block < relation.blocks && watch.elapsed() < step_time) {
    const BlockRange range{
        .from = block, .to = std::min(block + at_once, relation.blocks), .listed = listed};
    if (found(transaction, find_in_blocks(relation.name, predicate, range))) return -1;
    block = range.to;
  }
  return block;
}

/// The same without indexes, unless the predicate looks into other tables by theirs.
std::int64_t look_through_pages(Transaction& transaction, const RelationRow& relation,
                                const Predicate& predicate, std::int64_t block,
                                const Stopwatch& watch) {
  if (predicate.asks_others()) return look_through(transaction, relation, predicate, block, watch);
  use_indexes(transaction, false);
  const std::int64_t reached = look_through(transaction, relation, predicate, block, watch);
  use_indexes(transaction, true);
  return reached;
}

/// True when an index leads to every expired row, so that a probe finds what a scan would, and is
/// not held up by rows that other tables need.
bool probed_by_index(Transaction& transaction, const RunContext& run, const TableFacts& table,
                     std::uint32_t relation) {
  if (!table.foreign_keys.empty()) return false;
  for (std::size_t phase = 0; phase < run.spec.timestamp.size(); ++phase)
    if (index_lead(transaction, relation, run.spec, phase) == IndexLead::none) return false;
  return true;
}

bool found_by_index(Transaction& transaction, const RunContext& run, const RelationRow& relation,
                    const Predicate& predicate) {
  for (std::size_t phase = 0; phase < run.spec.timestamp.size(); ++phase)
    if (found(transaction, find_by_index(relation.name, predicate, phase))) return true;
  return false;
}

bool has_chains(const TableFacts& table) {
  return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                     [](const auto& key) { return key.of_itself; });
}

}  // namespace

Verified verify_step(Transaction& transaction, const RunContext& run, const LeaseToken& lease,
                     const RunBounds& bounds) {
  const Stopwatch watch;
  const Fence fence = admit_fence(transaction, run, lease);
  const Passed passed = pass_gate(transaction, run, bounds);
  // What is left is known to the function alone, which said that it is nothing.
  if (run.spec.action.kind == Action::Kind::call)
    return {.finished = true,
            .clean = true,
            .left_in = "",
            .took = watch.elapsed(),
            .database = passed.database};
  const std::string field = run.policy.empty() ? "ad hoc" : "policy " + run.policy;
  const TableFacts table = look_up_table(transaction, run.spec, field);
  Predicate predicate(run.spec, table, passed.limits, run.id.value, bounds.has_cutoffs);
  if (fence.has_parked) predicate.leave_out_parked();
  const Held held = look_up_held(transaction, passed.has_holds, run.spec, table);
  predicate.leave_out_held(held);
  Position position = parse(fence.cursor);
  for (const auto& relation : look_up_relations(transaction, table, field)) {
    if (relation.oid < position.relation) continue;
    if (relation.oid > position.relation) position = {.relation = relation.oid, .block = 0};
    std::int64_t reached = 0;
    // Row by row where every row may have its own tenant's cutoff an index does not narrow it down,
    // nor where it leads through all rows that were changed before, or that holds keep.
    if (!bounds.has_cutoffs && !table.updated && !predicate.leaves_out_held() &&
        probed_by_index(transaction, run, table, relation.oid))
      reached = found_by_index(transaction, run, relation, predicate) ? -1 : relation.blocks;
    else
      reached = look_through_pages(transaction, relation, predicate, position.block, watch);
    if (reached < 0)
      return {.finished = true,
              .clean = false,
              .left_in = relation.name,
              .parked = 0,
              .parked_why = "",
              .chained = has_chains(table),
              .took = watch.elapsed(),
              .database = passed.database};
    position.block = reached;
    if (reached < relation.blocks) {
      transaction.exec(
          queries::fence_move_cursor,
          Params::of(lease.task.value, fmt::format("{}:{}", position.relation, position.block)));
      Verified unfinished;
      unfinished.took = watch.elapsed();
      return unfinished;
    }
  }
  const ParkedCount parked = count_parked(transaction, run.id.value);
  return {.finished = true,
          .clean = true,
          .left_in = "",
          .parked = parked.rows,
          .parked_why = parked.message,
          .chained = false,
          .took = watch.elapsed(),
          .database = passed.database};
}

}  // namespace lethe::db
