// What does not go on until a person has looked. docs/freezes.md.

#include "common/db/pg_clock_store.hpp"
#include "common/db/pg_task_runner.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/hold_steps.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::contains;
using test::lease_planned;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// A fleet that has worked off one run of a target, and so knows its database.
struct Known {
  TestDatabase database;
  RunDriver fleet{database};

  Known() {
    test::make_plain_table(database, 240);
    REQUIRE(fleet.work_off(fleet.start(test::policy_of("", 9))).rows == 25);
  }
  std::int64_t rows() { return database.number("SELECT count(*) FROM public.t"); }
  std::string frozen() { return fleet.control().targets().find("app")->frozen; }
  std::string gate() {
    return database.text("SELECT frozen_by FROM lethe.gate WHERE policy = '*'");
  }
  std::int64_t audited(const std::string& action) {
    return database.number("SELECT count(*) FROM lethe.audit WHERE action = '" + action + "'");
  }
  /// As `lethe target acknowledge`.
  void acknowledge_target() {
    fleet.target().thaw(Freeze::Kind::database);
    CHECK(fleet.control().fleet().thaw({PauseScope::target, "app"}, "ana"));
  }
  /// As `lethe clock acknowledge`.
  void acknowledge_clock() {
    fleet.target().thaw(Freeze::Kind::clock);
    CHECK(fleet.control().fleet().thaw({PauseScope::all, ""}, "ana"));
  }
};

void check_frozen(Known& known, const std::optional<Settlement>& settlement,
                  const std::string& why) {
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::release);
  CHECK_THAT(settlement->error, contains(why) && contains("lethe target acknowledge app"));
  REQUIRE(known.fleet.settle(*settlement) == Settled::yes);
  CHECK_THAT(known.frozen(), contains(why));
  CHECK(known.gate() == "database");
  CHECK(known.audited("target.freeze") == 1);
  CHECK_FALSE(known.fleet.lease());
  known.database.execute("UPDATE lethe.items SET enqueue_at = NULL");
  known.fleet.recount();
  CHECK_FALSE(known.fleet.lease());
  CHECK(known.rows() == 215);
}

}  // namespace

TEST_CASE("a run teaches the control database which database its target is", "[freezes]") {
  Known known;
  CHECK(known.database.text(
            "SELECT (d.system_identifier = (SELECT system_identifier::text FROM "
            "pg_control_system()) AND d.database_oid = (SELECT oid FROM pg_database WHERE datname "
            "= current_database()) AND d.timeline = (SELECT timeline FROM lethe.ledger LIMIT 1) "
            "AND (d.ledger_id, d.ledger_hash) = (SELECT id, hash FROM lethe.ledger ORDER BY id "
            "DESC LIMIT 1) AND d.task = (SELECT task FROM lethe.fence ORDER BY created_at DESC "
            "LIMIT 1))::text FROM lethe.target_databases d") == "true");
  CHECK(known.fleet.work_off(known.fleet.start(test::policy_of("", 5))).state == "satisfied");
}

TEST_CASE("a target whose database is another one than before is frozen until it is acknowledged",
          "[freezes]") {
  struct Case {
    std::string change;
    std::string why;
  };
  const auto [change, why] = GENERATE(
      Case{"system_identifier = '1'", "another cluster"},
      Case{"database_oid = 1", "another database"}, Case{"timeline = timeline + 1", "timeline"},
      Case{"timeline = 0", "timeline"}, Case{"ledger_hash = 'x'", "its ledger lacks row"},
      Case{"ledger_id = 999999", "its ledger lacks row 999999"},
      Case{"task = 'gone'", "does not know task gone"});
  const bool after_the_plan = GENERATE(false, true);
  Known known;
  const std::string run = known.fleet.start(test::policy_of("", 5));
  std::optional<LeasedTask> task;
  if (after_the_plan) task = lease_planned(known.fleet);
  known.database.execute("UPDATE lethe.target_databases SET " + change);
  if (!task) task = known.fleet.lease();
  REQUIRE(task);
  INFO(change);
  check_frozen(known, known.fleet.step(*task), why);
  known.acknowledge_target();
  CHECK(known.frozen().empty());
  CHECK(known.gate().empty());
  CHECK(known.audited("target.acknowledge") == 1);
  const RunRow ended = known.fleet.work_off(run);
  CHECK(ended.state == "satisfied");
  CHECK(ended.rows == 96);
}

