// What becomes of partitions that go as a whole, and which ones do not.

#include <map>
#include <thread>

#include "common/db/pg_task_runner.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/plan_facts.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::OtherSession;
using test::RunDriver;
using test::TestDatabase;

namespace {

Policy dropping(std::int64_t days, const std::string& table = "p") {
  Policy policy = test::policy_of("", days, table);
  policy.partitions = Partitions::drop;
  return policy;
}

bool exists(TestDatabase& database, const std::string& table) {
  return database.text("SELECT to_regclass('" + table + "')") != "";
}

std::string partitions_of(TestDatabase& database, const std::string& table) {
  return database.text(
      "SELECT string_agg(relid::regclass::text, ' ' ORDER BY relid::regclass::text) FROM "
      "pg_partition_tree('public." +
      table + "') WHERE isleaf");
}

/// The run is satisfied, and the ledger and the run agree.
void check_satisfied(TestDatabase& database, const RunRow& run) {
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger WHERE run = '" + run.id +
                        "'") == run.rows);
  CHECK(database.number("SELECT count(*) FROM lethe.items") == 0);
}

/// Leases the run's plan and carries it out.
void plan(RunDriver& fleet) {
  const auto task = fleet.lease();
  REQUIRE(task);
  REQUIRE(task->kind == TaskKind::plan);
  REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
}

/// What a plan of this policy finds out about the partitions, by name.
std::map<std::string, PartitionFacts> facts_of(TestDatabase& database, const Policy& policy) {
  RunDriver fleet(database);
  std::map<std::string, PartitionFacts> facts;
  for (const RelationFacts& relation : test::plan_facts(fleet, policy).relations)
    facts[relation.name] = relation.partition;
  return facts;
}

}  // namespace

TEST_CASE("partitions wholly before the cutoff are dropped and the boundary one goes by rows",
          "[partition]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database);
  const auto expected = database.number(
      "SELECT count(*) FROM public.p WHERE created_at < now() - interval '75 days'");
  const RunRow run = fleet.work_off(fleet.start(dropping(75)));
  check_satisfied(database, run);
  CHECK(run.strategy == "mixed");
  CHECK(run.rows == expected);
  CHECK(partitions_of(database, "p") == "p_default p_m1 p_m2 p_m3");
  CHECK_FALSE(exists(database, "public.p_m4"));
  CHECK(database.number("SELECT count(*) FROM public.p") == 600 - expected);
  CHECK(database.number("SELECT count(*) FROM lethe.ledger WHERE method = 'drop' AND NOT estimated "
                        "AND rows = 100 AND newest::timestamptz < cutoff AND bounds LIKE 'FOR "
                        "VALUES FROM%'") == 3);
}

TEST_CASE("a policy that does not ask for it deletes rows and leaves every partition where it is",
          "[partition]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 75, "p")));
  check_satisfied(database, run);
  CHECK(run.strategy == "sweep");
  CHECK(partitions_of(database, "p") == "p_default p_m1 p_m2 p_m3 p_m4 p_m5 p_m6");
  CHECK(database.number("SELECT count(*) FROM lethe.ledger WHERE method <> 'delete'") == 0);
}

TEST_CASE("the real bounds count and not what a partition is called", "[partition]") {
  for (const std::string type : {"timestamptz", "timestamp", "date"}) {
    INFO(type);
    TestDatabase database;
    database.execute("CREATE TABLE public.p (id int, created_at " + type +
                     " NOT NULL) PARTITION BY RANGE (created_at);"
                     "CREATE TABLE public.p_2019 PARTITION OF public.p FOR VALUES FROM "
                     "('2030-01-01') TO ('2031-01-01');"
                     "CREATE TABLE public.p_2030 PARTITION OF public.p FOR VALUES FROM "
                     "('2019-01-01') TO ('2020-01-01');"
                     "CREATE TABLE public.p_2018 PARTITION OF public.p FOR VALUES FROM "
                     "('2020-01-01') TO ('2029-01-01');"
                     "INSERT INTO public.p VALUES (1, '2030-06-01'), (2, '2019-12-31'), (3, "
                     "'2020-01-01'), (4, now())");
    RunDriver fleet(database);
    check_satisfied(database, fleet.work_off(fleet.start(dropping(100))));
    CHECK(partitions_of(database, "p") == "p_2018 p_2019");
    CHECK_FALSE(exists(database, "public.p_2030"));
    CHECK(database.text("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.p") == "1,4");
  }
}

