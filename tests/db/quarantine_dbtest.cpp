// Partitions that are kept aside: how they get there, come back, and end.

#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

Policy quarantining(const std::string& name, std::int64_t days) {
  Policy policy = test::policy_of(name, days, "p");
  policy.partitions = Partitions::quarantine;
  return policy;
}

/// Months m1 to m6 with an index, 576 rows, of which a run has taken m6 and its 100 rows away.
struct Quarantine {
  TestDatabase database;
  RunDriver fleet{database};
  db::PgTargetDatabase target{database.url(), "lethe-test"};
  std::string before;  ///< of the rows of m6
  std::int64_t id = 0;

  Quarantine() {
    test::make_partitioned_table(database);
    // What the cutoff may pass, depending on the time of day.
    database.execute("DELETE FROM public.p_m5 WHERE id <= 24");
    database.execute(
        "CREATE INDEX at ON public.p (created_at); CREATE SEQUENCE public.s OWNED BY "
        "public.p_m6.id");
    before = digest("public.p_m6");
    fleet.apply(quarantining("keep", 150));
    REQUIRE(fleet.work_off(fleet.start_stored("keep")).state == "satisfied");
    id = target.quarantine(false).at(0).id;
  }
  std::string digest(const std::string& table) {
    return database.text("SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM " + table + " t");
  }
  bool exists(const std::string& table) {
    return !database.text("SELECT to_regclass('" + table + "')").empty();
  }
  std::string name() const { return "lethe_quarantine.quarantined_" + std::to_string(id); }
  void make_due() { database.execute("UPDATE lethe.quarantine SET purge_after = now()"); }
};

bool is_refused(const std::function<void()>& act) {
  try {
    act();
  } catch (const UserError& error) {
    return error.code() == ExitCode::refused;
  }
  return false;
}

}  // namespace

TEST_CASE("a quarantined partition is out of its table and whole in another schema",
          "[quarantine]") {
  Quarantine q;
  CHECK_FALSE(q.exists("public.p_m6"));
  CHECK(q.database.number("SELECT count(*) FROM public.p") == 476);
  CHECK(q.digest(q.name()) == q.before);
  const auto tables = q.target.quarantine(false);
  REQUIRE(tables.size() == 1);
  CHECK(tables[0].relation == "public.p_m6");
  CHECK(tables[0].parent == "public.p");
  CHECK(tables[0].state == "quarantined");
  CHECK(tables[0].policy == "keep");
  CHECK(tables[0].rows == 100);
  CHECK_FALSE(tables[0].estimated);
  CHECK(tables[0].bytes > 0);
  CHECK(tables[0].bounds.rfind("FOR VALUES FROM", 0) == 0);
  CHECK(q.database.number("SELECT extract(epoch FROM purge_after - quarantined_at)::int / 86400 "
                          "FROM lethe.quarantine") == 7);
  CHECK(q.database.number("SELECT count(*) FROM lethe.ledger WHERE method = 'quarantine' AND rows "
                          "= 100") == 1);
}

TEST_CASE("a restored partition is what it was before", "[quarantine]") {
  Quarantine q;
  q.target.restore(q.id, "ana@host");
  CHECK(q.digest("public.p_m6") == q.before);
  CHECK(q.database.number("SELECT count(*) FROM public.p") == 576);
  CHECK(q.exists("public.p_m6_created_at_idx"));
  CHECK(q.exists("public.s"));
  CHECK(q.database.number("SELECT count(*) FROM pg_partition_tree('public.at') WHERE relid = "
                          "'public.p_m6_created_at_idx'::regclass") == 1);
  CHECK(q.target.quarantine(false).empty());
  CHECK(q.target.quarantined(q.id)->state == "restored");
  CHECK(q.target.quarantined(q.id)->ended_by == "ana@host");
  CHECK(is_refused([&] { q.target.restore(q.id, "ana@host"); }));
  CHECK_FALSE(q.target.purge(q.id, "ana@host"));
  // As old as it was: the next run takes it away again, under the same names.
  REQUIRE(q.fleet.work_off(q.fleet.start_stored("keep")).state == "satisfied");
  CHECK(q.target.quarantine(false).at(0).id != q.id);
  CHECK(q.target.quarantine(true).size() == 2);
}

TEST_CASE("partitions of the same name are kept aside side by side", "[quarantine]") {
  Quarantine q;
  q.database.execute(
      "DO $$ BEGIN EXECUTE 'CREATE TABLE public.p_m6 PARTITION OF public.p ' || "
      "(SELECT bounds FROM lethe.quarantine); END $$");
  REQUIRE(q.fleet.work_off(q.fleet.start_stored("keep")).state == "satisfied");
  CHECK(q.target.quarantine(false).size() == 2);
  q.target.restore(q.id, "ana");
  CHECK(q.digest("public.p_m6") == q.before);
}

TEST_CASE("a restore into a place that is taken changes nothing", "[quarantine]") {
  Quarantine q;
  q.database.execute("CREATE TABLE public.p_m6 ()");
  CHECK_THROWS(q.target.restore(q.id, "ana"));
  CHECK(q.target.quarantine(false).at(0).state == "quarantined");
  CHECK(q.digest(q.name()) == q.before);
  q.database.execute("DROP TABLE public.p_m6; CREATE TABLE public.p_m6_created_at_idx ()");
  q.target.restore(q.id, "ana");  // with another name for its index
  CHECK(q.digest("public.p_m6") == q.before);
}

