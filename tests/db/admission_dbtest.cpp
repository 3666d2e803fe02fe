// Who gets the next slot: tenants, caps, weights, lanes, windows, circuits.

#include <algorithm>
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::RunDriver;
using test::TestDatabase;

namespace {

constexpr auto target_of_driver = "app";

/// A target `app` with `slots`, one open run per tenant and tasks that wait; as a plan leaves them.
void add_tasks(TestDatabase& database, const std::string& tenant, int count) {
  const std::string run = "run-" + tenant;
  database.execute(
      "INSERT INTO lethe.runs (id, target, spec, spec_sha256, state, as_of, cutoff, expire_at, "
      "requested_by, tenant, verify_payload) VALUES ('" +
      run +
      "', 'app', '{}', 'x', 'cleaning', "
      "now(), now(), now() + interval '1 day', 'test', '" +
      tenant + "', '') ON CONFLICT DO NOTHING");
  database.execute(
      "INSERT INTO lethe.items (id, expire_deadline, kind, payload, run_id, target, tenant, vft) "
      "SELECT '" +
      tenant + "-' || lpad(n::text, 6, '0'), now() + interval '1 day', 'clean', '', '" + run +
      "', 'app', '" + tenant +
      "', lethe.place(clock_timestamp(), 2) + n "
      "FROM generate_series(1, " +
      std::to_string(count) + ") n");
}

void set_slots(RunDriver& fleet, TestDatabase& database, int slots) {
  fleet.control().targets().put(
      {.name = target_of_driver, .url = database.url(), .max_running = slots}, "test");
}

LeaseRequest request_of(RunDriver& fleet, int tasks, std::vector<std::string> lanes = {"normal"}) {
  return {.worker = fleet.worker(),
          .tasks_max = tasks,
          .length = 120s,
          .lanes = std::move(lanes),
          .targets = {}};
}

Settlement settled(const LeasedTask& task, Outcome outcome, bool target_down = false) {
  Settlement result;
  result.lease = task.lease;
  result.run = task.run;
  result.target = task.target;
  result.outcome = outcome;
  result.target_down = target_down;
  return result;
}

/// Leases and ends tasks until `count` were served; how many of each run.
std::map<std::string, int> serve(RunDriver& fleet, int count, int at_once) {
  std::map<std::string, int> served;
  std::vector<Settlement> settlements;
  int sum = 0;
  while (sum < count) {
    const auto brought = fleet.queue().exchange(settlements, request_of(fleet, at_once));
    settlements.clear();
    if (brought.leased.empty()) break;
    for (const auto& task : brought.leased) {
      ++served[task.run.value];
      ++sum;
      settlements.push_back(settled(task, Outcome::done));
    }
  }
  static_cast<void>(fleet.queue().settle(settlements));
  return served;
}

}  // namespace

