#include "cli/demo_summary.hpp"

#include <fmt/format.h>

#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

std::int64_t rows_per_second(std::int64_t rows, std::int64_t elapsed_ms) {
  return elapsed_ms > 0 ? rows * 1000 / elapsed_ms : 0;
}

std::string rows_text(std::int64_t rows) { return counted(rows, "row", "rows"); }

Field count(const char* name, std::int64_t number) { return {name, number, Show::count}; }

}  // namespace

std::vector<std::string> disagreements(const DemoResult& result) {
  std::vector<std::string> found;
  const auto expect = [&](bool holds, const std::string& otherwise) {
    if (!holds) found.push_back(fmt::format("{}: {}", result.policy, otherwise));
  };
  const RunRow& run = result.run;
  const std::int64_t gone = result.before.total - result.after.total;
  expect(run.state == "satisfied",
         fmt::format("the run is {}{}{}", run.state, run.error.empty() ? "" : ": ", run.error));
  expect(result.ledger.rows == run.rows,
         fmt::format("the ledger counts {}, the run {}", rows_text(result.ledger.rows),
                     rows_text(run.rows)));
  expect(gone == run.rows,
         fmt::format("{} are gone, the run counts {}", rows_text(gone), rows_text(run.rows)));
  expect(gone == result.before.eligible, fmt::format("{} are gone, {} were to go", rows_text(gone),
                                                     rows_text(result.before.eligible)));
  expect(result.after.eligible == 0,
         fmt::format("{} that should be gone are left", rows_text(result.after.eligible)));
  return found;
}

Record demo_record(const DemoResult& result) {
  const Census& after = result.after;
  const RunRow& run = result.run;
  const std::vector<std::string> problems = disagreements(result);
  return {{"policy", result.policy},
          {"table", result.table},
          {"run", run.id},
          {"state", run.state},
          {"strategy", or_null(run.strategy)},
          count("rows_before", result.before.total),
          count("deleted", result.before.total - after.total),
          count("kept", after.total),
          count("batches", run.batches),
          count("tasks", result.effort.tasks),
          count("workers", result.effort.workers),
          count("passes", run.passes),
          count("elapsed_ms", run.elapsed_ms),
          count("rows_per_second", rows_per_second(run.rows, run.elapsed_ms)),
          count("too_young", after.too_young),
          count("keep_min", after.keep_min),
          count("condition", after.condition),
          count("tenant_off", after.tenant_off),
          count("no_timestamp", after.no_timestamp),
          count("eligible_before", result.before.eligible),
          count("eligible_after", after.eligible),
          count("run_rows", run.rows),
          count("ledger_rows", result.ledger.rows),
          {"agrees", problems.empty()},
          {"problems", nested(problems)}};
}

std::string demo_tables(const std::vector<DemoResult>& results) {
  const std::vector<Record> records = records_of(results, demo_record);
  return fmt::format(
      "{}\nWhy the kept rows are kept:\n\n{}",
      render_table(records, {"policy", "state", "rows_before", "deleted", "kept", "batches",
                             "tasks", "workers", "elapsed_ms", "rows_per_second"}),
      render_table(records, {"policy", "kept", "too_young", "keep_min", "condition", "tenant_off",
                             "no_timestamp"}));
}

std::string demo_verdict(const std::vector<DemoResult>& results,
                         std::chrono::milliseconds elapsed) {
  std::int64_t deleted = 0;
  std::string problems;
  for (const DemoResult& result : results) {
    deleted += result.run.rows;
    for (const std::string& problem : disagreements(result)) problems += one_line(problem) + "\n";
  }
  return fmt::format("{} deleted in {}, {}/s\n{}", rows_text(deleted), duration_text(elapsed),
                     rows_text(rows_per_second(deleted, elapsed.count())),
                     problems.empty() ? "ledger, totals and row counts agree\n" : problems);
}

}  // namespace lethe::cli
