// What a run does that is to vacuum what it cleaned, and what keeps it from that.

#include <future>

#include "common/db/pg_task_runner.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::OtherSession;
using test::RunDriver;
using test::TestDatabase;

namespace {

Policy vacuuming(std::int64_t days, const std::string& table = "t") {
  Policy policy = test::policy_of("", days, table);
  policy.vacuum = true;
  return policy;
}

/// These tables and no other were vacuumed and analyzed, once each.
bool vacuumed(TestDatabase& database, const std::string& tables) {
  return test::is_reported(
      database,
      "SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') = '" + tables +
          "' FROM pg_stat_user_tables WHERE last_vacuum IS NOT NULL AND last_analyze IS NOT NULL "
          "AND vacuum_count = 1 AND schemaname = 'public'");
}

/// A table that points at public.t.
const std::string child =
    "CREATE TABLE public.child (t_id bigint REFERENCES public.t); CREATE INDEX ON public.child "
    "(t_id); INSERT INTO public.child SELECT id FROM public.t";

Policy with_child(Policy policy, const std::string& table = "child") {
  policy.cascade = {{"public", table}};
  return policy;
}

/// public.t with rows to delete, and a run of which only the vacuum is left.
struct Ground {
  TestDatabase database;
  std::optional<RunDriver> fleet;
  std::string run;

