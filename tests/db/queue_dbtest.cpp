// The items table: leases, fences, caps, rescue, ends.

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// `count` ad-hoc runs, each with its plan task.
std::vector<std::string> start_runs(RunDriver& fleet, int count) {
  std::vector<std::string> runs;
  for (int i = 0; i < count; ++i) runs.push_back(fleet.start(test::policy_of("", 5)));
  return runs;
}

std::vector<LeasedTask> lease_all(RunDriver& fleet, WorkerId worker) {
  return fleet.queue().lease(
      {.worker = worker, .tasks_max = 100, .length = 120s, .lanes = {"normal"}, .targets = {}});
}

Settlement settlement_of(const LeasedTask& task, Outcome outcome) {
  Settlement settlement;
  settlement.lease = task.lease;
  settlement.run = task.run;
  settlement.target = "app";
  settlement.outcome = outcome;
  return settlement;
}

}  // namespace

TEST_CASE("never more tasks of a target are admitted than its max_running", "[queue]") {
  TestDatabase database;
  RunDriver fleet(database);
  start_runs(fleet, 10);
  const auto first = lease_all(fleet, fleet.worker());
  CHECK(first.size() == 4);
  CHECK(lease_all(fleet, fleet.worker()).empty());
  CHECK(fleet.settle(settlement_of(first[0], Outcome::again)) == Settled::yes);
  const auto next = lease_all(fleet, fleet.worker());
  REQUIRE(next.size() == 1);
  CHECK(next[0].lease.task != first[0].lease.task);  // a requeued task goes to the tail
  CHECK(database.number("SELECT count(*) FROM lethe.items WHERE admission = 0") == 4);
  fleet.control().targets().put({.name = "app", .url = database.url(), .max_running = 6}, "test");
  CHECK(lease_all(fleet, fleet.worker()).size() == 2);
}

TEST_CASE("an unknown or lost worker leases nothing and learns it from its heartbeat", "[queue]") {
  TestDatabase database;
  RunDriver fleet(database);
  start_runs(fleet, 1);
  CHECK(lease_all(fleet, WorkerId{4711}).empty());
  CHECK_FALSE(fleet.registry().beat(WorkerId{4711}, 0, false).known);
  database.execute("UPDATE lethe.workers SET last_seen = last_seen - interval '31 seconds'");
  fleet.scheduler().rescue(fleet.term(), 30s, 100, true);
  CHECK(lease_all(fleet, fleet.worker()).empty());
  CHECK_FALSE(fleet.registry().beat(fleet.worker(), 0, false).known);
}

TEST_CASE("the tasks of a worker that fell silent run elsewhere under a newer epoch", "[queue]") {
  TestDatabase database;
  RunDriver fleet(database);
  start_runs(fleet, 2);
  const auto held = lease_all(fleet, fleet.worker());
  REQUIRE(held.size() == 2);
  const WorkerId other =
      fleet.registry()
          .register_worker(
              {.instance = "b", .version = "0", .slots = 2, .targets = {}, .lanes = {"normal"}})
          .worker;
  CHECK(fleet.scheduler().rescue(fleet.term(), 30s, 100, true).empty());
  database.execute(
      "UPDATE lethe.workers SET last_seen = last_seen - interval '31 seconds' WHERE "
      "id = " +
      std::to_string(fleet.worker().value));
  CHECK(fleet.scheduler().rescue(fleet.term(), 30s, 100, true).size() == 2);
  const auto taken = lease_all(fleet, other);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].lease.epoch == 3);
  CHECK(fleet.settle(settlement_of(held[0], Outcome::again)) == Settled::lease_lost);
  CHECK(database.number("SELECT sum(rescues) FROM lethe.items") == 2);
}

