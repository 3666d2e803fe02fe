// Accidents that happen to databases, from the accident to its cure: nothing is deleted in between,
// and the reason says what to do.

#include "common/db/pg_clock_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/copied_cluster.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::contains;
using test::CopiedCluster;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// A control database, a target on a server of its own, and a fleet that knows it: one run has
/// ended there.
struct Site {
  PrivateCluster cluster{{.settings = {{"fsync", "off"}}}};
  TestDatabase target{true, cluster.url()};
  TestDatabase control;
  RunDriver fleet{control};

  Site() {
    test::make_plain_table(target, 240);
    target.execute("CREATE TABLE public.empty (created_at timestamptz)");
    point_at(target.url());
    REQUIRE(work(9).rows == 25);
  }
  void point_at(const std::string& url, bool survives_failover = false) {
    fleet.control().targets().put(
        {.name = "app", .url = url, .survives_failover = survives_failover}, "test");
  }
  /// The same database on another server.
  std::string on(const CopiedCluster& copy) {
    return copy.url(target.text("SELECT current_database()"));
  }
  RunRow work(std::int64_t days) { return fleet.work_off(fleet.start(test::policy_of("", days))); }
  std::string frozen() { return fleet.control().targets().find("app")->frozen; }
  /// As `lethe target acknowledge app`.
  void acknowledge(const std::string& url) {
    db::PgTargetDatabase(url, "lethe-test").thaw(Freeze::Kind::database);
    CHECK(fleet.control().fleet().thaw({PauseScope::target, "app"}, "ana"));
  }
};

std::int64_t rows_at(const std::string& url) {
  pqxx::connection connection(url);
  pqxx::nontransaction work(connection);
  return work.exec("SELECT count(*) FROM public.t").at(0).at(0).as<std::int64_t>();
}

/// Runs against what the target's address leads to now are stopped with `why` until somebody
/// acknowledges it.
void check_drill(Site& site, const std::string& url, const std::string& why) {
  const std::int64_t before = rows_at(url);
  const std::string run = site.fleet.start(test::policy_of("", 5));
  CHECK(site.fleet.work_off(run).rows == 0);
  CHECK(rows_at(url) == before);
  CHECK_THAT(site.frozen(), contains(why) && contains("lethe target acknowledge app"));
  site.acknowledge(url);
  const RunRow ended = site.fleet.work_off(run);
  CHECK(ended.state == "satisfied");
  CHECK(rows_at(url) == 119);
  CHECK(site.frozen().empty());
}

}  // namespace

TEST_CASE("an older backup that was restored loses no row until a person has looked", "[drills]") {
  Site site;
  CopiedCluster backup(site.cluster);
  REQUIRE(site.work(7).rows == 48);  // after the backup
  backup.start();
  site.point_at(site.on(backup));
  check_drill(site, site.on(backup), "its ledger lacks row");
}

TEST_CASE(
    "a clone from before the last look at the original loses no row until a person has looked",
    "[drills]") {
  Site site;
  CopiedCluster clone(site.cluster);
  const std::string run = site.fleet.start(test::policy_of("", 9, "empty"));
  REQUIRE(site.fleet.work_off(run).state == "satisfied");  // of which no ledger knows
  clone.start();
  site.point_at(site.on(clone));
  check_drill(site, site.on(clone), "does not know task");
}

TEST_CASE("a standby that took over waits for a person unless the target is to survive it",
          "[drills]") {
  const bool survives = GENERATE(false, true);
  Site site;
  CopiedCluster standby(site.cluster);
  standby.start(true);
  site.point_at(site.on(standby), survives);
  if (!survives) return check_drill(site, site.on(standby), "on timeline 2, before on 1");
  CHECK(site.work(5).rows == 96);
  CHECK(site.frozen().empty());
}

TEST_CASE("a standby that took over and was behind waits for a person in any case", "[drills]") {
  Site site;
  CopiedCluster standby(site.cluster);
  REQUIRE(site.work(7).rows == 48);
  standby.start(true);
  site.point_at(site.on(standby), true);
  check_drill(site, site.on(standby), "its ledger lacks row");
}

TEST_CASE("a dump that was restored into another database waits for a person", "[drills]") {
  const bool other_cluster = GENERATE(false, true);
  Site site;
  TestDatabase restored(true, other_cluster ? "" : site.cluster.url());
  test::make_plain_table(restored, 240);
  site.point_at(restored.url());
  check_drill(site, restored.url(), other_cluster ? "another cluster" : "another database");
}

TEST_CASE("a clock that goes two days ahead deletes nothing until a person has looked",
          "[drills]") {
  Site site;
  test::FakeClock process;
  db::Session session(db::control_session(site.control.url(), "lethe-test"));
  db::PgClockStore store(session);
  ClockWatch watch({}, process, store);
  watch.run_once();
  // Two days ago by the database's clock, and no time at all by the process's.
  site.control.execute("UPDATE lethe.clock SET seen_at = seen_at - interval '2 days'");
  const std::string run = site.fleet.start(test::policy_of("", 5));
  CHECK(site.fleet.work_off(run, 3).rows == 0);  // nobody has looked
  ClockWatch other({}, process, store);
  other.run_once();
  CHECK(site.fleet.work_off(run).rows == 0);
  CHECK(rows_at(site.target.url()) == 215);
  CHECK_THAT(site.frozen(), contains("either the fleet was off for 48 h or a clock jumped") &&
                                contains("lethe clock acknowledge"));
  db::PgTargetDatabase(site.target.url(), "lethe-test").thaw(Freeze::Kind::clock);
  CHECK(site.fleet.control().fleet().thaw({PauseScope::all, ""}, "ana"));
  CHECK(site.fleet.work_off(run).rows == 96);
}
