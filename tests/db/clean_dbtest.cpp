// What a run deletes and what it leaves, on every kind of table that this version knows.

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// The run is satisfied, and the ledger, the fences and the run agree on `rows`.
void check_satisfied(TestDatabase& database, const RunRow& run, std::int64_t rows) {
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == rows);
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger WHERE run = '" + run.id +
                        "'") == rows);
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.fence WHERE run = '" + run.id +
                        "'") == rows);
  CHECK(database.number("SELECT count(*) FROM lethe.items") == 0);
}

}  // namespace

TEST_CASE("a run deletes the rows older than its cutoff and no other", "[clean]") {
  TestDatabase database;
  test::make_plain_table(database, 2400);
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 50)));
  check_satisfied(database, run, 2400 - 50 * 24 + 1);  // row 1200 is older by the time it took
  CHECK(database.number("SELECT count(*) FROM public.t WHERE created_at < now() - interval '50 "
                        "days 1 minute'") == 0);
  CHECK(database.number("SELECT max(id) FROM public.t") == 50 * 24 - 1);
  CHECK(run.strategy == test::whole_visit(database));
}

TEST_CASE("a run with an index on the timestamp and few expired rows goes by the index",
          "[clean]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  database.execute("CREATE INDEX ON public.t (created_at)");
  database.execute("ANALYZE public.t");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 195)));
  CHECK(run.strategy == "index");
  check_satisfied(database, run, 4800 - 195 * 24 + 1);
}

TEST_CASE("timestamps without a zone are read as UTC whatever the session or role says",
          "[clean]") {
  TestDatabase database;
  test::make_plain_table(database, 240, "timestamp");
  database.execute("ALTER ROLE postgres IN DATABASE " + database.text("SELECT current_database()") +
                   " SET TimeZone = 'Pacific/Kiritimati'");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 5)));
  check_satisfied(database, run, 240 - 5 * 24 + 1);
}

TEST_CASE("a date stands for the end of its day", "[clean]") {
  TestDatabase database;
  database.execute("CREATE TABLE public.t (id int, created_at date)");
  database.execute(
      "SET LOCAL TimeZone = 'UTC'; INSERT INTO public.t SELECT n, current_date - n FROM "
      "generate_series(0, 19) n");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 10)));
  check_satisfied(database, run, 9);  // the day ten days ago ended less than ten days ago
  CHECK(database.number("SELECT max(id) FROM public.t") == 10);
}

TEST_CASE("rows without a time and rows at infinity stay", "[clean]") {
  TestDatabase database;
  database.execute("CREATE TABLE public.t (id int, created_at timestamptz)");
  database.execute(
      "INSERT INTO public.t VALUES (1, NULL), (2, '-infinity'), (3, 'infinity'), (4, "
      "'2001-01-01')");
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(test::policy_of("", 10))), 1);
  CHECK(database.text("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.t") == "1,2,3");
}

TEST_CASE("a fallback timestamp counts only where the one before it is NULL", "[clean]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, started_at timestamp, created_at timestamptz);"
      "INSERT INTO public.t VALUES (1, '2001-01-01', now()), (2, NULL, '2001-01-01'), "
      "(3, NULL, now()), (4, now() AT TIME ZONE 'UTC', '2001-01-01'), (5, NULL, NULL), "
      "(6, 'infinity', '2001-01-01')");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 10);
  policy.timestamp = {"started_at", "created_at"};
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 2);
  CHECK(database.text("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.t") == "3,4,5,6");
}

TEST_CASE("a fallback timestamp with indexes on both columns is cleaned by both", "[clean]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, started_at timestamptz, created_at timestamptz NOT NULL, "
      "note "
      "text DEFAULT repeat('x', 200)); INSERT INTO public.t SELECT n, CASE WHEN n % 3 > 0 THEN "
      "now() - n * interval '1 hour' END, now() - n * interval '1 hour' FROM generate_series(1, "
      "6000) n; CREATE INDEX ON public.t (started_at); CREATE INDEX ON public.t (created_at) WHERE "
      "(started_at IS NULL)");
  database.execute("ANALYZE public.t");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 246);
  policy.timestamp = {"started_at", "created_at"};
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.strategy == "index");
  check_satisfied(database, run, 6000 - 246 * 24 + 1);
}

