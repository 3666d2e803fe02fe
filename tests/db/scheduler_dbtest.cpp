// Leadership and firing: who leads, and that every instant is accounted for exactly once.

#include <future>

#include "common/db/queries.gen.hpp"
#include "common/db/transact.hpp"
#include "common/policies/policy_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::RunDriver;
using test::TestDatabase;

namespace {

Firing firing_at(const DuePolicy& due, Instant instant) {
  const Policy policy = policy_from_json(due.spec_text);
  return {.policy = due.name,
          .target = policy.target,
          .spec_text = due.spec_text,
          .epoch = due.epoch,
          .retain = to_interval(policy.retain),
          .missed = {},
          .scheduled_for = instant,
          .next = instant + 10s};
}

/// A policy that is due now, applied as the CLI would.
DuePolicy due_policy(TestDatabase& database, RunDriver& fleet) {
  Policy policy = test::policy_of("p", 1);
  policy.schedule = "every 10 s";
  fleet.apply(policy);
  database.execute("UPDATE lethe.policies SET next_fire_at = clock_timestamp() - interval '1 s'");
  const auto due = fleet.scheduler().due_policies(10, "");
  REQUIRE(due.size() == 1);
  return due[0];
}

}  // namespace

TEST_CASE("one scheduler leads until its term ends and the next gets a higher term", "[leader]") {
  TestDatabase database;
  db::Session one({.connection = database.url(), .application_name = "one"});
  db::Session two({.connection = database.url(), .application_name = "two"});
  db::PgLeadership first(one);
  db::PgLeadership second(two);
  const auto term = first.campaign("one", 15s);
  REQUIRE(term);
  CHECK_FALSE(second.campaign("two", 15s));
  REQUIRE(first.campaign("one", 15s));
  CHECK(first.campaign("one", 15s)->number == term->number);
  database.execute("UPDATE lethe.leader SET expires_at = clock_timestamp()");
  const auto next = second.campaign("two", 15s);
  REQUIRE(next);
  CHECK(next->number == term->number + 1);
  second.resign(*next);
  CHECK(first.campaign("one", 15s));
}

TEST_CASE("a leader that stands still inside a duty holds up its successor for seconds only",
          "[leader]") {
  TestDatabase database;
  db::Session one(db::leader_session(database.url(), "one"));
  db::Session two(db::leader_session(database.url(), "two"));
  db::PgLeadership first(one);
  db::PgLeadership second(two);
  const auto term = first.campaign("one", 15s);
  REQUIRE(term);
  std::promise<void> held;
  std::promise<void> go_on;
  auto duty = std::async(std::launch::async, [&] {
    db::transact(one, "duty", [&](db::Transaction& transaction) {
      transaction.exec(db::queries::leader_hold, db::Params::of(term->holder, term->number));
      held.set_value();
      go_on.get_future().wait();
    });
  });
  held.get_future().wait();
  // The server ends its session, which gives the row free.
  CHECK(test::becomes_true(database,
                           "NOT EXISTS (SELECT 1 FROM pg_locks WHERE relation = "
                           "'lethe.leader'::regclass AND mode = 'RowShareLock')"));
  database.execute("UPDATE lethe.leader SET expires_at = clock_timestamp()");
  CHECK(second.campaign("two", 15s));
  go_on.set_value();
  CHECK_THROWS_AS(duty.get(), StoreError);
}

TEST_CASE("a scheduler whose term is over writes nothing", "[leader]") {
  TestDatabase database;
  test::make_plain_table(database, 24);
  RunDriver fleet(database);
  const DuePolicy due = due_policy(database, fleet);
  const Term old = fleet.term();
  database.execute("UPDATE lethe.leader SET expires_at = clock_timestamp()");
  CHECK_FALSE(fleet.scheduler().fire(old, firing_at(due, due.now)).leads);
  CHECK(database.number("SELECT count(*) FROM lethe.runs") == 0);
  db::Session session({.connection = database.url(), .application_name = "two"});
  REQUIRE(db::PgLeadership(session).campaign("two", 15s));
  CHECK(fleet.scheduler().fire(old, firing_at(due, due.now)).run.empty());
  CHECK(fleet.scheduler().promote(old, 10) == 0);
  CHECK(database.number("SELECT count(*) FROM lethe.runs") == 0);
}

TEST_CASE("an instant of a policy fires once however often it is tried", "[firing]") {
  TestDatabase database;
  test::make_plain_table(database, 48);
  RunDriver fleet(database);
  const DuePolicy due = due_policy(database, fleet);
  const Firing firing = firing_at(due, due.now);
  const std::string run = fleet.scheduler().fire(fleet.term(), firing).run;
  CHECK_FALSE(run.empty());
  CHECK(fleet.scheduler().fire(fleet.term(), firing).run.empty());
  CHECK(database.number("SELECT count(*) FROM lethe.runs") == 1);
  CHECK(fleet.work_off(run).state == "satisfied");
  CHECK(fleet.run(run).rows == 25);
  CHECK(fleet.scheduler().due_policies(10, "").empty());
}

