// How soon a task that becomes ready is leased by an idle fleet, with messages and without: from
// the commit that made it ready, by the server's own record of that commit, to the lease.
//
//   with_postgres --set track_commit_timestamp=on -- bench_wake [runs]

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/fleet.hpp"

namespace {

using namespace lethe;

/// From the commit of a run's first task to the first lease of it. A run's audit entry is of the
/// same transaction as its task, and is not written again.
constexpr const char* delays = R"(
  WITH first_lease AS (
    SELECT run_id, min(leased_at) AS leased_at FROM lethe.history WHERE kind = 'plan' GROUP BY 1),
  delay AS (
    SELECT extract(epoch FROM l.leased_at - pg_xact_commit_timestamp(a.xmin)) * 1000 AS ms
      FROM first_lease l JOIN lethe.audit a ON a.action = 'run.start' AND a.object = l.run_id)
  SELECT format('%s runs: p50 %s ms, p95 %s ms, p99 %s ms, max %s ms', count(*),
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 1),
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY ms)::numeric, 1),
    round(percentile_cont(0.99) WITHIN GROUP (ORDER BY ms)::numeric, 1), round(max(ms)::numeric, 1))
  FROM delay)";

bool wait_until_idle(test::Fleet& fleet) {
  return test::eventually([&] {
    return fleet.control().text("SELECT count(*) FROM lethe.runs WHERE finished_at IS NULL") == "0";
  });
}

/// Starts so many runs that find nothing, one at a time, at no fixed beat.
bool start_runs(test::Fleet& fleet, int runs) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> pause_ms(150, 450);
  for (int i = 0; i < runs; ++i) {
    fleet.must({"enqueue", "--target", "app", "--table", "public.t", "--timestamp", "created_at",
                "--older-than", "90d", "--yes"});
    if (!wait_until_idle(fleet)) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms(random)));
  }
  return true;
}

/// One fleet of a scheduler and three workers; `messages`: with sockets in `directory`. A worker
/// that hears messages here asks by itself every 30 s only, so what is measured are the messages.
bool measure(const char* name, bool messages, const std::string& directory, int runs) {
  test::Fleet fleet;
  fleet.install();
  fleet.target().execute(
      "CREATE TABLE public.t (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);"
      "INSERT INTO public.t SELECT n, now() FROM generate_series(1, 1000) n; ANALYZE public.t");
  test::Environment scheduler;
  test::Environment worker{{"LETHE_SLOTS", "2"}, {"LETHE_IDLE_POLL_MS", "500"}};
  if (messages) {
    for (const char* socket : {"WORKERS", "OPERATORS", "EVENTS"})
      scheduler.emplace_back(fmt::format("LETHE_CONTROL_{}", socket),
                             fmt::format("ipc://{}/{}", directory, socket));
    worker.back().second = "30000";
  }
  std::vector<test::Daemon*> daemons{&fleet.start("lethe-scheduler", {}, scheduler)};
  for (int i = 0; i < 3; ++i) daemons.push_back(&fleet.start("lethe-worker", {}, worker));
  for (std::size_t i = 1; i < daemons.size(); ++i)
    if (fleet.worker_id(*daemons[i]) == 0) return false;
  // Workers look for schedulers with each heartbeat.
  std::this_thread::sleep_for(std::chrono::seconds(7));
  if (!start_runs(fleet, runs)) return false;
  fmt::print("{}: {}\n", name, fleet.control().text(delays));
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 200;
  std::string directory = (std::filesystem::temp_directory_path() / "lethe-wake-XXXXXX").string();
  if (runs < 1 || mkdtemp(directory.data()) == nullptr) return 2;
  bool measured = false;
  try {
    measured = measure("with messages", true, directory, runs) &&
               measure("without messages, asking every 500 ms", false, directory, runs);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_wake: {}\n", error.what());
  }
  std::filesystem::remove_all(directory);
  if (!measured) fmt::print(stderr, "bench_wake: the fleet did not do its runs in time\n");
  return measured ? 0 : 1;
}
