#include "common/db/target/clean_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/call_step.hpp"
#include "common/db/target/catalog.hpp"
#include "common/db/target/partition_step.hpp"
#include "common/policies/policy_json.hpp"
#include "common/stopwatch.hpp"

namespace lethe::db {

namespace {

/// What a batch did, whatever its form.
struct Deleted {
  std::string relation;  ///< table or function, as named now; quoted
  std::int64_t rows = 0;
  std::optional<std::string> oldest;
  std::optional<std::string> newest;
  std::string cursor;  ///< for the next batch
  bool finished = false;
  const char* method = "delete";
  bool estimated = false;  ///< `rows` is
  std::string bounds;      ///< of a partition that went as a whole
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
         fmt::format("{} rows of {} were picked and none was {}: a trigger or rule keeps them",
                     picked, relation, predicate.sets() ? "changed" : "deleted"));
  deleted.finished = picked < step.size;
  deleted.cursor = picked > 0 ? text(row, "cursor") : cursor;
  return deleted;
}

Deleted partition(Transaction& transaction, const CleanStep& step, const Limits& limits) {
  PartitionGone gone = take_partition(
      transaction,
      {.run = step.run, .lease = step.lease, .payload = step.payload, .limits = limits});
  Deleted deleted;
  deleted.relation = std::move(gone.relation);
  deleted.rows = gone.rows;
  deleted.oldest = std::move(gone.oldest);
  deleted.newest = std::move(gone.newest);
  deleted.finished = true;
  deleted.method = step.run.spec.partitions == Partitions::drop ? "drop" : "quarantine";
  deleted.estimated = gone.estimated;
  deleted.bounds = std::move(gone.bounds);
  return deleted;
}

/// Deletes or changes rows of a relation, after the gate.
Deleted clean_rows(Transaction& transaction, const CleanStep& step, const Limits& limits,
                   const std::string& cursor) {
  const CleanWork& work = *step.payload.work;
  const std::string relation = confirm_identity(transaction, step.run.spec.action, work);
  const TableFacts table = look_up_columns(transaction, work.relation, step.run.spec.units);
  const Predicate predicate(step.run.spec, table, limits, step.run.id.value,
                            step.payload.bounds.has_cutoffs);
  Deleted deleted = work.strategy == Strategy::sweep
                        ? sweep(transaction, step, relation, predicate, cursor)
                        : by_index(transaction, step, relation, predicate, cursor);
  deleted.relation = relation;
  return deleted;
}

Deleted call(Transaction& transaction, const CleanStep& step, const Limits& limits,
             BatchProgress& progress) {
  const CallValues values{.cutoff = limits.cutoff.timestamptz,
                          .retain = to_interval(step.run.spec.retain),
                          .size = step.size};
  const Called called =
      call_function(transaction, step.run, *step.payload.work, values, progress.calling);
  Deleted deleted;
  deleted.relation = called.function;
  deleted.rows = called.rows;
  deleted.finished = called.finished;
  return deleted;
}

}  // namespace

BatchDone CleanStep::run_in(Transaction& transaction, BatchProgress& progress) const {
  const Stopwatch watch;
  const Fence fence = admit_fence(transaction, run, lease);
  if (fence.finished)  // its last batch was committed by a worker that died before it could say so
    return {.totals = fence.totals, .rows = 0, .size = size, .finished = true, .took = {}};
  const Limits limits = pass_gate(transaction, run, payload.bounds);
  const Deleted deleted = payload.work->strategy == Strategy::call
                              ? call(transaction, *this, limits, progress)
                          : payload.work->strategy == Strategy::partition
                              ? partition(transaction, *this, limits)
                              : clean_rows(transaction, *this, limits, fence.cursor);
  const auto row =
      transaction
          .exec(queries::ledger_record,
                Params::of(lease.task.value, deleted.rows, deleted.cursor, deleted.finished,
                           run.policy, run.spec_sha256, deleted.relation, limits.cutoff.timestamptz,
                           deleted.oldest, deleted.newest, deleted.method, deleted.estimated,
                           deleted.bounds))
          .at(0);
  progress.before = fence.totals;
  return {.totals = {.batches = number(row, "batches"), .rows = number(row, "rows")},
          .rows = deleted.rows,
          .size = size,
          .finished = deleted.finished,
          .took = watch.elapsed()};
}

}  // namespace lethe::db
