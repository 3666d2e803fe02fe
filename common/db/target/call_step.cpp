#include "common/db/target/call_step.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"

namespace lethe::db {

namespace {

using Kind = TargetTrouble::Kind;

/// Runs the call so that a failure leaves the transaction usable, and nothing of the session's
/// locked: behind a pooler the session goes on to somebody else.
pqxx::result guarded_call(Transaction& transaction, const FunctionFacts& function,
                          const BuiltStatement& built) {
  transaction.exec_text("SAVEPOINT call");
  transaction.exec(queries::functions_search_path, Params::of(function.search_path));
  pqxx::result result;
  try {
    result = transaction.exec_built(built.sql, built.params);
  } catch (const pqxx::broken_connection&) {
    throw;  // the session is gone, with its locks
  } catch (const pqxx::failure&) {
    transaction.exec_text("ROLLBACK TO SAVEPOINT call");
    transaction.exec(queries::functions_unlock_all);
    throw;
  }
  transaction.exec(queries::functions_search_path, Params::of("pg_catalog, pg_temp"));
  transaction.exec(queries::functions_unlock_all);
  return result;
}

/// The number of rows in a function's answer; nothing when it is called only once.
std::optional<std::int64_t> count_in(const FunctionFacts& function, const pqxx::result& result) {
  if (!has_count(function)) return std::nullopt;
  const auto refuse = [&](std::string_view what) {
    stop(Kind::permanent,
         fmt::format("{} returned {} in place of a number of rows", function.signature, what));
  };
  std::int64_t rows = 0;
  std::int64_t lowest = 0;
  const auto row = result.at(0);
  if (function.kind == 'p') {
    const auto field = row.at(static_cast<pqxx::row::size_type>(count_column(function)));
    if (field.is_null()) refuse("NULL");
    rows = lowest = static_cast<std::int64_t>(field.as<double>());
  } else {
    if (number(row, "numbers") < number(row, "answers")) refuse("NULL");
    rows = number(row, "rows");
    lowest = number(row, "lowest");
  }
  if (lowest < 0) refuse(std::to_string(lowest));
  return rows;
}

void refuse_locked_out(Transaction& transaction, const RunContext& run,
                       const FunctionFacts& function) {
  const FunctionName& name = run.spec.action.function;
  const auto found =
      transaction.exec(queries::functions_locked_out, Params::of(name.schema, name.name));
  if (!flag(found.at(0), "locked_out")) return;
  stop(Kind::locked, fmt::format("{} did nothing while somebody else holds the advisory lock "
                                 "hashtext('{}.{}')",
                                 function.signature, name.schema, name.name));
}

}  // namespace

Called call_function(Transaction& transaction, const RunContext& run, const CleanWork& work,
                     const CallValues& values, bool& calling) {
  const std::string field = run.policy.empty() ? "ad hoc" : "policy " + run.policy;
  const FunctionFacts function = look_up_function(transaction, run.spec, field);
  if (function.oid != work.relation || function.fingerprint != work.fingerprint)
    stop(Kind::changed, fmt::format("{} changed since it was planned (its code, owner or settings)",
                                    function.signature));
  const BuiltStatement built = call_statement(function, values);
  calling = true;
  const pqxx::result result = guarded_call(transaction, function, built);
  calling = false;
  const auto rows = count_in(function, result);
  if (rows.value_or(0) == 0) refuse_locked_out(transaction, run, function);
  return {
      .function = function.signature, .rows = rows.value_or(0), .finished = rows.value_or(0) == 0};
}

}  // namespace lethe::db