TEST_CASE("the next plan of the policy purges what was kept long enough and nothing else",
          "[quarantine]") {
  Quarantine q;
  REQUIRE(q.fleet.work_off(q.fleet.start_stored("keep")).state == "satisfied");
  CHECK(q.exists(q.name()));
  q.make_due();
  CHECK(q.target.quarantine(false).at(0).state == "due");
  q.fleet.apply(quarantining("other", 900));
  REQUIRE(q.fleet.work_off(q.fleet.start_stored("other")).state == "satisfied");
  CHECK(q.exists(q.name()));
  REQUIRE(q.fleet.work_off(q.fleet.start_stored("keep")).state == "satisfied");
  CHECK_FALSE(q.exists(q.name()));
  const auto table = q.target.quarantined(q.id);
  CHECK(table->state == "purged");
  CHECK(table->ended_by.rfind("run ", 0) == 0);
}

TEST_CASE("a halted target purges nothing", "[quarantine]") {
  Quarantine q;
  q.make_due();
  q.target.close_gate("*", "an audit");
  const std::string run = q.fleet.start_stored("keep");
  const auto task = q.fleet.lease();
  REQUIRE(task);
  CHECK(q.fleet.step(*task)->outcome == Outcome::release);
  CHECK(is_refused([&] { q.target.purge(q.id, "ana"); }));
  CHECK(q.exists(q.name()));
}

TEST_CASE("a quarantined table that somebody uses again is never dropped", "[quarantine]") {
  Quarantine q;
  q.make_due();
  q.database.execute("DO $$ BEGIN EXECUTE 'ALTER TABLE public.p ATTACH PARTITION " + q.name() +
                     " ' || (SELECT bounds FROM lethe.quarantine); END $$");
  CHECK(is_refused([&] { q.target.purge(q.id, "ana"); }));
  CHECK(is_refused([&] { q.target.restore(q.id, "ana"); }));
  q.fleet.apply(quarantining("keep", 900));
  REQUIRE(q.fleet.work_off(q.fleet.start_stored("keep")).state == "satisfied");
  CHECK(q.database.number("SELECT count(*) FROM public.p") == 576);
}

TEST_CASE("one that cannot be purged keeps neither the others nor the run", "[quarantine]") {
  Quarantine q;
  q.fleet.apply(quarantining("keep", 120));
  REQUIRE(q.fleet.work_off(q.fleet.start_stored("keep")).state == "satisfied");
  REQUIRE(q.target.quarantine(false).size() == 2);
  q.make_due();
  q.database.execute("CREATE VIEW public.v AS SELECT * FROM " + q.name());
  REQUIRE(q.fleet.work_off(q.fleet.start_stored("keep")).state == "satisfied");
  REQUIRE(q.target.quarantine(false).size() == 1);
  CHECK(q.target.quarantine(false).at(0).id == q.id);
}

TEST_CASE("a table that somebody took out of quarantine is told as missing", "[quarantine]") {
  Quarantine q;
  q.database.execute("DROP TABLE " + q.name());
  CHECK(q.target.quarantine(false).at(0).state == "missing");
  CHECK(is_refused([&] { q.target.restore(q.id, "ana"); }));
  CHECK_FALSE(q.target.purge(q.id, "ana"));
  CHECK(q.target.quarantine(false).empty());
}

TEST_CASE("an operator purges a partition before its time", "[quarantine]") {
  Quarantine q;
  CHECK(q.target.purge(q.id, "ana"));
  CHECK_FALSE(q.exists(q.name()));
  CHECK_FALSE(q.target.purge(q.id, "ana"));
  CHECK(q.target.quarantined(q.id)->state == "purged");
  CHECK_FALSE(q.target.quarantined(q.id + 1));
}

TEST_CASE("taking partitions away needs the rights of their owner and the refusal says which",
          "[quarantine]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  const std::string role = "lethe_part_" + database.text("SELECT pg_backend_pid()");
  database.execute(
      "CREATE ROLE " + role + " LOGIN; GRANT USAGE ON SCHEMA lethe TO " + role +
      "; GRANT ALL ON ALL TABLES IN SCHEMA lethe TO " + role +
      "; GRANT SELECT, DELETE ON public.p, public.p_default, public.p_m1, public.p_m2, "
      "public.p_m3, public.p_m4, public.p_m5, public.p_m6 TO " +
      role + "; CREATE ROLE " + role + "_owner");
  const auto refusal = [&](const Policy& policy) -> std::string {
    db::PgTargetDatabase target(database.url() + " user=" + role, "lethe-test");
    try {
      target.check_policy(policy, "policies[0]");
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refusal(test::policy_of("rows", 75, "p")) == "");
  database.execute("ALTER TABLE public.p OWNER TO " + role + "_owner");
  for (const char* leaf : {"default", "m1", "m2", "m3", "m4", "m5", "m6"})
    database.execute("ALTER TABLE public.p_" + std::string(leaf) + " OWNER TO " + role + "_owner");
  CHECK(refusal(quarantining("keep", 75)).find("run: GRANT " + role + "_owner TO " + role) !=
        std::string::npos);
  database.execute("GRANT " + role + "_owner TO " + role);
  CHECK(refusal(quarantining("keep", 75))
            .find("run: GRANT USAGE, CREATE ON SCHEMA "
                  "lethe_quarantine TO " +
                  role) != std::string::npos);
  database.execute("GRANT USAGE, CREATE ON SCHEMA lethe_quarantine TO " + role);
  CHECK(refusal(quarantining("keep", 75)) == "");

  RunDriver fleet(database);
  fleet.control().targets().put(
      {.name = "app", .url = database.url() + " user=" + role, .max_running = 4}, "test");
  const RunRow run = fleet.work_off(fleet.start(quarantining("", 75)));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM lethe.quarantine") == 3);
  database.execute("DROP OWNED BY " + role + ", " + role + "_owner; DROP ROLE " + role + ", " +
                   role + "_owner");
}
