#include "common/db/target/clean_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/catalog.hpp"
#include "common/stopwatch.hpp"

namespace lethe::db {

namespace {

/// What a delete statement did, whatever its form.
struct Deleted {
  std::int64_t rows = 0;
  std::optional<std::string> oldest;
  std::optional<std::string> newest;
  std::string cursor;  ///< for the next batch
  bool finished = false;
};

Deleted to_deleted(const pqxx::row& row) {
  Deleted deleted;
  deleted.rows = number(row, "rows");
  deleted.oldest = maybe<std::string>(row, "oldest");
  deleted.newest = maybe<std::string>(row, "newest");
  return deleted;
}

/// The cursor of a sweep is the number of its next block.
std::int64_t next_block(const std::string& cursor, std::int64_t first) {
  std::int64_t block = first;
  std::from_chars(cursor.data(), cursor.data() + cursor.size(), block);
  return block;
}

Deleted sweep(Transaction& transaction, const CleanStep& step, const std::string& relation,
              const Predicate& predicate, const std::string& cursor) {
  const CleanWork& work = *step.payload.work;
  const std::int64_t from = next_block(cursor, work.block_from);
  const BlockRange blocks{.from = from, .to = std::min(from + step.size, work.block_to)};
  const BuiltStatement built = step.skip_locked
                                   ? sweep_delete_skip_locked(relation, predicate, blocks)
                                   : sweep_delete(relation, predicate, blocks);
  Deleted deleted = to_deleted(transaction.exec_built(built.sql, built.params).at(0));
  deleted.cursor = std::to_string(blocks.to);
  deleted.finished = blocks.to >= work.block_to;
  return deleted;
}

Deleted by_index(Transaction& transaction, const CleanStep& step, const std::string& relation,
                 const Predicate& predicate, const std::string& cursor) {
  const CleanWork& work = *step.payload.work;
  const KeyRange range{.phase = work.phase, .from = work.range_from, .to = work.range_to};
  const BuiltStatement built = index_delete(relation, predicate, range, cursor, step.size);
  const auto row = transaction.exec_built(built.sql, built.params).at(0);
  Deleted deleted = to_deleted(row);
  const auto picked = number(row, "picked");
  // A few rows may have been renewed between the pick and the delete; verification meets them
  // again. A full batch of which nothing goes would be picked for ever.
  if (picked >= step.size && deleted.rows == 0)
    stop(TargetTrouble::Kind::permanent,
         fmt::format("{} rows of {} were picked and none was deleted: a trigger or rule keeps them",
                     picked, relation));
  deleted.finished = picked < step.size;
  deleted.cursor = picked > 0 ? text(row, "cursor") : cursor;
  return deleted;
}

}  // namespace

BatchDone CleanStep::run_in(Transaction& transaction, std::optional<FenceTotals>& before) const {
  const Stopwatch watch;
  const Fence fence = admit_fence(transaction, run, lease);
  if (fence.finished)  // its last batch was committed by a worker that died before it could say so
    return {.totals = fence.totals, .rows = 0, .size = size, .finished = true, .took = {}};
  const Limits limits = pass_gate(transaction, run, payload.bounds);
  const CleanWork& work = *payload.work;
  const std::string relation = confirm_identity(transaction, work);
  const TableFacts table = look_up_columns(transaction, work.relation, run.spec);
  const Predicate predicate(run.spec, table, limits, run.id.value, payload.bounds.has_cutoffs);
  const Deleted deleted = work.strategy == Strategy::sweep
                              ? sweep(transaction, *this, relation, predicate, fence.cursor)
                              : by_index(transaction, *this, relation, predicate, fence.cursor);
  const auto row = transaction
                       .exec(queries::ledger_record,
                             Params::of(lease.task.value, deleted.rows, deleted.cursor,
                                        deleted.finished, run.policy, run.spec_sha256, relation,
                                        limits.cutoff.timestamptz, deleted.oldest, deleted.newest))
                       .at(0);
  before = fence.totals;
  return {.totals = {.batches = number(row, "batches"), .rows = number(row, "rows")},
          .rows = deleted.rows,
          .size = size,
          .finished = deleted.finished,
          .took = watch.elapsed()};
}

}  // namespace lethe::db