  explicit Ground(const Policy& policy = vacuuming(100), const std::string& more = "SELECT 1") {
    test::make_plain_table(database, 5'000);
    database.execute("ALTER TABLE public.t SET (autovacuum_enabled = off)");
    database.execute(more);
    fleet.emplace(database);
    run = fleet->start(policy);
    while (fleet->run(run).state != "vacuuming") static_cast<void>(step());
  }

  /// Does one step of the next task and settles it.
  Settlement step() {
    const auto task = fleet->lease();
    REQUIRE(task);
    const auto settlement = fleet->step(*task);
    REQUIRE(settlement);
    REQUIRE(fleet->settle(*settlement) == Settled::yes);
    return *settlement;
  }

  LeasedTask lease() {
    auto task = fleet->lease();
    REQUIRE(task);
    REQUIRE(task->kind == TaskKind::vacuum);
    return *task;
  }
};

}  // namespace

TEST_CASE("a run that is to vacuum gives back what it can before it is satisfied", "[vacuum]") {
  Ground ground;
  const Space before = ground.fleet->run(ground.run).space.value();
  CHECK(*before.dead_bytes > 0);
  CHECK(ground.fleet->run(ground.run).vacuum.empty());
  CHECK(test::autovacuum_is_away(ground.database));
  const RunRow run = ground.fleet->work_off(ground.run);
  CHECK(run.state == "satisfied");
  CHECK(run.vacuum == "done");
  CHECK(run.error.empty());
  CHECK(vacuumed(ground.database, "t"));
  if (test::statistics_are_instant(ground.database)) CHECK(*run.space->dead_bytes == 0);
  CHECK(run.space->returnable_bytes == test::if_tid_ranges(ground.database, 0));
  CHECK(run.space->table_bytes < before.table_bytes);
  CHECK(ground.database.number("SELECT count(*) FROM lethe.items") == 0);
  CHECK(ground.database.number("SELECT count(*) FROM lethe.dead") == 0);
}

TEST_CASE("only what a run cleaned is vacuumed and children under cascade with it", "[vacuum]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database);
  RunRow run = fleet.work_off(fleet.start(vacuuming(130, "p")));
  CHECK(run.vacuum == "done");
  CHECK(vacuumed(database, "p_m5 p_m6"));
  test::make_plain_table(database, 100);
  database.execute(
      "CREATE TABLE public.\"Odd child\" (t_id bigint REFERENCES public.t) PARTITION BY HASH "
      "(t_id); CREATE TABLE public.\"Odd leaf\" PARTITION OF public.\"Odd child\" FOR VALUES WITH "
      "(MODULUS 1, REMAINDER 0); CREATE INDEX ON public.\"Odd child\" (t_id); INSERT INTO "
      "public.\"Odd child\" SELECT id FROM public.t");
  run = fleet.work_off(fleet.start(with_child(vacuuming(1), "Odd child")));
  INFO(run.error);
  CHECK(run.vacuum == "done");
  CHECK(vacuumed(database, "Odd leaf p_m5 p_m6 t"));
}

TEST_CASE("a run that is not to vacuum or has deleted nothing does not", "[vacuum]") {
  TestDatabase database;
  test::make_plain_table(database, 100);
  RunDriver fleet(database);
  CHECK(fleet.work_off(fleet.start(test::policy_of("", 1))).vacuum.empty());
  const RunRow idle = fleet.work_off(fleet.start(vacuuming(1'000)));
  CHECK(idle.state == "satisfied");
  CHECK(idle.vacuum.empty());
  CHECK(vacuumed(database, ""));
}

TEST_CASE("a vacuum that meets a lock is tried again and the run is satisfied at last",
          "[vacuum]") {
  Ground ground;
  OtherSession other(ground.database.url());
  other.execute("LOCK TABLE public.t IN SHARE UPDATE EXCLUSIVE MODE");
  CHECK(ground.step().outcome == Outcome::again);
  const Settlement settlement = ground.step();
  CHECK(settlement.outcome == Outcome::fail);
  CHECK(settlement.sqlstate == "55P03");
  CHECK(ground.fleet->run(ground.run).state == "vacuuming");
  other.commit();
  CHECK(ground.fleet->work_off(ground.run).vacuum == "done");
}

TEST_CASE("a table that is locked does not keep the others from being vacuumed", "[vacuum]") {
  Ground ground(with_child(vacuuming(100)), child);
  OtherSession other(ground.database.url());
  other.execute("LOCK TABLE public.t IN SHARE UPDATE EXCLUSIVE MODE");
  CHECK(ground.step().outcome == Outcome::again);
  CHECK(vacuumed(ground.database, "child"));
  CHECK(ground.step().error == "VACUUM of public.t: canceling statement due to lock timeout");
  other.commit();
  CHECK(ground.fleet->work_off(ground.run).vacuum == "done");
  CHECK(vacuumed(ground.database, "child t"));
}

TEST_CASE("a vacuum that fails says why and the run is satisfied", "[vacuum]") {
  Ground ground;
  ground.database.execute(
      "CREATE FUNCTION public.key(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1'; "
      "CREATE INDEX ON public.t (public.key(id)); CREATE OR REPLACE FUNCTION public.key(bigint) "
      "RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE ''no key today''; END'");
  const RunRow run = ground.fleet->work_off(ground.run);
  CHECK(run.state == "satisfied");
  CHECK(run.vacuum == "VACUUM of public.t: no key today");
  CHECK(ground.database.number("SELECT count(*) FROM lethe.dead") == 0);
}

TEST_CASE("a vacuum goes on after the tables that another worker did", "[vacuum]") {
  Ground ground;
  const LeasedTask task = ground.lease();
  ground.database.execute("INSERT INTO lethe.fence (task, run, epoch, cursor) VALUES ('" +
                          task.lease.task.value + "', '" + ground.run +
                          "', 0, 'public.t'::regclass::oid::text)");
  REQUIRE(ground.fleet->settle(*ground.fleet->step(task)) == Settled::yes);
  CHECK(ground.fleet->run(ground.run).vacuum == "done");
  CHECK(vacuumed(ground.database, ""));
}

TEST_CASE("a vacuum that never gets its lock says so and the run is satisfied", "[vacuum]") {
  Ground ground;
  OtherSession other(ground.database.url());
  other.execute("LOCK TABLE public.t IN SHARE UPDATE EXCLUSIVE MODE");
  const RunRow run = ground.fleet->work_off(ground.run);
  CHECK(run.state == "satisfied");
  CHECK(run.vacuum == "VACUUM of public.t: canceling statement due to lock timeout");
  CHECK(ground.database.number("SELECT count(*) FROM lethe.dead") == 0);
}

TEST_CASE("a late worker does not vacuum behind a newer lease", "[vacuum]") {
  Ground ground;
  const LeasedTask task = ground.lease();
  ground.database.execute("INSERT INTO lethe.fence (task, run, epoch) VALUES ('" +
                          task.lease.task.value + "', '" + ground.run + "', 99)");
  CHECK_FALSE(ground.fleet->step(task));
  CHECK(vacuumed(ground.database, ""));
}

TEST_CASE("a halted target is not vacuumed until it is resumed", "[vacuum]") {
  Ground ground;
  ground.database.execute("UPDATE lethe.gate SET halted = true WHERE policy = '*'");
  const auto settlement = ground.fleet->step(ground.lease());
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::release);
  REQUIRE(ground.fleet->settle(*settlement) == Settled::yes);
  CHECK(vacuumed(ground.database, ""));
  ground.database.execute("UPDATE lethe.gate SET halted = false WHERE policy = '*'");
  CHECK(ground.fleet->work_off(ground.run).vacuum == "done");
}

TEST_CASE("a vacuum does not keep its run open until the policy's window opens again", "[vacuum]") {
  TestDatabase database;
  test::make_plain_table(database, 100);
  RunDriver fleet(database);
  Policy policy = vacuuming(1);
  policy.name = "p";
  fleet.apply(policy);
  const std::string run = fleet.start_stored("p");
  auto task = fleet.lease();
  while (fleet.run(run).state != "verifying") {
    REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
    task = fleet.lease();
    REQUIRE(task);
  }
  database.execute(
      "UPDATE lethe.policies SET window_from = (minute + 60) % 1440, window_to = (minute + 120) % "
      "1440 FROM (SELECT (extract(hour FROM now) * 60 + extract(minute FROM now))::integer AS "
      "minute FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) c) m");
  REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
  task = fleet.lease();
  REQUIRE(task);
  CHECK(task->kind == TaskKind::vacuum);
  CHECK(fleet.settle(*fleet.step(*task)) == Settled::yes);
  CHECK(fleet.run(run).vacuum == "done");
}

TEST_CASE("a run that is cancelled while its vacuum waits is satisfied without it", "[vacuum]") {
  Ground ground;
  ground.fleet->control().runs().cancel(ground.run, "test");
  const RunRow run = ground.fleet->work_off(ground.run);
  CHECK(run.state == "satisfied");
  CHECK(run.vacuum == "cancelled");
  CHECK(vacuumed(ground.database, ""));
}

TEST_CASE("a lease of a vacuum is thirty times as long as others and the worker knows",
          "[vacuum]") {
  Ground ground;
  const LeasedTask task = ground.lease();
  CHECK(task.lease_left == 3'600s);
  CHECK(ground.database.number("SELECT round(extract(epoch FROM lease_deadline - leased_at)) FROM "
                               "lethe.items") == 3'600);
}

TEST_CASE("a vacuum that takes longer than its time is left to autovacuum", "[vacuum]") {
  Ground ground;
  const LeasedTask task = ground.lease();
  const auto context = ground.fleet->queue().run_context(task.run, task.kind);
  REQUIRE(context);
  db::PgTaskRunner runner("lethe-test");

  ground.database.execute("UPDATE public.t SET note = note || note");
  const auto result = runner.vacuum(*context, task.lease, 1ms);
  const auto* trouble = std::get_if<TargetTrouble>(&result);
  REQUIRE(trouble != nullptr);
  CHECK(trouble->kind == TargetTrouble::Kind::timed_out);
}

TEST_CASE("a vacuum stops when it is cancelled", "[vacuum]") {
  Ground ground;
  OtherSession other(ground.database.url());
  other.execute("LOCK TABLE public.t IN SHARE UPDATE EXCLUSIVE MODE");
  const LeasedTask task = ground.lease();
  const auto context = ground.fleet->queue().run_context(task.run, task.kind);
  REQUIRE(context);
  db::PgTaskRunner runner("lethe-test", db::Superusers::allow, 60s);
  auto running =
      std::async(std::launch::async, [&] { return runner.vacuum(*context, task.lease, 60s); });
  CHECK(test::somebody_waits(ground.database));
  runner.cancel();
  const auto result = running.get();
  const auto* trouble = std::get_if<TargetTrouble>(&result);
  REQUIRE(trouble != nullptr);
  CHECK(trouble->kind == TargetTrouble::Kind::timed_out);
}
