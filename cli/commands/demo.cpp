#include "cli/commands/demo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/commands/up_session.hpp"
#include "cli/demo_policies.hpp"
#include "cli/demo_summary.hpp"
#include "cli/demo_watch.hpp"
#include "cli/lookup.hpp"
#include "cli/policy_plan.hpp"
#include "cli/records.hpp"
#include "cli/run_watch.hpp"
#include "cli/text.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/store_error.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t rows_default = 500'000;
constexpr Command::Range rows_range{10'000, 20'000'000};
constexpr std::int64_t slice_rows = 50'000;  // about a second, after which Ctrl-C is heard
constexpr std::chrono::milliseconds poll_interval{100};
constexpr const char* file_name = "demo.yaml";

struct DemoOptions {
  std::optional<std::int64_t> rows;
  bool keep = false;
  FleetOptions fleet;
};

struct TableShare {
  DemoTable table;
  std::int64_t percent;
};
constexpr std::array<TableShare, 3> shares{
    {{DemoTable::executions, 60}, {DemoTable::events, 30}, {DemoTable::idempotency_keys, 10}}};

void load_data(UpSession& session, std::int64_t rows) {
  session.say(fmt::format("making about {} of sample data", counted(rows, "row", "rows")));
  const auto data = session.services().environment().demo_data(session.fleet().target_url());
  data->create_tables();
  for (const auto& [table, percent] : shares) {
    const std::int64_t total = rows * percent / 100;
    for (std::int64_t first = 1; first <= total; first += slice_rows) {
      session.check();
      data->add_rows({.table = table,
                      .first = first,
                      .last = std::min(first + slice_rows - 1, total),
                      .total = total});
    }
  }
  data->analyze();
}

/// Shows the policy file and applies it as `policy apply` would.
std::vector<Policy> apply_policies(UpSession& session) {
  if (!session.services().output().is_json())
    session.say(fmt::format("applying {}:\n\n{}", file_name, demo_policies));
  const PolicyFile file = parse_policies(demo_policies, file_name);
  const PolicyPlan plan = compare_policies(session.services().stores(), file);
  PolicyApplier applier(session.services(), plan);
  applier.check();
  applier.apply();
  return file.policies;
}

std::vector<DemoResult> count_before(Services& services, const std::vector<Policy>& policies,
                                     TargetDatabase& target) {
  std::vector<DemoResult> results;
  for (const Policy& policy : policies) {
    DemoResult result{.policy = policy.name, .table = to_text(policy.table)};
    result.before = target.census(policy);
    // Whoever starts the demo wants its rows gone.
    services.stores().policies.acknowledge(find_policy(services.stores(), policy.name),
                                           result.before.eligible, services.actor());
    results.push_back(std::move(result));
  }
  return results;
}

void count_after(Services& services, const std::vector<Policy>& policies, TargetDatabase& target,
                 std::vector<DemoResult>& results) {
  for (std::size_t i = 0; i < policies.size(); ++i) {
    results[i].after = target.census(policies[i]);
    results[i].ledger = target.ledger_totals(results[i].run.id);
    results[i].effort = services.stores().runs.effort(results[i].run.id);
  }
}

/// Fires all policies at once and waits until their runs have ended. Returns how long that took.
std::chrono::milliseconds run_policies(UpSession& session, std::vector<DemoResult>& results) {
  Services& services = session.services();
  Clock& clock = services.environment().clock;
  session.say("running the policies");
  const auto start = clock.now();
  std::vector<std::string> ids;
  ids.reserve(results.size());
  for (const DemoResult& result : results)
    ids.push_back(fire_policy(services, result.policy).id.value);
  const std::vector<RunRow> runs = watch_runs(services, ids, [&] { session.pause(poll_interval); });
  for (std::size_t i = 0; i < runs.size(); ++i) results[i].run = runs[i];
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - start);
}

ExitCode summarize(Services& services, const std::vector<DemoResult>& results,
                   std::chrono::milliseconds elapsed) {
  const std::vector<Record> records = records_of(results, demo_record);
  services.output().text(services.output().is_json() ? render_json(records)
                                                     : fmt::format("\n{}\n{}", demo_tables(results),
                                                                   demo_verdict(results, elapsed)));
  services.environment().out.flush();
  const bool agree = std::all_of(results.begin(), results.end(), [](const DemoResult& result) {
    return disagreements(result).empty();
  });
  return agree ? ExitCode::done : ExitCode::failed;
}

ExitCode demonstrate(UpSession& session, const DemoOptions& options) {
  Services& services = session.services();
  load_data(session, options.rows.value_or(rows_default));
  const std::vector<Policy> policies = apply_policies(session);
  const auto target = services.target(UpSession::target_name, session.fleet().target_url());
  std::vector<DemoResult> results = count_before(services, policies, *target);
  session.start_daemons();
  const std::chrono::milliseconds elapsed = run_policies(session, results);
  count_after(services, policies, *target, results);
  return summarize(services, results, elapsed);
}

ExitCode demo(Services& typed, const DemoOptions& options) {
  UpSession session(typed, options.fleet.size());
  ExitCode code = ExitCode::failed;
  try {
    code = demonstrate(session, options);
  } catch (const StoreError&) {
    session.check();  // a server that has ended is the better reason
    throw;
  }
  if (options.keep) {
    session.describe();
    session.serve();
  }
  return code;
}

}  // namespace

void add_demo(const Command& root) {
  const auto options = std::make_shared<DemoOptions>();
  const Command command = root.add(
      "demo", "A fleet on this machine cleans sample data; ends with a summary of what it did",
      "lethe demo\nlethe demo --rows 2000000 --workers 4\nlethe demo --keep\n"
      "lethe demo --output json");
  command.option("--rows", options->rows, rows_range,
                 "of sample data, 10000 to 20000000 (default 500000)");
  options->fleet.add_to(command);
  command.flag("--keep", options->keep, "leave everything running after the summary, until Ctrl-C")
      .runs(options, demo);
}

}  // namespace lethe::cli