TEST_CASE("a partition that ends exactly at the cutoff goes and one a microsecond later stays",
          "[partition]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.p (created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);"
      "CREATE TABLE public.p_new PARTITION OF public.p FOR VALUES FROM ('2026-01-01') TO "
      "(MAXVALUE)");
  RunDriver fleet(database);
  const std::string id = fleet.start(dropping(365 * 3));
  const std::string cutoff = database.text(
      "SELECT (as_of - interval '26280 hours')::text FROM lethe.runs WHERE id = '" + id + "'");
  database.execute(
      "CREATE TABLE public.p_at PARTITION OF public.p FOR VALUES FROM ('2001-01-01') "
      "TO ('" +
      cutoff + "')");
  database.execute(
      "DO $$ BEGIN EXECUTE format('CREATE TABLE public.p_after PARTITION OF public.p "
      "FOR VALUES FROM (%L) TO (%L)', '" +
      cutoff + "'::timestamptz, '" + cutoff + "'::timestamptz + interval '1 microsecond'); END $$");
  check_satisfied(database, fleet.work_off(id));
  CHECK(partitions_of(database, "p") == "p_after p_new");
}

TEST_CASE("rows in the default partition go one by one and it stays attached", "[partition]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute(
      "INSERT INTO public.p VALUES (1, '2001-01-01', 'old'), (2, now() + interval "
      "'1 year', 'young')");
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(dropping(75))));
  CHECK(partitions_of(database, "p") == "p_default p_m1 p_m2 p_m3");
  CHECK(database.text("SELECT string_agg(note, ',') FROM public.p_default") == "young");
}

TEST_CASE("an expired partition without a row is dropped as well", "[partition]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute("TRUNCATE public.p_m6");
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(dropping(75))));
  CHECK_FALSE(exists(database, "public.p_m6"));
}

TEST_CASE("an expired partition attached after the plan is dropped in the next pass",
          "[partition]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database);
  const std::string id = fleet.start(dropping(75));
  plan(fleet);
  database.execute(
      "CREATE TABLE public.p_old PARTITION OF public.p FOR VALUES FROM ('2001-01-01') TO "
      "('2002-01-01'); INSERT INTO public.p VALUES (1, '2001-06-01', 'x')");
  const RunRow run = fleet.work_off(id);
  check_satisfied(database, run);
  CHECK(run.passes == 2);
  CHECK_FALSE(exists(database, "public.p_old"));
}

TEST_CASE("a partition that changed between plan and batch is not touched", "[partition]") {
  const std::vector<std::string> changes{
      // other bounds under the same oid and name: a row of another month may be inside
      "ALTER TABLE public.p DETACH PARTITION public.p_m6; DROP TABLE public.p_m1; DO $$ BEGIN "
      "EXECUTE format('ALTER TABLE public.p ATTACH PARTITION public.p_m6 FOR VALUES FROM (%L) TO "
      "(%L)', now() + interval '1 day', now() + interval '60 days'); END $$",
      "ALTER TABLE public.p DETACH PARTITION public.p_m6",
      "ALTER TABLE public.p_m6 RENAME TO p_m7",
      "ALTER TABLE public.p_m6 ADD CONSTRAINT k PRIMARY KEY (id); CREATE TABLE public.c (id bigint "
      "REFERENCES public.p_m6)",
      "CREATE VIEW public.v AS SELECT * FROM public.p_m6",
      "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'; "
      "CREATE TRIGGER t BEFORE DELETE ON public.p_m6 FOR EACH ROW EXECUTE FUNCTION public.f()",
  };
  for (const std::string& change : changes) {
    INFO(change);
    TestDatabase database;
    test::make_partitioned_table(database);
    database.execute("DROP TABLE public.p_m2, public.p_m3, public.p_m4, public.p_m5");
    RunDriver fleet(database);
    const std::string id = fleet.start(dropping(75));
    plan(fleet);
    // Empty, so that it can get other bounds.
    if (change.find("ATTACH") != std::string::npos) database.execute("TRUNCATE public.p_m6");
    database.execute(change);
    const RunRow run = fleet.work_off(id);
    CHECK(run.state == "failed");
    CHECK((exists(database, "public.p_m6") || exists(database, "public.p_m7")));
    CHECK(database.number("SELECT count(*) FROM lethe.ledger WHERE method <> 'delete'") == 0);
  }
}