TEST_CASE("a resumed target that is frozen stays frozen", "[freezes]") {
  Known known;
  known.database.execute("UPDATE lethe.target_databases SET system_identifier = '1'");
  const std::string run = known.fleet.start(test::policy_of("", 5));
  const auto task = known.fleet.lease();
  REQUIRE(task);
  check_frozen(known, known.fleet.step(*task), "another cluster");
  auto& fleet = known.fleet.control().fleet();
  fleet.pause({PauseScope::target, "app"}, "x", "ana");
  CHECK(fleet.pauses().size() == 2);
  CHECK(fleet.resume({PauseScope::target, "app"}, "ana"));
  CHECK_FALSE(fleet.resume({PauseScope::target, "app"}, "ana"));
  known.fleet.target().open_gate();
  CHECK(known.fleet.work_off(run).rows == 0);
  CHECK(known.rows() == 215);
  REQUIRE(fleet.pauses().size() == 1);
  CHECK(fleet.pauses().at(0).frozen);
}

TEST_CASE("a standby that took over is followed where the target is to survive it", "[freezes]") {
  Known known;
  known.fleet.control().targets().put(
      {.name = "app", .url = known.database.url(), .survives_failover = true}, "test");
  known.database.execute("UPDATE lethe.target_databases SET timeline = 0");
  CHECK(known.fleet.work_off(known.fleet.start(test::policy_of("", 5))).state == "satisfied");
  CHECK(known.database.number("SELECT timeline FROM lethe.target_databases") > 0);
}

TEST_CASE("what a target has forgotten by now is not asked of it", "[freezes]") {
  Known known;
  known.database.execute(
      "UPDATE lethe.target_databases SET task = 'gone', task_at = now() - interval '26 days'");
  CHECK(known.fleet.work_off(known.fleet.start(test::policy_of("", 5))).state == "satisfied");
}

TEST_CASE("a target whose clock is too far from the control database's loses no row", "[freezes]") {
  const std::int64_t skew = GENERATE(-100, 100);
  Known known;
  const std::string run = known.fleet.start(test::policy_of("", 5));
  const auto task = known.fleet.lease();
  REQUIRE(task);
  auto context = known.fleet.queue().run_context(task->run, task->kind);
  REQUIRE(context);
  CHECK(context->clock_skew_seconds == 60);
  context->clock.us += skew * 1'000'000;
  db::PgTaskRunner runner("lethe-test");
  const auto looked = runner.look(*context, task->lease);
  const auto* trouble = std::get_if<TargetTrouble>(&looked);
  REQUIRE(trouble != nullptr);
  CHECK(trouble->kind == TargetTrouble::Kind::unsupported);
  CHECK_THAT(trouble->message,
             contains(skew < 0 ? "ahead of the control database's" : "behind the control"));
  context->clock_skew_seconds = 200;
  CHECK(std::holds_alternative<PlanFacts>(runner.look(*context, task->lease)));
}