TEST_CASE("a lease that ran out is rescued though its worker is alive", "[queue]") {
  TestDatabase database;
  RunDriver fleet(database);
  start_runs(fleet, 1);
  REQUIRE(lease_all(fleet, fleet.worker()).size() == 1);
  database.execute("UPDATE lethe.items SET lease_deadline = clock_timestamp() - interval '1 ms'");
  const auto rescued = fleet.scheduler().rescue(fleet.term(), 30s, 100, true);
  REQUIRE(rescued.size() == 1);
  CHECK_THAT(rescued[0].why, test::contains("ran out"));
  CHECK(lease_all(fleet, fleet.worker()).size() == 1);
}

TEST_CASE("a task that takes worker after worker down is a dead letter after three rescues",
          "[queue]") {
  TestDatabase database;
  RunDriver fleet(database);
  const auto runs = start_runs(fleet, 1);
  for (int rescue = 0; rescue < 3; ++rescue) {
    REQUIRE(lease_all(fleet, fleet.worker()).size() == 1);
    database.execute("UPDATE lethe.items SET lease_deadline = clock_timestamp() - interval '1 ms'");
    CHECK(fleet.scheduler().rescue(fleet.term(), 30s, 100, true).size() == 1);
  }
  CHECK(database.number("SELECT count(*) FROM lethe.items") == 0);
  CHECK_THAT(database.text("SELECT reason FROM lethe.dead"), test::contains("poison"));
  CHECK(fleet.run(runs[0]).state == "failed");
}

TEST_CASE("failures are tried again until the attempts are used up and progress resets them",
          "[queue]") {
  TestDatabase database;
  RunDriver fleet(database);
  const auto runs = start_runs(fleet, 1);
  const auto fail = [&](Outcome outcome) {
    const auto tasks = lease_all(fleet, fleet.worker());
    REQUIRE(tasks.size() == 1);
    Settlement settlement = settlement_of(tasks[0], outcome);
    settlement.error = "disk full";
    settlement.sqlstate = "53100";
    CHECK(fleet.settle(settlement) == Settled::yes);
  };
  for (int i = 0; i < 7; ++i) fail(Outcome::fail);
  fail(Outcome::again);
  CHECK(database.number("SELECT attempts FROM lethe.items") == 0);
  fail(Outcome::release);
  CHECK(database.number("SELECT attempts FROM lethe.items") == 0);
  for (int i = 0; i < 8; ++i) fail(Outcome::fail);
  CHECK(database.text("SELECT sqlstate || reason FROM lethe.dead") == "53100disk full");
  CHECK(fleet.run(runs[0]).state == "failed");
  CHECK(fleet.run(runs[0]).error == "disk full");
  const std::string task = database.text("SELECT id FROM lethe.dead");
  fleet.control().tasks().retry(task, "test");
  CHECK(fleet.run(runs[0]).state == "cleaning");
  const auto revived = lease_all(fleet, fleet.worker());
  REQUIRE(revived.size() == 1);
  CHECK(revived[0].attempts == 1);
}

TEST_CASE("totals only grow whatever order reports arrive in", "[queue]") {
  TestDatabase database;
  RunDriver fleet(database);
  const auto runs = start_runs(fleet, 1);
  const auto report = [&](std::int64_t rows) {
    Settlement settlement = settlement_of(lease_all(fleet, fleet.worker()).at(0), Outcome::again);
    settlement.rows = rows;
    settlement.batches = rows / 10;
    CHECK(fleet.settle(settlement) == Settled::yes);
  };
  report(100);
  report(70);
  report(130);
  CHECK(fleet.run(runs[0]).rows == 130);
  CHECK(fleet.run(runs[0]).batches == 13);
}