TEST_CASE("a partition waits for the readers of its table and goes when they are done",
          "[partition][race]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database, 60s);
  fleet.start(dropping(75));
  plan(fleet);
  OtherSession reader(database.url());
  reader.execute("SELECT count(*) FROM public.p");
  const auto task = fleet.lease();
  REQUIRE(task);
  std::optional<Settlement> settlement;
  std::thread batch([&] { settlement = fleet.step(*task); });
  CHECK(test::somebody_waits(database));
  CHECK(reader.execute("SELECT count(*) FROM public.p").at(0).at(0).as<int>() == 600);
  reader.commit();
  batch.join();
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::done);
  CHECK(settlement->rows == 100);
}

TEST_CASE("a partition whose lock is not to be had in time is tried again later",
          "[partition][race]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database, 20ms);
  const std::string id = fleet.start(dropping(75));
  plan(fleet);
  {
    OtherSession reader(database.url());
    reader.execute("SELECT count(*) FROM public.p");
    const auto task = fleet.lease();
    REQUIRE(task);
    for (const bool is_old : {false, true}) {
      if (is_old) reader.execute("SELECT pg_sleep(0.1)");
      const auto settlement = fleet.step(*task);
      REQUIRE(settlement);
      CHECK(settlement->outcome == Outcome::release);
      CHECK(settlement->delay >= 5s);
      // Once it has waited that long already, nobody stands in line behind it any more.
      if (is_old) CHECK(settlement->error.find("has had a lock on it for") != std::string::npos);
      if (is_old) REQUIRE(fleet.settle(*settlement) == Settled::yes);
    }
    CHECK(database.number("SELECT count(*) FROM public.p") == 600);
  }
  check_satisfied(database, fleet.work_off(id));
  CHECK(partitions_of(database, "p") == "p_default p_m1 p_m2 p_m3");
}

TEST_CASE("a batch that was committed before its worker died is not done again", "[partition]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database);
  const std::string id = fleet.start(dropping(75));
  plan(fleet);
  const auto task = fleet.lease();
  REQUIRE(task);
  const auto first = fleet.step(*task);
  const auto second = fleet.step(*task);  // the first settlement was lost
  REQUIRE(second);
  CHECK(second->outcome == Outcome::done);
  CHECK(second->rows == first->rows);
  CHECK(second->batches == 1);
  REQUIRE(fleet.settle(*second) == Settled::yes);
  check_satisfied(database, fleet.work_off(id));
}

TEST_CASE("leaves of partitions that are divided further go when the level above says so",
          "[partition]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.p (id int, region text, created_at timestamptz NOT NULL) PARTITION BY "
      "RANGE (created_at);"
      "CREATE TABLE public.p_old PARTITION OF public.p FOR VALUES FROM ('2001-01-01') TO "
      "('2002-01-01') PARTITION BY HASH (id);"
      "CREATE TABLE public.p_old0 PARTITION OF public.p_old FOR VALUES WITH (MODULUS 2, REMAINDER "
      "0);"
      "CREATE TABLE public.p_old1 PARTITION OF public.p_old FOR VALUES WITH (MODULUS 2, REMAINDER "
      "1);"
      "CREATE TABLE public.p_new PARTITION OF public.p FOR VALUES FROM ('2002-01-01') TO "
      "(MAXVALUE) PARTITION BY LIST (region);"
      "CREATE TABLE public.p_new_eu PARTITION OF public.p_new FOR VALUES IN ('eu');"
      "CREATE TABLE public.p_new_rest PARTITION OF public.p_new DEFAULT;"
      "INSERT INTO public.p SELECT n, CASE n % 2 WHEN 0 THEN 'eu' ELSE 'us' END, CASE WHEN n > 10 "
      "THEN now() ELSE '2001-05-05' END FROM generate_series(1, 30) n");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(dropping(75)));
  check_satisfied(database, run);
  CHECK(run.rows == 10);
  CHECK(partitions_of(database, "p") == "p_new_eu p_new_rest");
  CHECK(database.number("SELECT count(*) FROM public.p") == 20);
}

TEST_CASE("ranges below a list are ranges as well", "[partition]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.p (region text, \"Made At\" timestamp NOT NULL) PARTITION BY LIST "
      "(region);"
      "CREATE TABLE public.p_eu PARTITION OF public.p FOR VALUES IN ('eu') PARTITION BY RANGE "
      "(\"Made At\");"
      "CREATE TABLE public.p_us PARTITION OF public.p FOR VALUES IN ('us');"
      "CREATE TABLE public.\"p.eu\"\"1\" PARTITION OF public.p_eu FOR VALUES FROM ('2001-01-01') "
      "TO ('2002-01-01');"
      "CREATE TABLE public.p_eu2 PARTITION OF public.p_eu FOR VALUES FROM ('2002-01-01') TO "
      "(MAXVALUE);"
      "INSERT INTO public.p VALUES ('eu', '2001-02-03'), ('us', '2001-02-03'), ('eu', now())");
  RunDriver fleet(database);
  Policy policy = dropping(75);
  policy.timestamp = {"Made At"};
  policy.strategy = StrategyChoice::partition;
  check_satisfied(database, fleet.work_off(fleet.start(policy)));
  CHECK(partitions_of(database, "p") == "p_eu2 p_us");
  CHECK(database.number("SELECT count(*) FROM public.p") == 1);
}

