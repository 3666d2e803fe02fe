#include "common/db/target/space_step.hpp"

#include <algorithm>
#include <chrono>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/catalog.hpp"
#include "common/stopwatch.hpp"

namespace lethe::db {

namespace {

constexpr std::chrono::milliseconds look_time{1'000};
constexpr std::int64_t first_look = 64;  // blocks; doubled with each further one
constexpr std::int64_t longest_look = 8'192;

/// VACUUM leaves a shorter end alone: it is not worth the lock.
constexpr std::int64_t tail_blocks_min = 1'000;
constexpr std::int64_t tail_part_min = 16;

/// Blocks at the end of a relation in which nobody sees a row; fewer when time ran out.
std::int64_t empty_tail(Transaction& transaction, const std::string& relation, std::int64_t blocks,
                        const Stopwatch& watch) {
  std::int64_t reached = blocks;
  std::int64_t step = first_look;
  while (reached > 0 && watch.elapsed() < look_time) {
    const std::int64_t from = std::max<std::int64_t>(0, reached - step);
    const BuiltStatement built =
        last_block_with_row(relation, {.from = from, .to = reached, .listed = false});
    const auto row = transaction.exec_built(built.sql, built.params).at(0);
    if (const auto last = maybe<std::int64_t>(row, "block")) return blocks - *last - 1;
    reached = from;
    step = std::min(step * 2, longest_look);
  }
  return blocks - reached;
}

bool worth_truncating(std::int64_t tail, std::int64_t blocks) {
  return tail > 0 && (tail >= tail_blocks_min || tail >= blocks / tail_part_min);
}

std::optional<std::int64_t> returnable(Transaction& transaction, const pqxx::row& row,
                                       const Stopwatch& watch) {
  const std::int64_t blocks = number(row, "blocks");
  if (blocks == 0 || !flag(row, "truncates")) return 0;
  if (!flag(row, "may_read") || transaction.server_version() < tid_ranges_since)
    return std::nullopt;
  const std::int64_t tail = empty_tail(transaction, text(row, "name"), blocks, watch);
  return worth_truncating(tail, blocks) ? tail * number(row, "block_size") : 0;
}

/// A sum of which one part is unknown is unknown.
void add(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& part) {
  sum = sum && part ? std::optional(*sum + *part) : std::nullopt;
}

}  // namespace

Space look_at_space(Transaction& transaction, const RunContext& run) {
  const Stopwatch watch;
  const TableFacts table = look_up_table(transaction, run.spec, "policy " + run.policy);
  Space space{.dead_bytes = 0, .reusable_bytes = 0, .returnable_bytes = 0};
  for (const auto& row :
       transaction.exec(queries::catalog_space, Params::of(table.oid, run.id.value))) {
    space.table_bytes += number(row, "table_bytes");
    space.index_bytes += number(row, "index_bytes");
    space.inserted_rows += number(row, "inserted");
    add(space.dead_bytes, maybe<std::int64_t>(row, "dead_bytes"));
    add(space.reusable_bytes, maybe<std::int64_t>(row, "reusable_bytes"));
    add(space.returnable_bytes, returnable(transaction, row, watch));
  }
  const auto gone =
      transaction.exec(queries::ledger_partition_bytes, Params::of(run.id.value)).at(0);
  space.returned_bytes = number(gone, "dropped");
  space.quarantined_bytes = number(gone, "quarantined");
  return space;
}

}  // namespace lethe::db
