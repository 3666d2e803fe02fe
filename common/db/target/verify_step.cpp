#include "common/db/target/verify_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/stopwatch.hpp"

namespace lethe::db {

namespace {

constexpr std::chrono::milliseconds step_time{2'000};
constexpr std::int64_t blocks_at_once = 8'192;
constexpr std::int64_t blocks_in_one_look = 65'536;  // 512 MiB: a second or two
constexpr std::int32_t tid_ranges_since = 140'000;

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

/// Looks through one relation from `block` on; returns the first block that was not looked at, or
/// -1 when an eligible row was found.
std::int64_t look_through(Transaction& transaction, const RelationRow& relation,
                          const Predicate& predicate, std::int64_t block, const Stopwatch& watch) {
  if (block == 0 && relation.blocks > blocks_at_once && relation.blocks <= blocks_in_one_look)
    return found(transaction, find_anywhere(relation.name, predicate)) ? -1 : relation.blocks;
  while (block < relation.blocks && watch.elapsed() < step_time) {
    const BlockRange range{.from = block, .to = std::min(block + blocks_at_once, relation.blocks)};
    if (found(transaction, find_in_blocks(relation.name, predicate, range))) return -1;
    block = range.to;
  }
  return block;
}

/// True when an index leads to every expired row, so that a probe finds what a scan would.
bool probed_by_index(Transaction& transaction, const RunContext& run, std::uint32_t relation) {
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

}  // namespace

Verified verify_step(Transaction& transaction, const RunContext& run, const LeaseToken& lease,
                     const RunBounds& bounds) {
  const Stopwatch watch;
  const Fence fence = admit_fence(transaction, run, lease);
  const Limits limits = pass_gate(transaction, run, bounds);
  // What is left is known to the function alone, which said that it is nothing.
  if (run.spec.action.kind == Action::Kind::call)
    return {.finished = true, .clean = true, .left_in = "", .took = watch.elapsed()};
  const std::string field = run.policy.empty() ? "ad hoc" : "policy " + run.policy;
  const TableFacts table = look_up_table(transaction, run.spec, field);
  const Predicate predicate(run.spec, table, limits, run.id.value, bounds.has_cutoffs);
  Position position = parse(fence.cursor);
  for (const auto& relation : look_up_relations(transaction, table, field)) {
    if (relation.oid < position.relation) continue;
    if (relation.oid > position.relation) position = {.relation = relation.oid, .block = 0};
    std::int64_t reached = 0;
    // Row by row where every row may have its own tenant's cutoff an index does not narrow it down,
    // nor where it leads through all rows that were changed before.
    if (table.server_version < tid_ranges_since ||
        (!bounds.has_cutoffs && !table.updated && probed_by_index(transaction, run, relation.oid)))
      reached = found_by_index(transaction, run, relation, predicate) ? -1 : relation.blocks;
    else
      reached = look_through(transaction, relation, predicate, position.block, watch);
    if (reached < 0)
      return {.finished = true, .clean = false, .left_in = relation.name, .took = watch.elapsed()};
    position.block = reached;
    if (reached < relation.blocks) {
      transaction.exec(
          queries::fence_move_cursor,
          Params::of(lease.task.value, fmt::format("{}:{}", position.relation, position.block)));
      return {.finished = false, .clean = false, .left_in = "", .took = watch.elapsed()};
    }
  }
  return {.finished = true, .clean = true, .left_in = "", .took = watch.elapsed()};
}

}  // namespace lethe::db