TEST_CASE("rules that keep old rows keep their partitions", "[partition]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute(
      "ALTER TABLE public.p ADD COLUMN tenant text; UPDATE public.p SET tenant = CASE "
      "WHEN id % 2 = 0 THEN 'a' ELSE 'b' END");
  Policy policy = dropping(75);
  SECTION("keep_min of the table") {
    policy.keep_min = 450;
    RunDriver fleet(database);
    check_satisfied(database, fleet.work_off(fleet.start(policy)));
    CHECK(partitions_of(database, "p") == "p_default p_m1 p_m2 p_m3 p_m4 p_m5");
    CHECK(database.number("SELECT count(*) FROM public.p") == 450);
  }
  SECTION("a tenant whose rows stay longer") {
    database.execute("ALTER TABLE public.p ALTER COLUMN tenant SET NOT NULL");
    policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
    policy.tenant->overrides["a"].retain = Retention{.months = 0, .seconds = 125 * test::day};
    RunDriver fleet(database);
    check_satisfied(database, fleet.work_off(fleet.start(policy)));
    CHECK(partitions_of(database, "p") == "p_default p_m1 p_m2 p_m3 p_m4 p_m5");
    CHECK(database.number("SELECT count(*) FROM public.p_m4 WHERE tenant = 'a'") == 50);
    CHECK(database.number("SELECT count(*) FROM public.p_m4 WHERE tenant = 'b'") == 0);
  }
  SECTION("a tenant of whom nothing is deleted") {
    database.execute("ALTER TABLE public.p ALTER COLUMN tenant SET NOT NULL");
    policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
    policy.tenant->overrides["a"].enabled = false;
    RunDriver fleet(database);
    check_satisfied(database, fleet.work_off(fleet.start(policy)));
    CHECK(partitions_of(database, "p") == "p_default p_m1 p_m2 p_m3 p_m4 p_m5 p_m6");
    CHECK(database.number("SELECT count(*) FROM public.p WHERE tenant = 'a'") == 300);
  }
  SECTION("rows without a tenant") {
    database.execute("UPDATE public.p SET tenant = NULL WHERE id = 7");
    policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
    RunDriver fleet(database);
    check_satisfied(database, fleet.work_off(fleet.start(policy)));
    CHECK(partitions_of(database, "p") == "p_default p_m1 p_m2 p_m3 p_m4 p_m5 p_m6");
    CHECK(database.number("SELECT count(*) FROM public.p WHERE tenant IS NULL") == 6);
  }
  SECTION("a condition") {
    policy.where.kind = Condition::Kind::comparison;
    policy.where.column = "tenant";
    policy.where.values = {"a"};
    RunDriver fleet(database);
    check_satisfied(database, fleet.work_off(fleet.start(policy)));
    CHECK(database.number("SELECT count(*) FROM public.p WHERE tenant = 'b'") == 300);
  }
}

