// The live fleet: wake-ups, orders that are felt at once, events, and everything without messages.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> enqueue_words{
    "enqueue",     "--target",   "app",          "--table", "public.t",
    "--timestamp", "created_at", "--older-than", "90d",     "--yes"};

/// Chosen by the test, so that no adversity adds others.
const Environment no_endpoints{{"LETHE_CONTROL_WORKERS", ""}};

/// A fleet that talks over endpoints in its own directory, or over tcp with keys.
class LiveFleet : public Fleet {
 public:
  explicit LiveFleet(int rows) {
    install();
    make_table(target(), rows);
  }

  Environment endpoints() {
    const std::string folder = write_file("here", "");
    const std::string base = "ipc://" + folder.substr(0, folder.rfind('/'));
    return {{"LETHE_CONTROL_WORKERS", base + "/workers"},
            {"LETHE_CONTROL_OPERATORS", base + "/operators"},
            {"LETHE_CONTROL_EVENTS", base + "/events"}};
  }

  /// A worker that asks by itself so seldom that only messages can explain its being quick.
  Daemon& start_slow_worker(const Environment& more = {}) {
    Environment environment{{"LETHE_IDLE_POLL_MS", "30000"}, {"LETHE_HEARTBEAT_SECONDS", "10"}};
    environment.insert(environment.end(), more.begin(), more.end());
    return start_worker({"--slots", "2"}, environment);
  }

  [[nodiscard]] bool hears(const Daemon& worker) {
    return eventually([&] { return worker.log().find("schedulers_found") != std::string::npos; });
  }

  std::string enqueue() { return json(enqueue_words).at(0).at("id").get<std::string>(); }
};

bool log_has(const Daemon& daemon, const std::string& event) {
  return eventually([&] { return daemon.log().find(event) != std::string::npos; });
}

/// Milliseconds from the commit that made the run's plan task to its first lease.
double start_delay(Fleet& fleet, const std::string& run) {
  static_cast<void>(fleet.end_of(run));
  return static_cast<double>(fleet.control().number(fmt::format(
             "SELECT (extract(epoch FROM min(h.leased_at) - min(h.created_at)) * 1000000)::bigint "
             "FROM lethe.history h WHERE h.run_id = '{}' AND h.kind = 'plan'",
             run))) /
         1000;
}

}  // namespace

