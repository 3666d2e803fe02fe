#include "common/db/target/clean_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/catalog.hpp"
#include "common/db/target/row_step.hpp"
#include "common/stopwatch.hpp"

namespace lethe::db {

namespace {

/// What a delete statement did, whatever its form.
struct Deleted {
  std::int64_t rows = 0;
  std::optional<std::string> oldest;
  std::optional<std::string> newest;
  std::int64_t parked = 0;
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

[[noreturn]] void stop_kept(std::int64_t picked, const std::string& relation) {
  stop(TargetTrouble::Kind::permanent,
       fmt::format("{} rows of {} were picked and none was deleted: a trigger or rule keeps them",
                   picked, relation));
}

Deleted sweep(Transaction& transaction, const CleanStep& step, const std::string& relation,
              const Predicate& predicate, const std::string& cursor) {
  const CleanWork& work = *step.payload.work;
  const BlockRange blocks = sweep_range(work, cursor, step.size);
  const BuiltStatement built = step.form == BatchForm::skip_locked
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
  if (picked >= step.size && deleted.rows == 0) stop_kept(picked, relation);
  deleted.finished = picked < step.size;
  deleted.cursor = picked > 0 ? text(row, "cursor") : cursor;
  return deleted;
}

Deleted one_by_one(Transaction& transaction, const CleanStep& step, const std::string& relation,
                   const Predicate& predicate, const std::string& cursor) {
  const CleanWork& work = *step.payload.work;
  const RowsDone done = delete_row_by_row(transaction, step, relation, predicate, cursor);
  Deleted deleted;
  deleted.rows = done.rows;
  deleted.oldest = done.oldest;
  deleted.newest = done.newest;
  deleted.parked = done.parked;
  if (work.strategy == Strategy::sweep) {
    const BlockRange blocks = sweep_range(work, cursor, step.size);
    deleted.cursor = std::to_string(blocks.to);
    deleted.finished = blocks.to >= work.block_to;
    return deleted;
  }
  if (done.picked >= step.size && done.rows + done.parked + done.locked == 0)
    stop_kept(done.picked, relation);
  deleted.finished = done.picked < step.size;
  deleted.cursor = done.picked > 0 ? done.cursor : cursor;
  return deleted;
}

Deleted take_batch(Transaction& transaction, const CleanStep& step, const std::string& relation,
                   const Predicate& predicate, const std::string& cursor) {
  if (step.form == BatchForm::row_by_row)
    return one_by_one(transaction, step, relation, predicate, cursor);
  switch (step.payload.work->strategy) {
    case Strategy::sweep: return sweep(transaction, step, relation, predicate, cursor);
    case Strategy::index: return by_index(transaction, step, relation, predicate, cursor);
  }
  return {};
}

}  // namespace

BlockRange sweep_range(const CleanWork& work, const std::string& cursor, std::int64_t size) {
  std::int64_t from = work.block_from;
  std::from_chars(cursor.data(), cursor.data() + cursor.size(), from);
  return {.from = from, .to = std::min(from + size, work.block_to)};
}

BatchDone CleanStep::run_in(Transaction& transaction, std::optional<FenceTotals>& before) const {
  const Stopwatch watch;
  const Fence fence = admit_fence(transaction, run, lease);
  if (fence.finished)  // its last batch was committed by a worker that died before it could say so
    return {
        .totals = fence.totals, .rows = 0, .size = size, .finished = true, .parked = 0, .took = {}};
  const Limits limits = pass_gate(transaction, run, payload.bounds);
  const CleanWork& work = *payload.work;
  const std::string relation = confirm_identity(transaction, work);
  const TableFacts table = look_up_columns(transaction, work.relation);
  Predicate predicate(run.spec, table, limits, run.id.value, payload.bounds.has_cutoffs);
  if (fence.has_parked) predicate.leave_out_parked();
  const Deleted deleted = take_batch(transaction, *this, relation, predicate, fence.cursor);
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
          .parked = deleted.parked,
          .took = watch.elapsed()};
}

}  // namespace lethe::db