TEST_CASE("what would be lost or left behind by a drop is told and keeps the partition",
          "[partition]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  // Without one no published partition could lose a row.
  for (const char* leaf : {"default", "m1", "m2", "m3", "m4", "m5", "m6"})
    database.execute("ALTER TABLE public.p_" + std::string(leaf) + " REPLICA IDENTITY FULL");
  const auto obstacle = [&database](const std::string& change) {
    database.execute(change);
    return facts_of(database, dropping(75)).at("public.p_m6").obstacle;
  };
  CHECK(obstacle("SELECT 1") == "");
  CHECK(obstacle("CREATE VIEW public.v AS SELECT * FROM public.p_m6") ==
        "rule _RETURN on view public.v depends on it");
  CHECK(obstacle("DROP VIEW public.v; CREATE PUBLICATION pub FOR TABLE public.p") ==
        "publication pub publishes deletes, and subscribers would keep its rows");
  CHECK(obstacle("DROP PUBLICATION pub; CREATE PUBLICATION pub FOR ALL TABLES WITH (publish = "
                 "'insert')") == "");
  CHECK(obstacle("DROP PUBLICATION pub; CREATE FUNCTION public.f() RETURNS trigger LANGUAGE "
                 "plpgsql AS 'BEGIN RETURN OLD; END'; CREATE TRIGGER gone BEFORE DELETE ON "
                 "public.p FOR EACH ROW EXECUTE FUNCTION public.f()") ==
        "trigger gone runs on DELETE and would not see it go");
  CHECK(obstacle("DROP TRIGGER gone ON public.p; CREATE TRIGGER made BEFORE INSERT ON public.p FOR "
                 "EACH ROW EXECUTE FUNCTION public.f()") == "");
  CHECK(obstacle("ALTER TABLE public.p ADD PRIMARY KEY (id, created_at); CREATE TABLE public.c (id "
                 "bigint, at timestamptz, CONSTRAINT up FOREIGN KEY (id, at) REFERENCES public.p)")
            .find("refers to it") != std::string::npos);
  CHECK(obstacle("DROP TABLE public.c; ALTER TABLE public.p_m6 ADD CHECK (id > 0)") == "");
}

TEST_CASE("a partition without a lower bound and the newest one go by rows", "[partition]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.p (created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);"
      "CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (MINVALUE) TO ('2001-01-01');"
      "CREATE TABLE public.p2 PARTITION OF public.p FOR VALUES FROM ('2001-01-01') TO "
      "('2002-01-01');"
      "CREATE TABLE public.p3 PARTITION OF public.p FOR VALUES FROM ('2002-01-01') TO "
      "('2003-01-01');"
      "INSERT INTO public.p VALUES ('-infinity'), ('2000-01-01'), ('2001-05-05'), ('2002-05-05')");
  const auto facts = facts_of(database, dropping(75));
  CHECK(facts.at("public.p1").obstacle == "it has no lower bound, and rows at -infinity stay");
  CHECK(facts.at("public.p2").obstacle == "");
  CHECK(facts.at("public.p3").obstacle ==
        "it is the newest partition, from which others may be made");
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(dropping(75))));
  CHECK(partitions_of(database, "p") == "p1 p3");
  CHECK(database.text("SELECT string_agg(created_at::text, ',') FROM public.p") == "-infinity");
}

TEST_CASE("tables that are not divided by the timestamp alone go by rows unless that is forbidden",
          "[partition]") {
  for (const std::string division : {"HASH (id)", "RANGE (id)", "RANGE (created_at, id)",
                                     "RANGE (date_trunc('day', created_at AT TIME ZONE 'UTC'))"}) {
    INFO(division);
    TestDatabase database;
    const bool is_hash = division == "HASH (id)";
    const bool by_id = division == "RANGE (id)";
    std::string bounds = "FROM ('2001-01-01') TO ('2030-01-01')";
    if (is_hash) bounds = "WITH (MODULUS 1, REMAINDER 0)";
    if (by_id) bounds = "FROM (0) TO (1000)";
    if (division == "RANGE (created_at, id)")
      bounds = "FROM ('2001-01-01', MINVALUE) TO ('2002-01-01', MINVALUE)";
    database.execute(
        "CREATE TABLE public.p (id int, created_at timestamptz NOT NULL) PARTITION BY " + division +
        "; CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES " + bounds +
        "; INSERT INTO public.p VALUES (1, '2001-05-05')");
    RunDriver fleet(database);
    check_satisfied(database, fleet.work_off(fleet.start(dropping(75))));
    CHECK(exists(database, "public.p1"));
    Policy pinned = dropping(75);
    pinned.strategy = StrategyChoice::partition;
    const RunRow refused = fleet.work_off(fleet.start(pinned));
    CHECK(refused.state == "failed");
    CHECK(refused.error.find("not partitioned by ranges of created_at alone") != std::string::npos);
  }
}

TEST_CASE("a large partition is counted by estimate and the ledger says so", "[partition]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute(
      "ALTER TABLE public.p_m6 ALTER COLUMN note SET STORAGE PLAIN; INSERT INTO public.p_m6 SELECT "
      "n, (SELECT min(created_at) FROM public.p_m6), repeat('x', 4000) FROM generate_series(1, "
      "2500) n");
  database.execute("ANALYZE public.p_m6");
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(dropping(150))));
  CHECK(database.number("SELECT count(*) FROM lethe.ledger WHERE method = 'drop' AND estimated AND "
                        "rows BETWEEN 2300 AND 2900 AND oldest IS NULL AND newest IS NULL") == 1);
}