TEST_CASE("a task starts soon after its commit though the worker asks seldom", "[control_plane]") {
  LiveFleet fleet(100);
  fleet.start_scheduler(fleet.endpoints());
  Daemon& worker = fleet.start_slow_worker();
  REQUIRE(fleet.hears(worker));
  std::this_thread::sleep_for(1'500ms);  // until its first beat was answered
  std::vector<double> delays;
  for (int i = 0; i < 20; ++i) delays.push_back(start_delay(fleet, fleet.enqueue()));
  std::sort(delays.begin(), delays.end());
  WARN(fmt::format("from commit to lease: median {:.1f} ms, worst of 20 {:.1f} ms",
                   delays.at(delays.size() / 2), delays.back()));
  // By itself it would ask after half a minute. bench_wake tells how soon it is on an idle machine.
  CHECK(delays.at(delays.size() / 2) < 1'000);
}

TEST_CASE("without messages a task starts with the next look", "[control_plane]") {
  LiveFleet fleet(100);
  Daemon& scheduler = fleet.start_scheduler(no_endpoints);
  Daemon& worker = fleet.start_worker();
  const std::string run = fleet.enqueue();
  CHECK(fleet.end_of(run) == "satisfied");
  CHECK(scheduler.log().find("control_sockets_open") == std::string::npos);
  CHECK(worker.log().find("schedulers_found") == std::string::npos);
}

TEST_CASE("a run cancelled at once ends within a second though its batch hangs",
          "[control_plane]") {
  LiveFleet fleet(2'000);
  fleet.start_scheduler(fleet.endpoints());
  Daemon& worker = fleet.start_slow_worker();
  REQUIRE(fleet.hears(worker));
  Brake brake(fleet.target(), {1'001});
  const std::string run = fleet.enqueue();
  REQUIRE(brake.holds_a_batch(1'001));
  const auto before = std::chrono::steady_clock::now();
  fleet.must({"run", "cancel", run, "--now"});
  CHECK(fleet.end_of(run) == "cancelled");
  const auto took = std::chrono::steady_clock::now() - before;
  WARN("cancelled within " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
                           << " ms, the command itself included");
  CHECK(took < 3s);
}

TEST_CASE("a worker goes quiet and on and stops as it is told", "[control_plane]") {
  LiveFleet fleet(100);
  fleet.start_scheduler(fleet.endpoints());
  Daemon& worker = fleet.start_slow_worker();
  REQUIRE(fleet.hears(worker));
  const std::string id = std::to_string(fleet.worker_id(worker));
  CHECK(fleet.must({"worker", "quiet", id}).find("at once") != std::string::npos);
  CHECK(log_has(worker, "wanted=quiet"));
  const std::string run = fleet.enqueue();
  CHECK(fleet.json({"worker", "show", id}).at(0).at("phase") == "quiet");
  CHECK(fleet.json({"run", "show", run}).at(0).at("state") == "planned");
  fleet.must({"worker", "resume", id});
  CHECK(fleet.end_of(run) == "satisfied");
  fleet.must({"worker", "stop", id});
  CHECK(worker.wait() == 0);
}

TEST_CASE("orders are felt with the next heartbeat where there are no messages",
          "[control_plane]") {
  LiveFleet fleet(100);
  fleet.start_scheduler(no_endpoints);
  Daemon& worker = fleet.start_worker();
  const std::string id = std::to_string(fleet.worker_id(worker));
  CHECK(fleet.must({"worker", "stop", id}).find("next heartbeat") != std::string::npos);
  CHECK(worker.wait() == 0);
}

TEST_CASE("keys over tcp let the right ones in and take effect without a restart",
          "[control_plane]") {
  LiveFleet fleet(100);
  const auto key = [&](const std::string& name) {
    const std::string file = fleet.write_file(name + ".folder", "") + "." + name;
    fleet.must({"keys", "generate", file});
    return file;
  };
  const std::string server = key("server");
  const std::string worker_key = key("worker");
  const std::string viewer_key = key("viewer");
  Daemon& scheduler = fleet.start_scheduler({{"LETHE_CONTROL_WORKERS", "tcp://127.0.0.1:*"},
                                             {"LETHE_CONTROL_EVENTS", "tcp://127.0.0.1:*"},
                                             {"LETHE_CONTROL_KEY_FILE", server}});
  Daemon& worker = fleet.start_slow_worker({{"LETHE_CONTROL_KEY_FILE", worker_key}});
  REQUIRE(fleet.hears(worker));
  REQUIRE(log_has(scheduler, "connection_refused"));
  fleet.must({"keys", "allow", "w", "--role", "worker", "--file", worker_key});
  fleet.must({"keys", "allow", "v", "--role", "viewer", "--file", viewer_key});
  const auto events =
      fleet.lethe({"events", "--key-file", viewer_key, "--topic", "worker.", "--limit", "1"});
  CHECK(events.exit_code == 0);
  CHECK(Json::parse(events.out).at("phase") == "running");
  fleet.must({"keys", "revoke", "w"});
  // Nobody is woken any more, so only the worker's own look finds the task.
  CHECK(eventually([&] {
    const auto log = scheduler.log();
    return log.rfind("connection_refused") > log.rfind("control_sockets_open") &&
           log.find("connection_refused") != std::string::npos;
  }));
}

TEST_CASE("a scheduler that may not be plain refuses to be", "[control_plane]") {
  Fleet fleet;
  fleet.install();
  const Environment tcp{{"LETHE_CONTROL_WORKERS", "tcp://127.0.0.1:*"}};
  const auto refused = fleet.run_program("lethe-scheduler", {"--check-config"}, tcp);
  CHECK(refused.exit_code == 78);
  CHECK(refused.err.find("control_key_file") != std::string::npos);
  CHECK(fleet.run_program("lethe-scheduler", {"--check-config", "--insecure"}, tcp).exit_code == 0);
  Daemon& scheduler = fleet.start("lethe-scheduler", {"--insecure"}, tcp);
  CHECK(log_has(scheduler, "event=control_insecure"));
  CHECK(log_has(fleet.start("lethe-worker", {"--insecure"}, {}), "event=control_insecure"));
  CHECK(log_has(scheduler, "encrypted=no"));
}

TEST_CASE("workers find a second scheduler when the first one dies", "[control_plane]") {
  LiveFleet fleet(100);
  Daemon& first = fleet.start_scheduler(fleet.endpoints());
  Daemon& worker = fleet.start_worker({"--slots", "1"}, {{"LETHE_IDLE_POLL_MS", "30000"}});
  REQUIRE(fleet.hears(worker));
  first.kill_now();
  const std::string folder = fleet.write_file("second", "");
  fleet.start_scheduler({{"LETHE_CONTROL_WORKERS", "ipc://" + folder + ".workers"}});
  CHECK(eventually([&] {
    return fleet.control().number(
               "SELECT count(*) FROM lethe.schedulers WHERE workers LIKE '%second%'") == 1;
  }));
  CHECK(fleet.end_of(fleet.enqueue()) == "satisfied");
}

TEST_CASE("run watch and top show what happens and end by themselves", "[control_plane]") {
  LiveFleet fleet(2'000);
  fleet.start_scheduler(fleet.endpoints());
  Daemon& worker = fleet.start_slow_worker();
  REQUIRE(fleet.hears(worker));
  const auto watched = fleet.lethe({"run", "watch", fleet.enqueue()});
  CHECK(watched.exit_code == 0);
  CHECK(watched.out.find("satisfied") != std::string::npos);
  const Json top = fleet.json({"top", "--once"});
  CHECK(top.at(0).at("workers").size() == 1);
  CHECK(top.at(0).at("targets").at(0).at("target") == "app");
}

}  // namespace lethe::test