TEST_CASE("partitions are cleaned one by one though their rows share physical addresses",
          "[clean]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database);
  const auto expected = database.number(
      "SELECT count(*) FROM public.p WHERE created_at < now() - interval '75 days'");
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 75, "p")));
  check_satisfied(database, run, expected);
  CHECK(database.number("SELECT count(*) FROM public.p") == 600 - expected);
  CHECK(database.number("SELECT count(*) FROM public.p WHERE created_at < now() - interval '75 "
                        "days 1 minute'") == 0);
}

TEST_CASE("a partition attached after the plan is found by verification", "[clean]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database);
  const std::string id = fleet.start(test::policy_of("", 75, "p"));
  const auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  database.execute(
      "CREATE TABLE public.p_old PARTITION OF public.p FOR VALUES FROM ('2001-01-01') TO "
      "('2002-01-01'); INSERT INTO public.p VALUES (1, '2001-06-01', 'x')");
  const RunRow run = fleet.work_off(id);
  CHECK(run.state == "satisfied");
  CHECK(run.passes == 2);
  CHECK(database.number("SELECT count(*) FROM public.p_old") == 0);
}

TEST_CASE("a condition keeps every row that it does not match and every row it cannot judge",
          "[clean]") {
  TestDatabase database;
  test::make_plain_table(database, 480);
  database.execute("UPDATE public.t SET status = NULL WHERE id > 470");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 10);
  Condition done;
  done.kind = Condition::Kind::comparison;
  done.column = "status";
  done.comparison = Comparison::ne;
  done.values = {"open"};
  policy.where = done;
  check_satisfied(database, fleet.work_off(fleet.start(policy)),
                  database.number("SELECT 0") + (470 - 240) / 2 + 1);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id > 240 AND status = 'done'") == 0);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE status IS NULL") == 10);
}

TEST_CASE("odd names are cleaned like any other", "[clean]") {
  TestDatabase database;
  database.execute(
      "CREATE SCHEMA \"We;ird\"; CREATE TABLE \"We;ird\".\"T\"\"able\" (\"When\" timestamptz, "
      "\"te'nant\" int); INSERT INTO \"We;ird\".\"T\"\"able\" SELECT now() - n * interval '1 day', "
      "n "
      "% 3 FROM generate_series(0, 29) n");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 10);
  policy.table = {.schema = "We;ird", .table = "T\"able"};
  policy.timestamp = {"When"};
  policy.tenant = TenantRule{.column = "te'nant", .keep_min = 12, .overrides = {}, .only = {}};
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 0);
  policy.tenant->keep_min = std::nullopt;
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 20);
}

TEST_CASE("an empty table and a table without expired rows are satisfied with nothing deleted",
          "[clean]") {
  TestDatabase database;
  database.execute("CREATE TABLE public.t (created_at timestamptz)");
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(test::policy_of("", 1))), 0);
  database.execute("INSERT INTO public.t SELECT now() FROM generate_series(1, 100)");
  check_satisfied(database, fleet.work_off(fleet.start(test::policy_of("", 1))), 0);
  CHECK(database.number("SELECT count(*) FROM public.t") == 100);
}

TEST_CASE("the ledger is chained per task and says what each batch did", "[clean][ledger]") {
  TestDatabase database;
  test::make_plain_table(database, 20'000);
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 30);
  policy.batch.rows_per_second = 1'000;  // small batches
  const RunRow run = fleet.work_off(fleet.start(policy));
  REQUIRE(run.state == "satisfied");
  CHECK(run.batches > 1);
  CHECK(
      database.number("SELECT count(*) FROM lethe.ledger l WHERE prev_hash <> coalesce((SELECT "
                      "hash FROM lethe.ledger p WHERE p.task = l.task AND p.batch = l.batch - 1), "
                      "'')") == 0);
  CHECK(database.number("SELECT count(*) FROM lethe.ledger WHERE newest::timestamptz >= cutoff") ==
        0);
  CHECK(database.number("SELECT count(DISTINCT hash) FROM lethe.ledger") ==
        database.number("SELECT count(*) FROM lethe.ledger"));
}
