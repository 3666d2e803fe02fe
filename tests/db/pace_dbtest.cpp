// Limits of rows per second that hold for the whole fleet.

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// A target `app` with so many rows per second and a run whose tasks wait.
void set_up(RunDriver& fleet, TestDatabase& database, std::int64_t rows_per_second, int tasks) {
  fleet.control().targets().put(
      {.name = "app", .url = database.url(), .max_running = 2, .rows_per_second = rows_per_second},
      "test");
  database.execute(
      "INSERT INTO lethe.runs (id, target, policy, spec, spec_sha256, state, as_of, cutoff, "
      "expire_at, requested_by, verify_payload) VALUES ('run', 'app', 'p', '{}', 'x', 'cleaning', "
      "now(), now(), now() + interval '1 day', 'test', '')");
  database.execute(
      "INSERT INTO lethe.items (id, expire_deadline, kind, payload, run_id, policy, target, vft) "
      "SELECT 't' || n, now() + interval '1 day', 'clean', '', 'run', 'p', 'app', "
      "lethe.place(clock_timestamp(), 2) + n FROM generate_series(1, " +
      std::to_string(tasks) + ") n");
  fleet.recount();
}

LeaseRequest two_of(RunDriver& fleet) {
  return {
      .worker = fleet.worker(), .tasks_max = 2, .length = 120s, .lanes = {"normal"}, .targets = {}};
}

Settlement batch_of(const LeasedTask& task, std::int64_t rows) {
  Settlement result;
  result.lease = task.lease;
  result.run = task.run;
  result.target = task.target;
  result.outcome = Outcome::done;
  result.batch_rows = rows;
  result.policy = "p";
  return result;
}

/// Seconds that are still to be paid.
std::int64_t owed(TestDatabase& database, const std::string& scope, const std::string& name) {
  return database.number("SELECT round(extract(epoch FROM lethe.paid_until('" + scope + "', '" +
                         name + "') - clock_timestamp()))::bigint");
}

}  // namespace

TEST_CASE("a target that is ahead of its rows per second admits nothing until that is paid off",
          "[pace]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_up(fleet, database, 100, 6);
  const auto first = fleet.queue().lease(two_of(fleet));
  REQUIRE(first.size() == 2);
  // Two batches at once: both were charged, whoever ran them.
  const auto next =
      fleet.queue().exchange({batch_of(first[0], 5'000), batch_of(first[1], 7'000)}, two_of(fleet));
  CHECK(next.leased.empty());
  CHECK(owed(database, "target", "app") == 120);
  const auto why = fleet.control().tasks().why("t6");
  REQUIRE(why.has_value());
  CHECK_FALSE(why->paced_until.empty());
  CHECK(why->rows_per_second == 100);
  database.execute("UPDATE lethe.paces SET paid_until = clock_timestamp()");
  CHECK(fleet.queue().lease(two_of(fleet)).size() == 2);
}

TEST_CASE("charges add up and time that nobody used is not saved", "[pace]") {
  TestDatabase database;
  RunDriver fleet(database);
  set_up(fleet, database, 1'000, 6);
  auto leased = fleet.queue().lease(two_of(fleet));
  REQUIRE(leased.size() == 2);
  static_cast<void>(fleet.queue().settle({batch_of(leased[0], 30'000)}));
  static_cast<void>(fleet.queue().settle({batch_of(leased[1], 30'000)}));
  CHECK(owed(database, "target", "app") == 60);
  database.execute("UPDATE lethe.paces SET paid_until = clock_timestamp() - interval '1 hour'");
  leased = fleet.queue().lease(two_of(fleet));
  REQUIRE(leased.size() == 2);
  static_cast<void>(fleet.queue().settle({batch_of(leased[0], 10'000)}));
  CHECK(owed(database, "target", "app") == 10);
}

TEST_CASE("tasks of a policy that is ahead of its rows per second are put off and others run",
          "[pace]") {
  TestDatabase database;
  RunDriver fleet(database);
  Policy policy = test::policy_of("p", 30);
  policy.batch.rows_per_second = 10;
  fleet.control().policies().apply(policy, {.exists = false, .epoch = 0}, std::nullopt, "test");
  set_up(fleet, database, 0, 4);
  database.execute("UPDATE lethe.items SET policy = 'q' WHERE id = 't4'");
  const auto first = fleet.queue().lease(two_of(fleet));
  REQUIRE(first.size() == 2);
  const auto next =
      fleet.queue().exchange({batch_of(first[0], 600), batch_of(first[1], 0)}, two_of(fleet));
  CHECK(owed(database, "policy", "p") == 60);
  REQUIRE(next.leased.size() == 1);
  CHECK(next.leased[0].lease.task.value == "t4");
  CHECK(database.number("SELECT round(extract(epoch FROM enqueue_at - clock_timestamp())) FROM "
                        "lethe.items WHERE id = 't3'") == 60);
}

TEST_CASE("a run under a limit deletes everything in its own time", "[pace]") {
  TestDatabase database;
  test::make_plain_table(database, 2'000);
  RunDriver fleet(database);
  Policy policy = test::policy_of("p", 1);
  policy.batch.rows_per_second = 1'000'000;
  policy.batch.duty_percent = 50;
  fleet.apply(policy);
  const auto run = fleet.work_off(fleet.start_stored("p"));
  CHECK(run.state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM lethe.paces WHERE scope = 'policy'") == 1);
}
