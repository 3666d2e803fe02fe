#include "common/db/target/row_step.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/sqlstate.hpp"
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
  RowByRow(Transaction& transaction, const CleanStep& step, const std::string& relation,
           const Predicate& predicate)
      : transaction_(transaction), step_(step), relation_(relation), predicate_(predicate) {}

  [[nodiscard]] pqxx::result pick(const std::string& cursor);
  void take(const Row& row);

  RowsDone done;

 private:
  void count(const pqxx::result& deleted);
  void park(const Row& row, const pqxx::sql_error& error);

  Transaction& transaction_;
  const CleanStep& step_;
  const std::string& relation_;
  const Predicate& predicate_;
};

pqxx::result RowByRow::pick(const std::string& cursor) {
  const CleanWork& work = *step_.payload.work;
  const std::string key =
      text(transaction_.exec(queries::catalog_row_key, Params::of(work.relation)).at(0), "key");
  const BuiltStatement built =
      work.strategy == Strategy::sweep
          ? pick_in_blocks(relation_, predicate_, sweep_range(work, cursor, step_.size), key)
          : pick_in_keys(relation_, predicate_,
                         {.phase = work.phase,
                          .from = cursor.empty() ? work.range_from : cursor,
                          .to = work.range_to},
                         {.key = key, .rows_max = step_.size});
  return transaction_.exec_built(built.sql, built.params);
}

void RowByRow::take(const Row& row) {
  const BuiltStatement built = delete_one(relation_, predicate_, row.tid);
  transaction_.exec_text("SAVEPOINT lethe_row");
  try {
    count(transaction_.exec_built(built.sql, built.params));
    transaction_.exec_text("RELEASE SAVEPOINT lethe_row");
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

void RowByRow::count(const pqxx::result& deleted) {
  for (const auto& row : deleted) {  // one, or none when a trigger or somebody else kept it
    ++done.rows;
    const auto time = maybe<std::string>(row, "ts");
    if (!done.oldest) done.oldest = time;
    done.newest = time;
  }
}

void RowByRow::park(const Row& row, const pqxx::sql_error& error) {
  const std::string message = first_line(error.what());
  transaction_.exec(queries::parked_add,
                    Params::of(step_.run.id.value, step_.lease.task.value, relation_,
                               step_.payload.work->relation, row.tid, row.xmin, row.key,
                               error.sqlstate(), message));
  ++done.parked;
  const ParkedCount all = count_parked(transaction_, step_.run.id.value);
  if (all.rows > parked_rows_max)
    stop(TargetTrouble::Kind::permanent,
         fmt::format("more than {} rows of {} cannot be deleted, which is not about single rows "
                     "any more; the last one: {}",
                     parked_rows_max, relation_, message));
}

}  // namespace

RowsDone delete_row_by_row(Transaction& transaction, const CleanStep& step,
                           const std::string& relation, const Predicate& predicate,
                           const std::string& cursor) {
  // What would fail at COMMIT must fail while it is known whose fault it is.
  transaction.exec_text("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL lock_timeout = '50ms'");
  RowByRow pass(transaction, step, relation, predicate);
  for (const auto& row : pass.pick(cursor)) {
    ++pass.done.picked;
    pass.done.cursor = text(row, "cursor");
    pass.take({.tid = text(row, "tid"), .xmin = text(row, "row_xmin"), .key = text(row, "key")});
  }
  return pass.done;
}

ParkedCount count_parked(Transaction& transaction, const std::string& run) {
  const auto row = transaction.exec(queries::parked_count, Params::of(run)).at(0);
  return {.rows = number(row, "rows"), .message = text(row, "message")};
}

}  // namespace lethe::db