TEST_CASE("a jump of the clock freezes everything until it is acknowledged", "[freezes]") {
  Known known;
  test::FakeClock process;  // for which no time passes
  db::Session session(db::control_session(known.database.url(), "lethe-test"));
  db::PgClockStore store(session);
  ClockWatch watch({.jump = 0s, .gap = 36h}, process, store);
  watch.run_once();
  known.fleet.apply(test::policy_of("p", 5));
  known.database.execute("UPDATE lethe.policies SET next_fire_at = now()");
  CHECK(known.fleet.scheduler().due_policies(10, "").size() == 1);
  const std::string run = known.fleet.start_stored("p");
  const auto leased = known.fleet.lease();  // before anybody knew of the jump
  REQUIRE(leased);
  known.database.execute("SELECT pg_sleep(0.01)");
  watch.run_once();
  CHECK_THAT(known.frozen(), contains("it jumped") && contains("lethe clock acknowledge"));
  CHECK(known.audited("clock.freeze") == 1);
  CHECK(known.fleet.scheduler().due_policies(10, "").empty());
  const auto stopped = known.fleet.step(*leased);
  REQUIRE(stopped);
  CHECK(stopped->outcome == Outcome::release);
  CHECK_THAT(stopped->error, contains("it jumped"));
  CHECK(known.gate() == "clock");
  REQUIRE(known.fleet.settle(*stopped) == Settled::yes);
  CHECK(known.fleet.work_off(run).rows == 0);
  CHECK(known.rows() == 215);
  known.acknowledge_clock();
  CHECK(known.gate().empty());
  CHECK(known.audited("clock.acknowledge") == 1);
  CHECK(known.fleet.work_off(run).rows == 96);
}

TEST_CASE("a fleet that comes back after more than a day and a half asks a person first",
          "[freezes]") {
  const bool too_long = GENERATE(false, true);
  Known known;
  known.database.execute("INSERT INTO lethe.clock (seen_at) SELECT now() - interval '36 hours' + " +
                         std::string(too_long ? "-" : "") + "interval '1 minute'");
  test::FakeClock process;
  db::Session session(db::control_session(known.database.url(), "lethe-test"));
  db::PgClockStore store(session);
  const std::string run = known.fleet.start(test::policy_of("", 5));
  ClockWatch({}, process, store).run_once();
  CHECK(known.fleet.work_off(run).rows == (too_long ? 0 : 96));
  if (!too_long) return;
  CHECK_THAT(known.frozen(), contains("either the fleet was off for 36 h or a clock jumped"));
  ClockWatch({}, process, store).run_once();
  CHECK(known.audited("clock.freeze") == 1);
  known.acknowledge_clock();
  ClockWatch({}, process, store).run_once();
  CHECK(known.fleet.work_off(run).rows == 96);
}

TEST_CASE("nothing fires and no plan is made on a clock that nobody has looked at lately",
          "[freezes]") {
  Known known;
  known.fleet.apply(test::policy_of("p", 5));
  const std::string run = known.fleet.start_stored("p");
  known.database.execute(
      "UPDATE lethe.policies SET next_fire_at = now(); INSERT INTO lethe.clock (seen_at) VALUES "
      "(now() - interval '6 minutes')");
  CHECK(known.fleet.scheduler().due_policies(10, "").empty());
  const auto task = known.fleet.lease();
  REQUIRE(task);
  const auto stopped = known.fleet.step(*task);
  REQUIRE(stopped);
  CHECK(stopped->outcome == Outcome::release);
  CHECK_THAT(stopped->error, contains("nobody has looked lately"));
  CHECK(known.gate().empty());
  REQUIRE(known.fleet.settle(*stopped) == Settled::yes);
  known.database.execute("UPDATE lethe.clock SET seen_at = now()");
  CHECK(known.fleet.scheduler().due_policies(10, "").size() == 1);
  CHECK(known.fleet.work_off(run).rows == 96);
}

TEST_CASE("a freeze of the clock and one of the database do not end each other", "[freezes]") {
  Known known;
  auto& fleet = known.fleet.control().fleet();
  known.database.execute("UPDATE lethe.target_databases SET database_oid = 1");
  known.fleet.start(test::policy_of("", 5));
  const auto task = known.fleet.lease();
  REQUIRE(task);
  check_frozen(known, known.fleet.step(*task), "another database");
  db::Session session(db::control_session(known.database.url(), "lethe-test"));
  db::PgClockStore(session).freeze("it jumped");
  known.acknowledge_clock();
  CHECK(known.gate() == "database");
  REQUIRE(fleet.pauses().size() == 1);
  CHECK(fleet.pauses().at(0).pause.scope == PauseScope::target);
}
