// Partitions bounded by a timestamp in numbers, or by UUIDs.

#include <fmt/format.h>

#include "common/policies/time_unit.hpp"
#include "common/tasks/strategy_cost.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

struct Kind {
  std::string type;
  TimeUnit unit;
};

const std::vector<Kind> kinds{{"integer", TimeUnit::s},
                              {"bigint", TimeUnit::s},
                              {"bigint", TimeUnit::ms},
                              {"bigint", TimeUnit::us}};

/// SQL of the count for a date or instant.
std::string count_of(const std::string& instant, TimeUnit unit) {
  return fmt::format("((extract(epoch FROM '{}'::timestamptz) * 1000000)::bigint / {})", instant,
                     us_in(unit));
}

/// public.p(id, created_at), without a partition.
void make_table(TestDatabase& database, const std::string& type) {
  database.execute(fmt::format(
      "CREATE TABLE public.p (id int, created_at {}) PARTITION BY RANGE (created_at)", type));
}

/// Ends are values of the column's type or words of SQL.
void add_partition(TestDatabase& database, const std::string& name, const std::string& from,
                   const std::string& to) {
  database.execute(fmt::format(
      "CREATE TABLE public.{} PARTITION OF public.p FOR VALUES FROM ({}) TO ({})", name, from, to));
}

/// A partition between two dates.
void add_years(TestDatabase& database, const std::string& name, TimeUnit unit, int from, int to) {
  const auto end = [&](int year) {
    return database.text("SELECT " + count_of(fmt::format("{}-01-01", year), unit));
  };
  add_partition(database, name, end(from), end(to));
}

Policy dropping(TimeUnit unit, std::int64_t days = 100) {
  Policy policy = test::policy_of("", days, "p");
  policy.units["created_at"] = unit;
  policy.partitions = Partitions::drop;
  return policy;
}

std::string partitions_of(TestDatabase& database) {
  return database.text(
      "SELECT coalesce(string_agg(relid::regclass::text, ' ' ORDER BY relid::regclass::text), '') "
      "FROM pg_partition_tree('public.p') WHERE isleaf");
}

std::string ids(TestDatabase& database) {
  return database.text("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.p");
}

/// What keeps a partition from going as a whole; "" for nothing.
std::string obstacle_of(RunDriver& fleet, const Policy& policy, const std::string& partition) {
  for (const RelationFacts& one : fleet.target().explain(policy).relations)
    if (one.name == "public." + partition)
      return choose_strategy(one, policy, 150'000).candidates.at(0).obstacle;
  return "no such partition";
}

}  // namespace

TEST_CASE("partitions bounded by numbers go as a whole by what the numbers count",
          "[timestamps][partition]") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.type, to_string(kind.unit));
    TestDatabase database;
    make_table(database, kind.type);
    add_years(database, "p_old", kind.unit, 2018, 2020);
    add_years(database, "p_now", kind.unit, 2020, 2030);
    add_years(database, "p_new", kind.unit, 2030, 2031);
    database.execute("CREATE TABLE public.p_rest PARTITION OF public.p DEFAULT");
    database.execute(fmt::format(
        "INSERT INTO public.p VALUES (1, {}), (2, {}), (3, {}), (4, {}), (5, 0), (6, NULL)",
        count_of("2019-12-31", kind.unit), count_of("2020-01-01", kind.unit),
        count_of("now", kind.unit), count_of("2030-06-01", kind.unit)));
    RunDriver fleet(database);
    const RunRow run = fleet.work_off(fleet.start(dropping(kind.unit)));
    CHECK(run.error == "");
    REQUIRE(run.state == "satisfied");
    CHECK(run.rows == 2);
    CHECK(partitions_of(database) == "p_new p_now p_rest");
    CHECK(ids(database) == "3,4,5,6");
    CHECK(database.text("SELECT string_agg(rows || ' ' || oldest, ',') FROM lethe.ledger WHERE "
                        "method = 'drop'") == "1 2019-12-31 00:00:00+00");
  }
}

TEST_CASE("a partition whose last number is just before the cutoff goes and the next one stays",
          "[timestamps][partition]") {
  const TimeUnit unit = GENERATE(TimeUnit::s, TimeUnit::ms, TimeUnit::us);
  CAPTURE(to_string(unit));
  TestDatabase database;
  make_table(database, "bigint");
  add_years(database, "p_new", unit, 2030, 2031);
  RunDriver fleet(database);
  const std::string id = fleet.start(dropping(unit, 365 * 3));
  // The first number that is not older than the cutoff: up to there every one is.
  const std::string first_young = database.text(fmt::format(
      "SELECT (((extract(epoch FROM as_of - interval '26280 hours') * 1000000)::bigint + {0} - 1) "
      "/ {0})::text FROM lethe.runs WHERE id = '{1}'",
      us_in(unit), id));
  add_partition(database, "p_at", database.text("SELECT " + count_of("2001-01-01", unit)),
                first_young);
  add_partition(database, "p_after", first_young, first_young + " + 1");
  const RunRow run = fleet.work_off(id);
  REQUIRE(run.state == "satisfied");
  CHECK(partitions_of(database) == "p_after p_new");
}