TEST_CASE("missed instants and instants during an open run are recorded as skipped", "[firing]") {
  TestDatabase database;
  test::make_plain_table(database, 48);
  RunDriver fleet(database);
  const DuePolicy due = due_policy(database, fleet);
  Firing firing = firing_at(due, due.now);
  firing.missed = {due.now - 20s, due.now - 10s};
  const Fired made = fleet.scheduler().fire(fleet.term(), firing);
  CHECK_FALSE(made.run.empty());
  CHECK(made.skipped == 2);
  const Fired skipped = fleet.scheduler().fire(fleet.term(), firing_at(due, due.now + 10s));
  CHECK(skipped.run.empty());
  CHECK(skipped.skipped == 1);
  const Fired nothing = fleet.scheduler().fire(fleet.term(), firing_at(due, due.now + 10s));
  CHECK(nothing.leads);
  CHECK(nothing.skipped == 0);
  CHECK(
      database.number("SELECT count(*) FROM lethe.runs WHERE state = 'skipped' AND finished_at IS "
                      "NOT NULL AND error LIKE 'missed%'") == 2);
  CHECK(database.number("SELECT count(*) FROM lethe.runs WHERE state = 'skipped' AND error LIKE "
                        "'%still open'") == 1);
  CHECK(database.number("SELECT count(*) FROM lethe.items") == 1);
}

TEST_CASE("a policy that changed since it was read does not fire", "[firing]") {
  TestDatabase database;
  test::make_plain_table(database, 48);
  RunDriver fleet(database);
  const DuePolicy due = due_policy(database, fleet);
  fleet.apply(test::policy_of("p", 30));
  CHECK(fleet.scheduler().fire(fleet.term(), firing_at(due, due.now)).run.empty());
  CHECK(database.number("SELECT count(*) FROM lethe.runs") == 0);
}

TEST_CASE("a fired run has the overrides that the scheduler never saw", "[firing]") {
  TestDatabase database;
  test::make_plain_table(database, 24);
  RunDriver fleet(database);
  Policy policy = test::policy_of("p", 1);
  policy.schedule = "every 10 s";
  policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
  policy.tenant->overrides["t1"].enabled = false;
  policy.tenant->overrides["t2"].keep_min = 3;
  fleet.apply(policy);
  database.execute("UPDATE lethe.policies SET next_fire_at = clock_timestamp() - interval '1 s'");
  const DuePolicy due = fleet.scheduler().due_policies(10, "").at(0);
  CHECK(policy_from_json(due.spec_text).tenant->overrides.empty());
  Firing firing = firing_at(due, due.now);
  firing.missed = {due.now - 10s};
  const std::string run = fleet.scheduler().fire(fleet.term(), firing).run;
  REQUIRE_FALSE(run.empty());
  CHECK(
      database.number("SELECT count(*) FROM lethe.runs r JOIN lethe.policies p ON p.spec = r.spec "
                      "AND p.spec_sha256 = r.spec_sha256") == 1);
  CHECK(database.number("SELECT count(*) FROM lethe.runs WHERE state = 'skipped' AND NOT "
                        "spec->'tenant' ? 'overrides'") == 1);
  const auto planned = fleet.queue().run_context(RunId{run}, TaskKind::plan);
  CHECK(planned->spec.tenant->overrides.empty());
  CHECK(planned->overrides.any_keep_min);
  CHECK(planned->overrides.tenants == "{t1,t2}");
  CHECK(fleet.queue().run_context(RunId{run}, TaskKind::clean)->overrides.none());
}

TEST_CASE("a paused or disabled policy is not due", "[firing]") {
  TestDatabase database;
  test::make_plain_table(database, 48);
  RunDriver fleet(database);
  due_policy(database, fleet);
  fleet.control().fleet().pause({.scope = PauseScope::policy, .name = "p"}, "", "test");
  CHECK(fleet.scheduler().due_policies(10, "").empty());
  fleet.control().fleet().resume({.scope = PauseScope::policy, .name = "p"}, "test");
  CHECK(fleet.scheduler().due_policies(10, "").size() == 1);
  fleet.control().policies().set_enabled(*fleet.control().policies().find("p"), false, {}, "test");
  CHECK(fleet.scheduler().due_policies(10, "").empty());
}

TEST_CASE("history gets its daily partitions and loses the old ones", "[housekeeping]") {
  TestDatabase database;
  RunDriver fleet(database);
  database.execute(
      "CREATE TABLE lethe.history_20010101 PARTITION OF lethe.history FOR VALUES FROM ('2001-01-01 "
      "00:00+00') TO ('2001-01-02 00:00+00')");
  fleet.scheduler().keep_house(fleet.term(), {});
  fleet.scheduler().keep_house(fleet.term(), {});
  CHECK(database.number("SELECT count(*) FROM pg_inherits WHERE inhparent = "
                        "'lethe.history'::regclass") == 9);
  CHECK(database.text("SELECT coalesce(to_regclass('lethe.history_20010101')::text, 'gone')") ==
        "gone");
}
