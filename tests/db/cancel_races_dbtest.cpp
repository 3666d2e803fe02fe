// A cancel that meets a lease, or the end of one, that is not committed yet.

#include <fmt/format.h>

#include <future>

#include "common/db/queries.gen.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::OtherSession;
using test::RunDriver;
using test::somebody_waits;
using test::TestDatabase;

namespace {

/// A fleet with one task, which nobody works on yet.
struct Scene {
  TestDatabase database;
  RunDriver fleet{database};
  std::string run = fleet.start(test::policy_of("", 5));
  std::string task = database.text("SELECT id FROM lethe.items");

  /// What a worker's turn asks the database, in a transaction that stays open.
  void turn(OtherSession& worker, const std::string& requeues, int tasks_max) {
    worker.execute(
        fmt::format("SELECT * FROM lethe.turn({}, '{}', '[]', {}, 120000, ARRAY['normal'], '{{}}')",
                    fleet.worker().value, requeues, tasks_max));
  }
  void lease(OtherSession& worker) { turn(worker, "[]", 1); }
  void requeue(OtherSession& worker) {
    turn(worker,
         fmt::format(R"([{{"id": "{}", "epoch": {}, "outcome": "again", "delay_ms": 0}}])", task,
                     database.number("SELECT lease_epoch FROM lethe.items")),
         0);
  }
  CommandAnswer order(const std::string& verb, const std::string& object) {
    return fleet.control().commands().carry_out({.id = "c-1", .verb = verb, .object = object},
                                                "ana");
  }
  /// Lets `cancel` run into the other session's lock, then commits that.
  template <class Cancel>
  auto against(OtherSession& worker, Cancel cancel) {
    auto answer = std::async(std::launch::async, cancel);
    CHECK(somebody_waits(database));
    worker.commit();
    return answer.get();
  }
  /// What is to end is `task` or its run.
  CommandAnswer cancel_now(OtherSession& worker, const std::string& what) {
    return against(worker, [&] { return order(what + ".cancel", what == "run" ? run : task); });
  }
  bool is_stopping() {
    return database.number(
               "SELECT count(*) FROM lethe.items i JOIN lethe.stops s ON s.task = i.id WHERE "
               "i.is_leased AND i.cancel_requested") == 1;
  }
};

}  // namespace

TEST_CASE("a task or run cancelled at once while the task is leased is stopped where it runs",
          "[race]") {
  const auto what = GENERATE(as<std::string>{}, "task", "run");
  CAPTURE(what);
  Scene scene;
  OtherSession worker(scene.database.url());
  scene.lease(worker);
  const CommandAnswer answer = scene.cancel_now(worker, what);
  CHECK(answer.code == "done");
  CHECK(answer.detail.find("of 1 task is cancelled") != std::string::npos);
  CHECK(scene.is_stopping());
}

TEST_CASE("a task or run cancelled at once while the task is put back is taken out", "[race]") {
  const auto what = GENERATE(as<std::string>{}, "task", "run");
  CAPTURE(what);
  Scene scene;
  REQUIRE(scene.fleet.lease());
  OtherSession worker(scene.database.url());
  scene.requeue(worker);
  const CommandAnswer answer = scene.cancel_now(worker, what);
  CHECK(answer.code == "done");
  CHECK(answer.detail.find("nobody worked on it") != std::string::npos);
  CHECK(scene.database.number("SELECT count(*) FROM lethe.items") == 0);
  CHECK(scene.fleet.run(scene.run).state == "cancelled");
}

TEST_CASE("a task cancelled while it is leased ends with its batch", "[race]") {
  Scene scene;
  OtherSession worker(scene.database.url());
  scene.lease(worker);
  scene.against(worker, [&] { scene.fleet.control().tasks().cancel(scene.task, "ana"); });
  CHECK(scene.fleet.registry().beat(scene.fleet.worker(), 1, false).cancelled.size() == 1);
}

TEST_CASE("a run cancelled while its task is put back ends at once", "[race]") {
  Scene scene;
  REQUIRE(scene.fleet.lease());
  OtherSession worker(scene.database.url());
  scene.requeue(worker);
  scene.against(worker, [&] { scene.fleet.control().runs().cancel(scene.run, "ana"); });
  CHECK(scene.fleet.run(scene.run).state == "cancelled");
}

TEST_CASE("a task that ends while it is cancelled is told to have ended", "[race]") {
  Scene scene;
  const auto held = scene.fleet.lease();
  REQUIRE(held);
  OtherSession worker(scene.database.url());
  worker.execute(fmt::format(
      "SELECT * FROM lethe.turn({}, '[]', '[{{\"id\": \"{}\", \"epoch\": {}, \"outcome\": "
      "\"done\"}}]', 0, 120000, ARRAY['normal'], '{{}}')",
      scene.fleet.worker().value, scene.task, held->lease.epoch));
  const CommandAnswer answer = scene.cancel_now(worker, "task");
  CHECK(answer.code == "refused");
  CHECK(answer.detail.find("has ended already") != std::string::npos);
}

TEST_CASE("cancelling and expiring read no task of another run", "[plan]") {
  Scene scene;
  scene.database.execute(
      "INSERT INTO lethe.items (id, expire_deadline, kind, payload, run_id, target) SELECT 't' || "
      "n, "
      "now() + interval '1 day', 'clean', '', 'run-' || n % 300, 'app' FROM generate_series(1, "
      "30000) n");
  scene.database.execute("ANALYZE lethe.items");
  const auto plan = [&](const db::Query& query, const std::string& arguments) {
    scene.database.execute(fmt::format("PREPARE looked_at AS {}", query.sql));
    std::string lines;
    for (const auto& row : scene.database.execute(fmt::format(
             "SET LOCAL plan_cache_mode = force_generic_plan; EXPLAIN EXECUTE looked_at ({})",
             arguments)))
      lines += std::string(row[0].c_str()) + "\n";
    return lines;
  };
  const auto [query, arguments] = GENERATE(table<const db::Query*, std::string>(
      {{&db::queries::items_cancel, "'run-7', NULL"}, {&db::queries::items_expire, "100"}}));
  const std::string lines = plan(*query, arguments);
  INFO(lines);
  CHECK(lines.find("Index") != std::string::npos);
  CHECK(lines.find("Seq Scan on items") == std::string::npos);
  scene.database.expect_violations();  // nobody admitted those tasks
}