TEST_CASE("a partition that may hold numbers which are no times goes by rows",
          "[timestamps][partition]") {
  TestDatabase database;
  make_table(database, "integer");
  add_partition(database, "p_low", "MINVALUE", "-5");
  add_partition(database, "p_zero", "-5", "631152000");  // 1990-01-01
  add_years(database, "p_first", TimeUnit::s, 1990, 2000);
  add_years(database, "p_new", TimeUnit::s, 2030, 2031);
  database.execute("INSERT INTO public.p VALUES (1, -10), (2, 0), (4, 800000000)");
  RunDriver fleet(database);
  const Policy policy = dropping(TimeUnit::s);
  CHECK_THAT(obstacle_of(fleet, policy, "p_low"), test::contains("before 1990"));
  CHECK_THAT(obstacle_of(fleet, policy, "p_zero"), test::contains("before 1990"));
  CHECK(obstacle_of(fleet, policy, "p_first") == "");
  const std::string id = fleet.start(policy);
  const auto plan = fleet.lease();
  REQUIRE(fleet.settle(fleet.step(plan.value()).value()) == Settled::yes);
  database.execute("INSERT INTO public.p VALUES (3, 5)");  // as a plan would have refused
  REQUIRE(fleet.work_off(id).state == "satisfied");
  CHECK(partitions_of(database) == "p_low p_new p_zero");
  CHECK(ids(database) == "1,2,3");
}

TEST_CASE("bounds in another unit than the policy says let no partition go", "[timestamps]") {
  const TimeUnit real = GENERATE(TimeUnit::s, TimeUnit::ms, TimeUnit::us);
  const TimeUnit said = GENERATE(TimeUnit::s, TimeUnit::ms, TimeUnit::us);
  if (real == said) return;
  CAPTURE(to_string(real), to_string(said));
  TestDatabase database;
  make_table(database, "bigint");
  add_years(database, "p_old", real, 2018, 2020);
  add_years(database, "p_new", real, 2030, 2031);
  RunDriver fleet(database);
  // Without a row nothing contradicts the unit.
  REQUIRE(fleet.work_off(fleet.start(dropping(said))).state == "satisfied");
  CHECK(partitions_of(database) == "p_new p_old");
  database.execute("INSERT INTO public.p VALUES (1, " + count_of("2019-06-01", real) + ")");
  const RunRow run = fleet.work_off(fleet.start(dropping(said)));
  CHECK_THAT(run.error, test::contains(fmt::format("write unit: {}", to_string(real))));
  CHECK(partitions_of(database) == "p_new p_old");
  CHECK(ids(database) == "1");
}

TEST_CASE("tenants keep a partition bounded by numbers until the last of them lets it go",
          "[timestamps][partition]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.p (id int, tenant text NOT NULL, created_at bigint) PARTITION BY RANGE "
      "(created_at)");
  add_years(database, "p_2010", TimeUnit::ms, 2010, 2011);
  add_years(database, "p_2015", TimeUnit::ms, 2015, 2016);
  add_years(database, "p_new", TimeUnit::ms, 2030, 2031);
  for (const int year : {2010, 2015})
    database.execute(
        fmt::format("INSERT INTO public.p SELECT {}, t, {} FROM unnest('{{a, b}}'::text[]) t", year,
                    count_of(fmt::format("{}-06-01", year), TimeUnit::ms)));
  RunDriver fleet(database);
  Policy policy = dropping(TimeUnit::ms);
  policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
  const auto since_2012 = database.number("SELECT now()::date - '2012-01-01'::date");
  policy.tenant->overrides["b"].retain = Retention{.months = 0, .seconds = since_2012 * test::day};
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.error == "");
  REQUIRE(run.state == "satisfied");
  CHECK(partitions_of(database) == "p_2015 p_new");
  CHECK(database.text("SELECT string_agg(id || tenant, ',') FROM public.p") == "2015b");
}

TEST_CASE("partitions bounded by UUIDs go by rows because others than version 7 may be among them",
          "[timestamps][partition]") {
  TestDatabase database;
  make_table(database, "uuid");
  add_partition(database, "p_old", "'015f0000-0000-7000-8000-000000000000'",
                "'01700000-0000-7000-8000-000000000000'");
  add_partition(database, "p_new", "'01f00000-0000-7000-8000-000000000000'",
                "'02000000-0000-7000-8000-000000000000'");
  database.execute(
      "INSERT INTO public.p VALUES (1, '01610000-0000-7000-8000-000000000001'), (2, "
      "'01f10000-0000-7000-8000-000000000002')");
  RunDriver fleet(database);
  Policy policy = dropping(TimeUnit::uuidv7);
  CHECK_THAT(obstacle_of(fleet, policy, "p_old"), test::contains("of version 7"));
  const std::string id = fleet.start(policy);
  const auto plan = fleet.lease();
  REQUIRE(fleet.settle(fleet.step(plan.value()).value()) == Settled::yes);
  database.execute("INSERT INTO public.p VALUES (3, '01620000-0000-4000-8000-000000000003')");
  const RunRow run = fleet.work_off(id);
  CHECK(run.error == "");
  REQUIRE(run.state == "satisfied");
  CHECK(partitions_of(database) == "p_new p_old");
  CHECK(ids(database) == "2,3");
}
