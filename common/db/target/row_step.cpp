#include "common/db/target/row_step.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/sqlstate.hpp"
#include "common/db/target/batch_archive.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/batch_transaction.hpp"

namespace lethe::db {

namespace {

/// A row by its physical version.
struct Row {
  std::string tid;
  std::string xmin;
  std::string key;
};

/// One pass, inside one transaction.
class RowByRow {
 public:
  RowByRow(Transaction& transaction, const CleanStep& step, const BatchGround& ground)
      : transaction_(transaction), step_(step), ground_(ground) {}

  [[nodiscard]] pqxx::result pick(const std::string& cursor);
  void take(const Row& row);

  RowsDone done;

 private:
  /// What the statement that took the row answered; nothing when it was not eligible any more.
  pqxx::result remove(const Row& row);
  void count(const pqxx::result& deleted);
  void park(const Row& row, const pqxx::sql_error& error);

  Transaction& transaction_;
  const CleanStep& step_;
  const BatchGround& ground_;
};

pqxx::result RowByRow::pick(const std::string& cursor) {
  const auto key =
      transaction_.exec(queries::catalog_row_key, Params::of(step_.payload.work->relation));
  const BuiltStatement built =
      pick_batch(step_, ground_, cursor, {.key = text(key.at(0), "key"), .locked = false});
  return transaction_.exec_built(built.sql, built.params);
}

void RowByRow::take(const Row& row) {
  transaction_.exec_text("SAVEPOINT lethe_row");
  try {
    const pqxx::result deleted = remove(row);
    transaction_.exec_text("RELEASE SAVEPOINT lethe_row");
    count(deleted);
  } catch (const pqxx::sql_error& error) {
    const Remedy remedy = remedy_for(error.sqlstate());
    if (remedy != Remedy::bisect && remedy != Remedy::wait) throw;
    transaction_.exec_text("ROLLBACK TO SAVEPOINT lethe_row");
    if (remedy == Remedy::bisect) {
      park(row, error);
    } else {
      ++done.locked;
    }
  }
}

/// Children first, while the row is locked. `done` changes only when all of it went well.
pqxx::result RowByRow::remove(const Row& row) {
  Cascaded cascaded = done.cascaded;
  if (!ground_.children.empty()) {
    const BuiltStatement lock = lock_one(ground_.relation, ground_.predicate, row.tid);
    if (transaction_.exec_built(lock.sql, lock.params).empty()) return {};
    cascade(transaction_, ground_.children, {row.tid}, cascaded);
  }
  const BuiltStatement built =
      delete_picked(ground_.relation, ground_.predicate, {row.tid}, ground_.archive.copies());
  pqxx::result deleted = transaction_.exec_built(built.sql, built.params);
  if (!ground_.children.empty() && number(deleted.at(0), "rows") != 1) stop_kept(1, 0, ground_);
  done.cascaded = std::move(cascaded);
  return deleted;
}

void RowByRow::count(const pqxx::result& deleted) {
  if (deleted.empty()) return;
  const auto row = deleted.at(0);
  ground_.archive.add(row);
  if (number(row, "rows") == 0) return;  // a trigger or somebody else kept it
  ++done.rows;
  done.newest = maybe<std::string>(row, "newest");
  if (!done.oldest) done.oldest = done.newest;
}

void RowByRow::park(const Row& row, const pqxx::sql_error& error) {
  const std::string message = first_line(error.what());
  transaction_.exec(queries::parked_add,
                    Params::of(step_.run.id.value, step_.lease.task.value, ground_.relation,
                               step_.payload.work->relation, row.tid, row.xmin, row.key,
                               error.sqlstate(), message));
  ++done.parked;
  const ParkedCount all = count_parked(transaction_, step_.run.id.value);
  if (all.rows > parked_rows_max)
    stop(TargetTrouble::Kind::permanent,
         fmt::format("more than {} rows of {} cannot be deleted, which is not about single rows "
                     "any more; the last one: {}",
                     parked_rows_max, ground_.relation, message));
}

}  // namespace

RowsDone delete_row_by_row(Transaction& transaction, const CleanStep& step,
                           const BatchGround& ground, const std::string& cursor) {
  // What would fail at COMMIT must fail while it is known whose fault it is.
  transaction.exec_text("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL lock_timeout = '50ms'");
  RowByRow pass(transaction, step, ground);
  for (const auto& row : pass.pick(cursor)) {
    ++pass.done.picked;
    pass.done.cursor = text(row, "cursor");
    pass.take({.tid = text(row, "tid"), .xmin = text(row, "row_xmin"), .key = text(row, "key")});
  }
  // A pass that got nothing done and went on would be repeated at once, and only so many may be.
  if (!ground.children.empty() && pass.done.picked > 0 && pass.done.locked == pass.done.picked)
    stop(TargetTrouble::Kind::locked,
         fmt::format("rows of {}, or what goes along with them, are locked", ground.relation));
  return pass.done;
}

ParkedCount count_parked(Transaction& transaction, const std::string& run) {
  const auto row = transaction.exec(queries::parked_count, Params::of(run)).at(0);
  return {.rows = number(row, "rows"), .message = text(row, "message")};
}

}  // namespace lethe::db