TEST_CASE("one tenant with many tasks and many with few are served evenly", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  const int slots = GENERATE(16, 400);
  set_slots(fleet, database, slots);
  add_tasks(database, "heavy", 2'000);
  for (int tenant = 0; tenant < 99; ++tenant)
    add_tasks(database, "light" + std::to_string(tenant), 10);
  fleet.recount();
  const auto served = serve(fleet, 400, 8);
  REQUIRE(served.size() == 100);
  int least = 1'000'000;
  int most = 0;
  for (const auto& [run, count] : served) {
    least = std::min(least, count);
    most = std::max(most, count);
  }
  INFO("slots " << slots << ", least " << least << ", most " << most);
  CHECK(most - least <= 2);
}

TEST_CASE("a tenant with three times the weight gets three times the service", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_slots(fleet, database, 4);
  fleet.control().tenants().set(
      {.target = "app", .tenant = "big", .weight = 300, .max_running = 4, .lane = ""}, "test");
  add_tasks(database, "big", 1'000);
  add_tasks(database, "small", 1'000);
  fleet.recount();
  auto served = serve(fleet, 400, 2);
  INFO("big " << served["run-big"] << ", small " << served["run-small"]);
  CHECK(served["run-big"] >= 270);
  CHECK(served["run-big"] <= 330);
}

TEST_CASE("neither a target's nor a tenant's limit is ever exceeded", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_slots(fleet, database, 7);
  add_tasks(database, "a", 50);
  add_tasks(database, "b", 50);
  fleet.control().tenants().set(
      {.target = "app", .tenant = "a", .weight = 100, .max_running = 2, .lane = ""}, "test");
  fleet.recount();
  const auto first = fleet.queue().lease(request_of(fleet, 100));
  CHECK(std::count_if(first.begin(), first.end(),
                      [](const auto& task) { return task.run.value == "run-a"; }) == 2);
  CHECK(std::count_if(first.begin(), first.end(),
                      [](const auto& task) { return task.run.value == "run-b"; }) == 4);
  CHECK(fleet.queue().lease(request_of(fleet, 100)).empty());
  set_slots(fleet, database, 3);
  CHECK(fleet.settle(settled(first.at(0), Outcome::done)) == Settled::yes);
  CHECK(fleet.queue().lease(request_of(fleet, 100)).empty());  // 5 of 3 are still at work
}

TEST_CASE("a task that has waited long goes before a more urgent one that has just come",
          "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_slots(fleet, database, 1);
  add_tasks(database, "t", 2);
  database.execute(
      "UPDATE lethe.items SET priority = 4, vft = lethe.place(clock_timestamp() - "
      "interval '41 minutes', 4) WHERE id = 't-000001'");
  database.execute(
      "UPDATE lethe.items SET priority = 0, vft = lethe.place(clock_timestamp(), 0) "
      "WHERE id = 't-000002'");
  fleet.recount();
  CHECK(fleet.queue().lease(request_of(fleet, 1)).at(0).lease.task.value == "t-000001");
}

TEST_CASE("a worker takes tasks of its lanes only and the preferred lane first", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_slots(fleet, database, 10);
  add_tasks(database, "t", 3);
  database.execute("INSERT INTO lethe.lanes (name) VALUES ('own')");
  database.execute("UPDATE lethe.items SET lane = 'urgent' WHERE id = 't-000003'");
  database.execute("UPDATE lethe.items SET lane = 'own' WHERE id = 't-000002'");
  fleet.recount();
  fleet.scheduler().advance_lanes(fleet.term());
  const auto one = fleet.queue().lease(request_of(fleet, 1, {"urgent", "normal"}));
  CHECK(one.at(0).lease.task.value == "t-000003");
  const auto rest = fleet.queue().lease(request_of(fleet, 5, {"urgent", "normal"}));
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].lease.task.value == "t-000001");
  CHECK(fleet.queue().lease(request_of(fleet, 5, {"own"})).size() == 1);
}

TEST_CASE("a lane's head never passes a ready task", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_slots(fleet, database, 10);
  add_tasks(database, "", 3);
  fleet.recount();
  {
    test::OtherSession other(database.url());  // has leased the first task, and goes back on it
    other.execute(
        "UPDATE lethe.items SET is_leased = true, leased_by = 1, lease_deadline = now() "
        "WHERE id = '-000001'");
    fleet.scheduler().advance_lanes(fleet.term());
  }
  CHECK(fleet.queue().lease(request_of(fleet, 10)).size() == 3);
  fleet.scheduler().advance_lanes(fleet.term());
}

TEST_CASE("a target out of reach takes no slots and costs no attempt", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_slots(fleet, database, 4);
  add_tasks(database, "", 10);
  fleet.recount();
  for (int failure = 0; failure < 3; ++failure) {
    const auto tasks = fleet.queue().lease(request_of(fleet, 1));
    REQUIRE(tasks.size() == 1);
    auto settlement = settled(tasks[0], Outcome::release, true);
    settlement.error = "no route to host";
    CHECK(fleet.settle(settlement) == Settled::yes);
  }
  CHECK(database.number("SELECT max(attempts) FROM lethe.items") == 0);
  CHECK(database.number("SELECT count(*) FROM lethe.items WHERE admission = 0") == 0);
  CHECK(fleet.queue().lease(request_of(fleet, 4)).empty());
  const auto why = fleet.control().tasks().why("-000001");
  REQUIRE(why);
  CHECK(why->circuit_failures == 3);
  CHECK(why->circuit_error == "no route to host");
  CHECK(fleet.control().targets().find("app")->circuit_until == why->circuit_until);
  database.execute("UPDATE lethe.target_slots SET open_until = clock_timestamp()");
  const auto probe = fleet.queue().lease(request_of(fleet, 4));
  REQUIRE(probe.size() == 1);
  CHECK(fleet.settle(settled(probe[0], Outcome::again)) == Settled::yes);
  CHECK(fleet.queue().lease(request_of(fleet, 10)).size() == 4);
  CHECK(fleet.control().targets().find("app")->circuit_until.empty());
}

TEST_CASE("a task outside its policy's window is scheduled for the opening", "[admission]") {
  TestDatabase database;
  test::make_plain_table(database, 10);
  RunDriver fleet(database);
  Policy policy = test::policy_of("p", 5);
  fleet.apply(policy);
  const std::string minute = "(extract(hour FROM now) * 60 + extract(minute FROM now))::integer";
  database.execute("UPDATE lethe.policies SET window_from = (" + minute +
                   " + 60) % 1440, window_to "
                   "= (" +
                   minute +
                   " + 120) % 1440 FROM (SELECT clock_timestamp() AT TIME ZONE "
                   "'UTC' AS now) c");
  fleet.start_stored("p");
  CHECK_FALSE(fleet.lease());
  CHECK(database.number("SELECT count(*) FROM lethe.items WHERE enqueue_at BETWEEN "
                        "clock_timestamp() + interval '58 minutes' AND clock_timestamp() + "
                        "interval '61 minutes'") == 1);
  const std::string task = database.text("SELECT id FROM lethe.items");
  CHECK_FALSE(fleet.control().tasks().why(task)->window_open);
  database.execute("UPDATE lethe.policies SET window_from = NULL, window_to = NULL");
  database.execute("UPDATE lethe.items SET enqueue_at = clock_timestamp()");
  CHECK(fleet.scheduler().promote(fleet.term(), 100) == 1);
  CHECK(fleet.lease());
}

TEST_CASE("a batch outside its policy's window does not start", "[admission]") {
  TestDatabase database;
  test::make_plain_table(database, 10);
  RunDriver fleet(database);
  Policy policy = test::policy_of("p", 5);
  const auto minute = static_cast<std::int32_t>(
      database.number("SELECT extract(hour FROM now) * 60 + extract(minute FROM now) FROM (SELECT "
                      "clock_timestamp() AT TIME ZONE 'UTC' AS now) c"));
  policy.window = TimeWindow{.from = {(minute + 60) % 1440}, .to = {(minute + 120) % 1440}};
  fleet.apply(policy);
  database.execute("UPDATE lethe.policies SET window_from = NULL, window_to = NULL");
  fleet.start_stored("p");
  const auto task = fleet.lease();
  REQUIRE(task);
  const auto end = fleet.step(*task);
  REQUIRE(end);
  CHECK(end->outcome == Outcome::release);
  CHECK_THAT(end->error, test::contains("window"));
}

TEST_CASE("what a worker took with it when it died is counted anew", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_slots(fleet, database, 2);
  add_tasks(database, "", 6);
  fleet.recount();
  const auto tasks = fleet.queue().lease(request_of(fleet, 2));
  REQUIRE(tasks.size() == 2);
  // Its leases end, but admission never hears of it.
  database.execute("DELETE FROM lethe.items WHERE is_leased");
  CHECK(fleet.queue().lease(request_of(fleet, 2)).empty());
  fleet.recount();
  CHECK(fleet.queue().lease(request_of(fleet, 2)).size() == 2);
}

TEST_CASE("a paused tenant gets no new task and goes on when it is resumed", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_slots(fleet, database, 8);
  add_tasks(database, "a", 3);
  add_tasks(database, "b", 3);
  fleet.recount();
  fleet.control().fleet().pause({.scope = PauseScope::tenant, .name = "a"}, "why", "test");
  const auto tasks = fleet.queue().lease(request_of(fleet, 10));
  CHECK(tasks.size() == 3);
  for (const auto& task : tasks) CHECK(task.run.value == "run-b");
  CHECK(fleet.control().tasks().why("a-000001")->state == "paused");
  CHECK(fleet.control().fleet().resume({.scope = PauseScope::tenant, .name = "a"}, "test"));
  CHECK(fleet.queue().lease(request_of(fleet, 10)).size() == 3);
}

TEST_CASE("a run with the same source id is not started twice", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 5);
  policy.target = "app";
  StartOptions options;
  options.source_id = "ticket-7";
  options.not_before = "2 hours";
  const auto first = fleet.control().runs().start(policy, options, "test");
  const auto second = fleet.control().runs().start(policy, options, "test");
  CHECK(first.is_new);
  CHECK_FALSE(second.is_new);
  CHECK(second.id == first.id);
  CHECK_FALSE(fleet.lease());
  CHECK(database.number("SELECT count(*) FROM lethe.items WHERE enqueue_at > clock_timestamp() + "
                        "interval '119 minutes'") == 1);
}

TEST_CASE("a dead letter goes back under its own id and opens its run again", "[admission]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_slots(fleet, database, 8);
  add_tasks(database, "", 1);
  fleet.recount();
  const auto tasks = fleet.queue().lease(request_of(fleet, 1));
  auto end = settled(tasks.at(0), Outcome::dead);
  end.error = "permission denied for table t";
  end.sqlstate = "42501";
  CHECK(fleet.settle(end) == Settled::yes);
  CHECK(fleet.run("run-").state == "failed");
  DeadFilter filter;
  filter.reason = "permission";
  REQUIRE(fleet.control().dead().list(filter).size() == 1);
  CHECK(fleet.control().dead().list(filter)[0].sqlstate == "42501");
  CHECK(fleet.control().dead().retry(filter, "test") == std::vector<std::string>{"-000001"});
  CHECK(fleet.run("run-").state == "cleaning");
  const auto again = fleet.queue().lease(request_of(fleet, 1));
  REQUIRE(again.size() == 1);
  CHECK(again[0].lease.epoch == tasks[0].lease.epoch + 2);
}
