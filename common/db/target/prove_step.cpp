#include "common/db/target/prove_step.hpp"

#include <fmt/format.h>

#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/cascade.hpp"
#include "common/db/target/literal_text.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

RunContext context_of(const RunToProve& run) {
  RunContext context;
  context.id = {run.run};
  context.policy = run.spec.name;
  context.spec = run.spec;
  context.target = run.spec.target;
  context.as_of = run.as_of;
  context.expire_at = run.expire_at;
  return context;
}

/// Every row for which the predicate of the run's batches holds still.
BuiltStatement count_eligible(const TableFacts& table, const Predicate& predicate) {
  constexpr std::string_view iso =
      "pg_catalog.to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
  BuiltStatement built;
  const std::string eligible = predicate.all_phases(built.params);
  built.sql = fmt::format(
      "SELECT count(*) AS eligible, {} AS oldest, {} AS newest, {} AS at FROM (SELECT {} AS ts "
      "FROM {} AS x WHERE {}) AS eligible",
      fmt::format(iso, "pg_catalog.min(ts)"), fmt::format(iso, "pg_catalog.max(ts)"),
      fmt::format(iso, "pg_catalog.clock_timestamp()"), predicate.instant(), table.name, eligible);
  return built;
}

Verification ask(Transaction& transaction, const RunToProve& run) {
  const RunContext context = context_of(run);
  const TableFacts table = look_up_table(transaction, run.spec, "the policy of the run");
  const Passed passed = look_through_gate(transaction, context, run.bounds);
  Predicate predicate(run.spec, table, passed.limits, run.run, run.bounds.has_cutoffs);
  predicate.leave_out_parked();
  const Held held = look_up_held(transaction, passed.has_holds, run.spec, table);
  predicate.leave_out_held(held);
  const BuiltStatement built = count_eligible(table, predicate);
  const auto row = transaction.exec_built(built.sql, built.params).at(0);
  return {.sql = built.sql,
          .parameters = built.params.values(),
          .script = read_only_script(built),
          .at = text(row, "at"),
          .eligible = number(row, "eligible"),
          .oldest = text(row, "oldest"),
          .newest = text(row, "newest"),
          .problem = ""};
}

Verification unasked(const std::string& problem) {
  Verification verification;
  verification.problem = problem;
  return verification;
}

}  // namespace

Verification prove_step(Transaction& transaction, const RunToProve& run) {
  if (run.spec.action.kind == Action::Kind::call)
    return unasked("the policy calls a function, which alone knows what it has left");
  try {
    return ask(transaction, run);
  } catch (const UserError& error) {
    return unasked(error.what());
  } catch (const Stop& stopped) {
    return unasked(stopped.trouble.message);
  }
}

}  // namespace lethe::db
