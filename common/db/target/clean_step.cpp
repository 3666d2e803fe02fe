#include "common/db/target/clean_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_archive.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/call_step.hpp"
#include "common/db/target/cascade.hpp"
#include "common/db/target/catalog.hpp"
#include "common/db/target/foreign_keys.hpp"
#include "common/db/target/holds.hpp"
#include "common/db/target/partition_step.hpp"
#include "common/db/target/row_step.hpp"
#include "common/db/target/strict_keep.hpp"
#include "common/db/target/unique_key.hpp"
#include "common/policies/action.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/strict.hpp"
#include "common/stopwatch.hpp"

namespace lethe::db {

namespace {

/// What a batch did, whatever its form.
struct Deleted {
  std::string relation;  ///< table or function, as named now; quoted
  std::int64_t rows = 0;
  std::optional<std::string> oldest;
  std::optional<std::string> newest;
  std::int64_t parked = 0;
  Cascaded cascaded;
  std::string cursor;  ///< for the next batch
  bool finished = false;
  const char* method = "delete";
  bool estimated = false;             ///< `rows` is
  std::string bounds;                 ///< of a partition that went as a whole
  std::optional<std::int64_t> bytes;  ///< of that partition, on disk
};

/// What a statement that took rows answered.
Deleted to_deleted(const BatchGround& ground, const pqxx::row& row) {
  ground.archive.add(row);
  Deleted deleted;
  deleted.rows = number(row, "rows");
  deleted.oldest = maybe<std::string>(row, "oldest");
  deleted.newest = maybe<std::string>(row, "newest");
  return deleted;
}

/// The blocks of a sweep's next batch. Its cursor is the number of the next block, "" at first.
SweptPart next_by_blocks(const CleanStep& step, const std::string& cursor, bool listed) {
  const CleanWork& work = *step.payload.work;
  std::int64_t from = work.block_from;
  std::from_chars(cursor.data(), cursor.data() + cursor.size(), from);
  const std::int64_t to = std::min(from + step.size, work.block_to);
  return {.range = BlockRange{.from = from, .to = to, .listed = listed},
          .cursor = std::to_string(to),
          .finished = to >= work.block_to};
}

/// What a sweep's next batch visits; nothing where rows are picked by index instead.
std::optional<SweptPart> next_part(Transaction& transaction, const CleanStep& step,
                                   const LockedTable& table, const std::string& cursor) {
  const CleanWork& work = *step.payload.work;
  if (work.strategy == Strategy::key)
    return next_by_key(transaction, table, step.run.spec, {work, cursor, step.size});
  if (work.strategy != Strategy::sweep) return std::nullopt;
  return next_by_blocks(step, cursor, transaction.server_version() < tid_ranges_since);
}

/// How far a pick by index or row by row has come.
struct Picked {
  std::int64_t rows = 0;
  std::string last;  ///< the cursor of the last; "" when there is none
};

void pass_picked(const CleanStep& step, const Picked& picked, const std::string& cursor,
                 Deleted& deleted) {
  deleted.finished = picked.rows < step.size;
  deleted.cursor = picked.rows > 0 ? picked.last : cursor;
}

Deleted sweep_found(Transaction& transaction, const BatchGround& ground, const BlockRange& blocks) {
  const BuiltStatement built = sweep_delete_found(ground.relation, ground.predicate, blocks);
  Deleted deleted;
  deleted.rows =
      static_cast<std::int64_t>(transaction.exec_built(built.sql, built.params).affected_rows());
  if (deleted.rows > 0) {
    const auto found = transaction.exec(queries::ledger_found).at(0);
    deleted.oldest = maybe<std::string>(found, "oldest");
    deleted.newest = maybe<std::string>(found, "newest");
  }
  return deleted;
}

/// Rows are judged twice only where they lie together, and where nothing is wanted of them.
bool may_judge_twice(const CleanStep& step, const BatchGround& ground) {
  const auto* blocks = std::get_if<BlockRange>(&ground.part->range);
  return blocks != nullptr && !blocks->listed && step.form == BatchForm::whole &&
         !ground.predicate.sets() && ground.predicate.judges_by_row() &&
         ground.archive.copies() == nullptr;
}

Deleted sweep(Transaction& transaction, const CleanStep& step, const BatchGround& ground) {
  const SweptRange& range = ground.part->range;
  if (may_judge_twice(step, ground))
    return sweep_found(transaction, ground, std::get<BlockRange>(range));
  const BuiltStatement built =
      step.form == BatchForm::skip_locked
          ? sweep_delete_skip_locked(ground.relation, ground.predicate, range,
                                     ground.archive.copies())
          : sweep_delete(ground.relation, ground.predicate, range, ground.archive.copies());
  return to_deleted(ground, transaction.exec_built(built.sql, built.params).at(0));
}

Deleted by_index(Transaction& transaction, const CleanStep& step, const BatchGround& ground,
                 const std::string& cursor) {
  const CleanWork& work = *step.payload.work;
  const bool skip_locked = step.form == BatchForm::skip_locked;
  const BuiltStatement built =
      index_delete(ground.relation, ground.predicate,
                   {.range = {.phase = work.phase, .from = work.range_from, .to = work.range_to},
                    .cursor = cursor,
                    .rows_max = step.size,
                    .skip_locked = skip_locked},
                   ground.archive.copies());
  const auto row = transaction.exec_built(built.sql, built.params).at(0);
  Deleted deleted = to_deleted(ground, row);
  const Picked picked{.rows = number(row, "picked"), .last = text(row, "cursor")};
  // A few rows may have been renewed between the pick and the delete; verification meets them
  // again. A full batch of which nothing goes would be picked for ever: what is locked cannot be
  // renewed.
  if (picked.rows >= step.size && deleted.rows == 0) {
    if (!skip_locked) stop(TargetTrouble::Kind::locked, "all rows of the batch were renewed");
    stop_kept(picked.rows, 0, ground);
  }
  pass_picked(step, picked, cursor, deleted);
  return deleted;
}

Deleted one_by_one(Transaction& transaction, const CleanStep& step, const BatchGround& ground,
                   const std::string& cursor) {
  const RowsDone done = delete_row_by_row(transaction, step, ground, cursor);
  if (step.payload.work->strategy == Strategy::index && done.picked >= step.size &&
      done.rows + done.parked + done.locked == 0)
    stop_kept(done.picked, 0, ground);
  Deleted deleted;
  deleted.rows = done.rows;
  deleted.oldest = done.oldest;
  deleted.newest = done.newest;
  deleted.parked = done.parked;
  deleted.cascaded = done.cascaded;
  pass_picked(step, {.rows = done.picked, .last = done.cursor}, cursor, deleted);
  return deleted;
}

/// Locks the rows first: between the end of a row's children and its own nobody may renew it or
/// give it new ones.
Deleted with_children(Transaction& transaction, const CleanStep& step, const BatchGround& ground,
                      const std::string& cursor) {
  const BuiltStatement pick = pick_batch(step, ground, cursor, {.key = "NULL", .locked = true});
  Picked picked;
  std::vector<std::string> tids;
  for (const auto& row : transaction.exec_built(pick.sql, pick.params)) {
    tids.push_back(text(row, "tid"));
    picked.last = text(row, "cursor");
  }
  picked.rows = static_cast<std::int64_t>(tids.size());
  Cascaded cascaded;
  cascade(transaction, ground.children, tids, cascaded);
  const BuiltStatement built = delete_picked(ground.relation, ground.predicate, tids);
  Deleted deleted = to_deleted(ground, transaction.exec_built(built.sql, built.params).at(0));
  if (deleted.rows != picked.rows) stop_kept(picked.rows, deleted.rows, ground);
  deleted.cascaded = std::move(cascaded);
  pass_picked(step, picked, cursor, deleted);
  return deleted;
}

Deleted take_batch(Transaction& transaction, const CleanStep& step, const BatchGround& ground,
                   const std::string& cursor) {
  if (step.form == BatchForm::row_by_row) return one_by_one(transaction, step, ground, cursor);
  if (!ground.children.empty()) return with_children(transaction, step, ground, cursor);
  if (ground.part != nullptr) return sweep(transaction, step, ground);
  return by_index(transaction, step, ground, cursor);
}

Deleted partition(Transaction& transaction, const CleanStep& step, const Passed& passed) {
  PartitionGone gone = take_partition(transaction, {.run = step.run,
                                                    .lease = step.lease,
                                                    .payload = step.payload,
                                                    .limits = passed.limits,
                                                    .has_holds = passed.has_holds});
  Deleted deleted;
  deleted.relation = std::move(gone.relation);
  if (gone.held) {  // the next pass meets the hold when it plans, and takes the other rows
    deleted.finished = true;
    return deleted;
  }
  deleted.rows = gone.rows;
  deleted.oldest = std::move(gone.oldest);
  deleted.newest = std::move(gone.newest);
  deleted.finished = true;
  deleted.method = step.run.spec.partitions == Partitions::drop ? "drop" : "quarantine";
  deleted.estimated = gone.estimated;
  deleted.bounds = std::move(gone.bounds);
  deleted.bytes = gone.bytes;
  return deleted;
}

/// For a policy that keeps_strictly(): the table, locked; then `passed` has the cutoffs that are in
/// force in it.
std::optional<TableFacts> lock_when_strict(Transaction& transaction, const CleanStep& step,
                                           Passed& passed) {
  const RunContext& run = step.run;
  if (!keeps_strictly(run.spec)) return std::nullopt;
  TableFacts table = lock_strictly(transaction, run);
  if (!run.spec.strict) return table;
  RunBounds bounds = step.payload.bounds;
  bounds.not_after = strict_boundary(transaction, run.spec, table, bounds.not_after);
  passed = pass_gate(transaction, run, bounds);
  return table;
}

/// The rest of it, where tenants keep rows: those that the batch would take rows of are judged
/// anew.
void keep_strictly(Transaction& transaction, const CleanStep& step, const TableFacts& table,
                   const BatchGround& ground, Predicate& predicate) {
  if (step.run.spec.strict) return;
  if (ground.part == nullptr)
    stop(TargetTrouble::Kind::changed, "tenant.strict came after the plan; run the policy again");
  predicate.keep_newest(strict_cutoffs(transaction, {.run = step.run,
                                                     .table = table,
                                                     .relation = ground.relation,
                                                     .predicate = ground.predicate,
                                                     .range = ground.part->range}));
}

/// Deletes or changes rows of a relation, after the gate.
Deleted clean_rows(Transaction& transaction, const CleanStep& step, Passed& passed,
                   const Fence& fence) {
  const auto strict = lock_when_strict(transaction, step, passed);
  const CleanWork& work = *step.payload.work;
  const Policy& policy = step.run.spec;
  const Identity identity = confirm_identity(transaction, policy.action, work);
  const std::string& relation = identity.name;
  TableFacts table = look_up_columns(transaction, work.relation, policy.units);
  Held held;
  if (passed.has_holds)
    held.rows = look_up_held_rows(
        transaction, {.relation = work.relation, .tenant_column = tenant_column_of(policy)});
  CascadePlan children;
  const bool removes = policy.action.kind == Action::Kind::remove;
  if (removes && (identity.has_keys || !policy.cascade.empty())) {
    table.foreign_keys = look_up_foreign_keys(transaction, work.relation);
    mark_declared(table, policy);
    const std::string rows = picked_rows(relation);
    children = plan_cascade(
        transaction,
        {.table = table, .policy = policy, .rows = rows, .has_holds = passed.has_holds},
        "policy " + step.run.policy);
    held.dependents = std::move(children.held);
  }
  Predicate predicate(policy, table, passed.limits, step.run.id.value,
                      step.payload.bounds.has_cutoffs);
  if (fence.has_parked) predicate.leave_out_parked();
  predicate.leave_out_held(held);
  const auto part = next_part(transaction, step, {relation, table}, fence.cursor);
  BatchArchive archive(transaction, step.run, step.lease, step.archive);
  archive.open(work.relation);
  const BatchGround ground{.relation = relation,
                           .predicate = predicate,
                           .archive = archive,
                           .children = children.steps,
                           .part = part ? &*part : nullptr};
  if (strict) keep_strictly(transaction, step, *strict, ground, predicate);
  Deleted deleted = take_batch(transaction, step, ground, fence.cursor);
  if (part) {  // whatever was picked in it
    deleted.cursor = part->cursor;
    deleted.finished = part->finished;
  }
  deleted.relation = relation;
  archive.finish({.relation = relation,
                  .number = fence.totals.batches + 1,
                  .oldest = deleted.oldest,
                  .newest = deleted.newest,
                  .cutoff = passed.limits.cutoff.timestamptz});
  return deleted;
}

Deleted call(Transaction& transaction, const CleanStep& step, const Passed& passed,
             BatchProgress& progress) {
  if (passed.has_holds)
    refuse_held_call(transaction, step.run.spec, to_text(step.run.spec.action.function));
  const CallValues values{.cutoff = passed.limits.cutoff.timestamptz,
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

BuiltStatement pick_batch(const CleanStep& step, const BatchGround& ground,
                          const std::string& cursor, const RowPick& pick) {
  if (ground.part != nullptr)
    return pick_swept(ground.relation, ground.predicate, ground.part->range, pick);
  const CleanWork& work = *step.payload.work;
  const KeyRange range{
      .phase = work.phase, .from = cursor.empty() ? work.range_from : cursor, .to = work.range_to};
  return pick_in_keys(ground.relation, ground.predicate, range, pick, step.size);
}

void stop_kept(std::int64_t picked, std::int64_t done, const BatchGround& ground) {
  // Children were changed under our hands, so that holds keep them and their parents.
  if (ground.predicate.leaves_out_held() && !ground.children.empty())
    stop(TargetTrouble::Kind::retryable,
         fmt::format("rows of {} came to be held while their children were deleted",
                     ground.relation));
  stop(TargetTrouble::Kind::permanent,
       fmt::format("{} rows of {} were picked and {} {}: a trigger or rule keeps them", picked,
                   ground.relation, done == 0 ? "none was" : fmt::format("{} were", done),
                   ground.predicate.sets() ? "changed" : "deleted"));
}

BatchDone CleanStep::run_in(Transaction& transaction, BatchProgress& progress) const {
  const Stopwatch watch;
  const Fence fence = admit_fence(transaction, run, lease);
  if (fence.finished)  // its last batch was committed by a worker that died before it could say so
    return {
        .totals = fence.totals, .rows = 0, .size = size, .finished = true, .parked = 0, .took = {}};
  Passed passed = pass_gate(transaction, run, payload.bounds);
  const Deleted deleted = payload.work->strategy == Strategy::call
                              ? call(transaction, *this, passed, progress)
                          : payload.work->strategy == Strategy::partition
                              ? partition(transaction, *this, passed)
                              : clean_rows(transaction, *this, passed, fence);
  const auto row =
      transaction
          .exec(queries::ledger_record,
                Params::of(lease.task.value, deleted.rows, deleted.cursor, deleted.finished,
                           run.policy, run.spec_sha256, deleted.relation,
                           passed.limits.cutoff.timestamptz, deleted.oldest, deleted.newest,
                           deleted.method, deleted.estimated, deleted.bounds,
                           to_json(deleted.cascaded), deleted.bytes))
          .at(0);
  if (deleted.rows > 0) keep_limit(transaction, run, payload.bounds.limit, deleted.rows);
  progress.before = fence.totals;
  return {.totals = {.batches = number(row, "batches"),
                     .rows = number(row, "rows"),
                     .ledger_head = text(row, "hash")},
          .rows = deleted.rows,
          .size = size,
          .finished = deleted.finished,
          .parked = deleted.parked,
          .took = watch.elapsed(),
          .ledger = {.id = number(row, "ledger_id"), .hash = text(row, "hash")}};
}

}  // namespace lethe::db
