// Workers and schedulers that die or are stopped in the middle of their work. Nothing is left to
// luck: a batch is in flight because the test holds it there.

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int rows = 20'000;

/// One worker with one slot stands in a batch before a row of the first half of the table.
class RunInFlight {
 public:
  RunInFlight() : brake_(prepare(fleet_), {5'001, 15'001}), kept_(fleet_.ids(fresh_ids)) {
    fleet_.apply(policy_yaml());
    fleet_.start_scheduler();
    worker_ = &start_worker();
    run_ = fleet_.json({"policy", "run", "t-90d"}).at(0).at("id");
    REQUIRE(brake_.holds_a_batch(5'001));
  }

  Fleet& fleet() { return fleet_; }
  Brake& brake() { return brake_; }
  Daemon& worker() { return *worker_; }
  Daemon& start_worker() { return fleet_.start_worker({"--slots", "1"}); }
  const std::string& run() const { return run_; }
  std::string disagreement() { return fleet_.disagreement(kept_, rows); }

  std::int64_t leased() {
    return fleet_.control().number("SELECT count(*) FROM lethe.items WHERE is_leased");
  }
  std::int64_t rescues() {
    return fleet_.control().number("SELECT sum(rescues) FROM lethe.items") +
           fleet_.control().number("SELECT sum(rescues) FROM lethe.history");
  }
  std::int64_t batches() { return fleet_.target().number("SELECT count(*) FROM lethe.ledger"); }
  bool is_draining(std::int64_t worker) {
    const std::string phase = fmt::format("SELECT phase FROM lethe.workers WHERE id = {}", worker);
    return eventually([&] { return fleet_.control().text(phase) == "draining"; });
  }

  /// The task that was rescued as `task list` shows it; waits for it.
  Json rescued_task() {
    Json found;
    static_cast<void>(eventually([&] {
      for (const Json& task : fleet_.json({"task", "list", "--run", run_})) {
        if (task.at("rescues") >= 1) found = task;
      }
      return !found.is_null();
    }));
    return found;
  }

 private:
  static TestDatabase& prepare(Fleet& fleet) {
    fleet.install();
    make_table(fleet.target(), rows);
    return fleet.target();
  }

  Fleet fleet_;
  Brake brake_;
  std::set<std::int64_t> kept_;
  Daemon* worker_ = nullptr;
  std::string run_;
};

TEST_CASE("two workers killed in the middle of a run cost time and no row", "[fleet][rescue]") {
  RunInFlight test;
  const std::int64_t first = test.fleet().worker_id(test.worker());
  test.worker().kill_now();
  test.brake().release(5'001);
  const Json rescued = test.rescued_task();  // after worker_ttl_seconds
  REQUIRE_FALSE(rescued.is_null());
  CHECK(rescued.at("rescues") == 1);
  CHECK(rescued.at("leased_by").is_null());
  CHECK(rescued.at("last_error") == fmt::format("worker {} was lost", first));
  const Json shown = test.fleet().json({"task", "show", rescued.at("id")}).at(0);
  CHECK(shown.at("rescues") == 1);
  CHECK(shown.at("epoch") == rescued.at("epoch"));

  Daemon& next = test.start_worker();
  REQUIRE(test.brake().holds_a_batch(15'001));
  const std::int64_t second = test.fleet().worker_id(next);
  CHECK(second != first);
  next.kill_now();
  test.fleet().age_heartbeat(second);
  test.brake().release(15'001);
  CHECK_FALSE(test.rescued_task().is_null());

  test.start_worker();
  CHECK(test.fleet().end_of(test.run()) == "satisfied");
  CHECK(test.disagreement() == "");
  CHECK(test.fleet().control().number("SELECT count(*) FROM lethe.dead") == 0);
  int lost = 0;
  for (const Json& worker : test.fleet().json({"worker", "list", "--all"}))
    lost += worker.at("phase") == "lost" ? 1 : 0;
  CHECK(lost == 2);
}

TEST_CASE("a worker that is asked to stop ends its batch and leaves nothing to rescue",
          "[fleet][drain]") {
  RunInFlight test;
  const std::int64_t id = test.fleet().worker_id(test.worker());
  const std::int64_t before = test.batches();
  test.worker().signal(SIGTERM);
  REQUIRE(test.is_draining(id));
  CHECK(test.worker().running());
  test.brake().release(5'001);
  CHECK(test.worker().wait() == 0);
  CHECK(test.leased() == 0);
  CHECK(test.batches() == before + 1);

  test.brake().release(15'001);
  test.start_worker();
  CHECK(test.fleet().end_of(test.run()) == "satisfied");
  CHECK(test.rescues() == 0);
  CHECK(test.disagreement() == "");
}

TEST_CASE("a worker that is asked twice to stop breaks its batch off and ends at once",
          "[fleet][drain]") {
  RunInFlight test;
  const std::int64_t id = test.fleet().worker_id(test.worker());
  const std::int64_t before = test.batches();
  test.worker().signal(SIGTERM);
  REQUIRE(test.is_draining(id));
  const auto asked_again = steady_clock::now();
  test.worker().signal(SIGTERM);
  CHECK(test.worker().wait(seconds(10)) == 0);
  CHECK(steady_clock::now() - asked_again < seconds(5));
  CHECK(test.leased() == 0);
  CHECK(test.batches() == before);

  test.brake().release(5'001);
  test.brake().release(15'001);
  test.start_worker();
  CHECK(test.fleet().end_of(test.run()) == "satisfied");
  CHECK(test.rescues() == 0);
  CHECK(test.disagreement() == "");
}

TEST_CASE("a second scheduler leads within twenty seconds and no instant is lost or fired twice",
          "[fleet][leader]") {
  Fleet fleet;
  fleet.start_schedulers_at_once();
  fleet.install();
  make_table(fleet.target(), 200);
  const auto kept = fleet.ids(fresh_ids);
  fleet.apply(policy_yaml({"schedule: every 1 s"}));
  Daemon& first = fleet.start_scheduler();
  const auto leads = [&](const Daemon& scheduler) {
    return fleet.control().number(
               fmt::format("SELECT count(*) FROM lethe.leader WHERE holder LIKE '%:{}/%' AND "
                           "expires_at > clock_timestamp()",
                           scheduler.pid())) > 0;
  };
  REQUIRE(eventually([&] { return leads(first); }));
  Daemon& second = fleet.start_scheduler();
  fleet.start_worker();
  const std::string instants = "SELECT count(*) FROM lethe.runs";
  REQUIRE(eventually([&] { return fleet.control().number(instants) >= 3; }));
  CHECK_FALSE(leads(second));

  const auto killed = steady_clock::now();
  first.kill_now();
  REQUIRE(eventually([&] { return leads(second); }));
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - killed);
  WARN("the second scheduler leads after " << took.count() << " ms");
  CHECK(took < seconds(20));

  const std::int64_t at_takeover = fleet.control().number(instants);
  REQUIRE(eventually([&] { return fleet.control().number(instants) >= at_takeover + 5; }));
  fleet.must({"policy", "disable", "t-90d"});
  CHECK(eventually([&] {
    return fleet.control().number("SELECT count(*) FROM lethe.runs WHERE state = 'satisfied'") >= 2;
  }));

  const auto row = fleet.control().execute(
      "SELECT count(*) AS rows, count(DISTINCT scheduled_for) AS instants, extract(epoch FROM "
      "max(scheduled_for) - min(scheduled_for))::bigint + 1 AS expected, "
      "count(*) FILTER (WHERE state = "
      "'skipped' AND error LIKE 'missed;%') AS missed, min(scheduled_for) < (SELECT p.created_at + "
      "interval '2 s' FROM lethe.policies p) AS from_the_start FROM lethe.runs")[0];
  CHECK(row["rows"].as<int>() == row["expected"].as<int>());
  CHECK(row["instants"].as<int>() == row["expected"].as<int>());
  CHECK(row["missed"].as<int>() >= 1);
  CHECK(row["from_the_start"].as<bool>());
  CHECK(fleet.disagreement(kept, 200) == "");
}

}  // namespace
}  // namespace lethe::test