TEST_CASE("a cancelled run ends when its leased tasks have settled", "[queue]") {
  TestDatabase database;
  RunDriver fleet(database);
  const auto runs = start_runs(fleet, 2);
  const auto tasks = lease_all(fleet, fleet.worker());
  REQUIRE(tasks.size() == 2);
  fleet.control().runs().cancel(runs[0], "test");
  CHECK(fleet.run(runs[0]).state == "planned");
  const auto reply = fleet.registry().beat(fleet.worker(), 2, false);
  REQUIRE(reply.cancelled.size() == 1);
  for (const auto& task : tasks)
    CHECK(fleet.settle(settlement_of(task, Outcome::again)) == Settled::yes);
  CHECK(fleet.run(runs[0]).state == "cancelled");
  CHECK(fleet.run(runs[1]).state == "planned");
  fleet.control().runs().cancel(runs[1], "test");
  CHECK(fleet.run(runs[1]).state == "cancelled");
  CHECK_THROWS_WITH(fleet.control().runs().cancel(runs[1], "test"), test::contains("has ended"));
}

TEST_CASE("a run that is cancelled while it is planned deletes nothing", "[queue]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  const std::string run = fleet.start(test::policy_of("", 5));
  const auto plan = fleet.lease();
  REQUIRE(plan);
  fleet.control().runs().cancel(run, "test");
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  CHECK(fleet.work_off(run).state == "cancelled");
  CHECK(database.number("SELECT count(*) FROM public.t") == 240);
}

TEST_CASE("a run past its deadline expires with what is left of it", "[queue]") {
  TestDatabase database;
  RunDriver fleet(database);
  const auto runs = start_runs(fleet, 1);
  database.execute("UPDATE lethe.items SET expire_deadline = clock_timestamp() - interval '1 s'");
  database.execute("UPDATE lethe.runs SET expire_at = clock_timestamp() - interval '1 s'");
  CHECK(lease_all(fleet, fleet.worker()).empty());
  CHECK(fleet.scheduler().expire(fleet.term(), 100) == 1);
  CHECK(fleet.run(runs[0]).state == "expired");
}

TEST_CASE("paused tasks are not leased and a resumed fleet goes on where it was", "[queue]") {
  TestDatabase database;
  test::make_plain_table(database, 48);
  RunDriver fleet(database);
  fleet.apply(test::policy_of("one", 1));
  fleet.apply(test::policy_of("two", 1));
  const std::string one = fleet.start_stored("one");
  const std::string two = fleet.start_stored("two");
  auto& operators = fleet.control().fleet();
  operators.pause({.scope = PauseScope::policy, .name = "one"}, "test", "ana");
  auto task = fleet.lease();
  REQUIRE(task);
  CHECK(task->run.value == two);
  CHECK_FALSE(fleet.lease());
  operators.pause({.scope = PauseScope::all, .name = ""}, "freeze", "ana");
  CHECK(fleet.settle(settlement_of(*task, Outcome::release)) == Settled::yes);
  CHECK_FALSE(fleet.lease());
  // Settled during the pause, so it was not parked by it; it is paused all the same.
  const auto why = fleet.control().tasks().why(task->lease.task.value);
  REQUIRE(why);
  CHECK(why->state == "paused");
  CHECK(why->paused_by == "ana");
  CHECK(fleet.control().tasks().find(task->lease.task.value)->state == "paused");
  CHECK(operators.resume({.scope = PauseScope::policy, .name = "one"}, "ana"));
  CHECK_FALSE(operators.resume({.scope = PauseScope::policy, .name = "one"}, "ana"));
  CHECK_FALSE(fleet.lease());
  CHECK(operators.resume({.scope = PauseScope::all, .name = ""}, "ana"));
  CHECK(fleet.work_off(one).state == "satisfied");
  CHECK(fleet.work_off(two).state == "satisfied");
}

TEST_CASE("every operator action stands in an unbroken audit chain", "[audit]") {
  TestDatabase database;
  RunDriver fleet(database);
  const auto runs = start_runs(fleet, 3);
  fleet.control().runs().cancel(runs[0], "ana");
  CHECK(database.number("SELECT count(*) FROM lethe.audit") == 5);
  CHECK(database.number("SELECT max(id) FROM lethe.audit") == 5);
  CHECK(database.number("SELECT count(*) FROM lethe.audit a LEFT JOIN lethe.audit p ON p.id = a.id "
                        "- 1 WHERE a.prev_hash <> coalesce(p.hash, '')") == 0);
}
