// Accidents that erased data elsewhere, each as somebody would cause it: no row is gone before a
// person has looked.

#include <map>

#include "tests/support/guarded.hpp"

using namespace lethe;
using test::check_refused;
using test::Guarded;
using test::TestDatabase;

namespace {

std::int64_t rows_of(TestDatabase& database, const std::string& table) {
  return database.number("SELECT count(*) FROM " + table);
}

/// A policy that did its work day by day: its runs took some two dozen rows each.
void make_routine(Guarded& guarded, TestDatabase& database, int rows) {
  test::make_plain_table(database, rows);
  const RunRow first = guarded.run(test::policy_of("routine", rows / 24 - 1));
  INFO(first.error);
  REQUIRE(first.state == "satisfied");
  REQUIRE(first.rows > 0);
  REQUIRE(first.rows < 50);
}

}  // namespace

TEST_CASE("30 days typed as 30 seconds deletes nothing before a person agreed",
          "[guards][drills]") {
  for (const int rows : {720, 4'800}) {
    CAPTURE(rows);
    TestDatabase database;
    Guarded guarded(database);
    make_routine(guarded, database, rows);
    const std::int64_t before = rows_of(database, "public.t");
    Policy typed = test::policy_of("routine", 1);
    typed.retain = {.months = 0, .seconds = 30};
    check_refused(guarded.run(typed), "would delete ");
    check_refused(guarded.run("routine"), "max_fraction 0.9");
    CHECK(rows_of(database, "public.t") == before);
    CHECK(guarded.acknowledge("routine") == before);
    const RunRow agreed = guarded.run("routine");
    INFO(agreed.error);
    CHECK(agreed.state == "satisfied");
    CHECK(agreed.rows == before);
  }
}

TEST_CASE("a policy that is pointed at the wrong table deletes nothing before a person agreed",
          "[guards][drills]") {
  for (const int old_percent : {100, 60, 20}) {
    CAPTURE(old_percent);
    TestDatabase database;
    Guarded guarded(database);
    make_routine(guarded, database, 2'400);
    database.execute(
        "CREATE TABLE public.orders (id int PRIMARY KEY, created_at timestamptz); INSERT INTO "
        "public.orders SELECT n, now() - CASE WHEN n % 100 < " +
        std::to_string(old_percent) +
        " THEN interval '5 years' ELSE interval '1 hour' END FROM generate_series(1, 6000) n");
    check_refused(guarded.run(test::policy_of("routine", 99, "orders")), "would delete");
    CHECK(rows_of(database, "public.orders") == 6'000);
    const std::int64_t agreed = guarded.acknowledge("routine");
    CHECK(agreed == 60 * old_percent);
    CHECK(guarded.run("routine").state == "satisfied");
    CHECK(rows_of(database, "public.orders") == 6'000 - agreed);
  }
}

TEST_CASE("a new policy on the wrong table deletes nothing before a person agreed",
          "[guards][drills]") {
  TestDatabase database;
  Guarded guarded(database);
  database.execute(
      "CREATE TABLE public.invoices AS SELECT n AS id, now() - interval '5 years' AS created_at "
      "FROM generate_series(1, 400) n");
  check_refused(guarded.run(test::policy_of("logs-90d", 90, "invoices")), "max_fraction 0.9");
  CHECK(rows_of(database, "public.invoices") == 400);
}

TEST_CASE("rows that an import made old all at once stay until a person agreed",
          "[guards][drills]") {
  for (const int rows : {720, 4'800}) {
    CAPTURE(rows);
    TestDatabase database;
    Guarded guarded(database);
    make_routine(guarded, database, rows);
    database.execute("UPDATE public.t SET created_at = '1970-01-01'");
    const std::int64_t before = rows_of(database, "public.t");
    check_refused(guarded.run("routine"), "would delete");
    CHECK(rows_of(database, "public.t") == before);
    guarded.acknowledge("routine");
    CHECK(guarded.run("routine").state == "satisfied");
    CHECK(rows_of(database, "public.t") == 0);
  }
}

TEST_CASE("an import of old rows beside many young ones stays until a person agreed",
          "[guards][drills]") {
  TestDatabase database;
  Guarded guarded(database);
  make_routine(guarded, database, 4'800);
  database.execute(
      "INSERT INTO public.t (id, created_at) SELECT n, '2001-01-01' FROM generate_series(10001, "
      "11200) n");
  check_refused(guarded.run("routine"), "more than 3 times");
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id > 10000") == 1'200);
}

TEST_CASE("milliseconds read as seconds and seconds read as milliseconds delete nothing",
          "[guards][drills]") {
  for (const auto& [unit, factor] :
       std::map<TimeUnit, std::string>{{TimeUnit::s, "1000"}, {TimeUnit::ms, "1"}}) {
    TestDatabase database;
    Guarded guarded(database);
    database.execute(
        "CREATE TABLE public.t (id int PRIMARY KEY, created_at bigint); INSERT INTO public.t "
        "SELECT n, extract(epoch FROM now() - n * interval '1 hour')::bigint * " +
        factor + " FROM generate_series(1, 2400) n");
    Policy policy = test::policy_of("units", 90);
    policy.units["created_at"] = unit;
    const RunRow run = guarded.run(policy);
    CAPTURE(run.error);
    CHECK(run.state == "failed");
    CHECK(run.rows == 0);
    CHECK(rows_of(database, "public.t") == 2'400);
  }
}
