// Tenants with their own retention, keep_min, and the boundary that keeps the newest rows.

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

Policy tenant_policy(std::int64_t days, std::optional<std::int64_t> keep_min = std::nullopt) {
  Policy policy = test::policy_of("", days);
  policy.tenant =
      TenantRule{.column = "tenant", .keep_min = keep_min, .overrides = {}, .only = std::nullopt};
  return policy;
}

/// Rows left per tenant, "t0:12 t1:10 …".
std::string left(TestDatabase& database) {
  return database.text(
      "SELECT string_agg(tenant || ':' || n, ' ' ORDER BY tenant) FROM (SELECT tenant, count(*) AS "
      "n FROM public.t GROUP BY tenant) s");
}

}  // namespace

TEST_CASE("overrides give tenants a longer or a shorter life and switch one off", "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 2400);  // 24 rows a day, 240 rows a tenant
  RunDriver fleet(database);
  Policy policy = tenant_policy(50);
  policy.tenant->overrides["t1"].retain = Retention{.months = 0, .seconds = 10 * test::day};
  policy.tenant->overrides["t2"].retain = Retention{.months = 0, .seconds = 90 * test::day};
  policy.tenant->overrides["t3"].enabled = false;
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  REQUIRE(run.state == "satisfied");
  CHECK(left(database) == "t0:119 t1:24 t2:216 t3:240 t4:120 t5:120 t6:120 t7:120 t8:120 t9:120");
}

TEST_CASE("keep_min keeps the newest rows of each tenant however old they are", "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 2400);
  database.execute("DELETE FROM public.t WHERE tenant = 't4' AND id > 60");  // 6 rows are left
  RunDriver fleet(database);
  Policy policy = tenant_policy(1, 12);  // 2 or 3 rows a tenant are younger than a day
  policy.tenant->overrides["t5"].keep_min = 0;
  policy.tenant->overrides["t6"].keep_min = 500;
  policy.tenant->overrides["t7"] = {.retain = Retention{.months = 0, .seconds = 50 * test::day},
                                    .keep_min = std::nullopt,
                                    .enabled = true};
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  REQUIRE(run.state == "satisfied");
  CHECK(left(database) == "t0:12 t1:12 t2:12 t3:12 t4:6 t5:2 t6:240 t7:120 t8:12 t9:12");
  CHECK(database.number("SELECT max(id) FROM public.t WHERE tenant = 't1'") == 111);
}

TEST_CASE("keep_min of a table keeps its newest rows and with fewer rows all of them",
          "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 1);
  policy.keep_min = 100;
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.t") == 100);
  CHECK(database.number("SELECT max(id) FROM public.t") == 100);
  policy.keep_min = 101;
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.t") == 100);
}

TEST_CASE("keep_min holds for a date column where many rows share the boundary day", "[tenants]") {
  TestDatabase database;
  database.execute("CREATE TABLE public.t (id int, created_at date)");
  database.execute(
      "SET LOCAL TimeZone = 'UTC'; INSERT INTO public.t SELECT n, current_date - 30 - n / 10 FROM "
      "generate_series(0, 99) n");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 1);
  policy.keep_min = 15;
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.t") == 20);  // the boundary's ties stay
}

TEST_CASE("rows without a tenant stay", "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute("UPDATE public.t SET tenant = NULL WHERE id > 230");
  RunDriver fleet(database);
  REQUIRE(fleet.work_off(fleet.start(tenant_policy(1))).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.t WHERE tenant IS NULL") == 10);
  CHECK(database.number("SELECT count(*) FROM public.t") == 23 + 10);
}

TEST_CASE("an ad-hoc cleanup of one tenant touches no other", "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  Policy policy = tenant_policy(1, 5);
  policy.tenant->only = "t3";
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(left(database) == "t0:24 t1:24 t2:24 t3:5 t4:24 t5:24 t6:24 t7:24 t8:24 t9:24");
}

TEST_CASE("a census counts exactly what a run then deletes and why the rest stays", "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 2400);
  database.execute("UPDATE public.t SET created_at = NULL WHERE id IN (2000, 2001)");
  database.execute("UPDATE public.t SET tenant = NULL WHERE id = 2002");
  RunDriver fleet(database);
  Policy policy = tenant_policy(50, 150);
  policy.tenant->overrides["t2"].retain = Retention{.months = 0, .seconds = 90 * test::day};
  policy.tenant->overrides["t3"].enabled = false;
  Condition odd;
  odd.kind = Condition::Kind::comparison;
  odd.column = "id";
  odd.comparison = Comparison::lte;
  odd.values = {"2300"};
  policy.where = odd;
  const Census census = fleet.target().census(policy);
  const RunRow run = fleet.work_off(fleet.start(policy));
  REQUIRE(run.state == "satisfied");
  CHECK(census.eligible == run.rows);
  CHECK(census.total == 2400);
  CHECK(census.condition == 100);
  CHECK(census.no_timestamp == 2);
  CHECK(census.tenant_off == 230 + 1);
  CHECK(census.keep_min > 0);
  CHECK(census.eligible + census.too_young + census.keep_min + census.tenant_off +
            census.no_timestamp + census.condition ==
        census.total);
  CHECK(fleet.target().census(policy).eligible == 0);
  CHECK(census.tenants.size() >= 10);
}

TEST_CASE("an override finds its tenant however the value is written", "[tenants]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (tenant uuid, created_at timestamptz); INSERT INTO public.t SELECT "
      "('550e8400-e29b-41d4-a716-44665544000' || n)::uuid, '2001-01-01' FROM generate_series(0, 2) "
      "n");
  RunDriver fleet(database);
  Policy policy = tenant_policy(1);
  policy.tenant->overrides["550E8400-E29B-41D4-A716-446655440001"].enabled = false;
  REQUIRE_NOTHROW(fleet.target().check_policy(policy, "p"));
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(database.text("SELECT string_agg(right(tenant::text, 1), ',') FROM public.t") == "1");
  policy.tenant->overrides["550e8400e29b41d4a716446655440001"].enabled = true;
  CHECK_THROWS_WITH(
      fleet.target().check_policy(policy, "policies[0]"),
      test::contains("policies[0].tenant.overrides") && test::contains("same tenant"));
  policy.tenant->overrides.clear();
  policy.tenant->overrides["acme"].enabled = false;
  CHECK_THROWS_WITH(fleet.target().check_policy(policy, "policies[0]"),
                    test::contains("policies[0].tenant") && test::contains("acme"));
  policy.tenant->overrides.clear();
  policy.tenant->only = "acme";
  CHECK_THROWS_WITH(fleet.target().check_policy(policy, "policies[0]"), test::contains("acme"));
}

TEST_CASE("tenants of every type have their own cutoffs and others that of the policy",
          "[tenants]") {
  TestDatabase database;
  const std::string type = GENERATE("smallint", "integer", "bigint", "numeric", "uuid", "text");
  const auto name = [&type](int number) {
    const std::string digits = std::to_string(number);
    return type == "uuid" ? "00000000-0000-0000-0000-0000000000" + digits : digits;
  };
  INFO(type);
  // Rows of 10, 50 and 90 days of the tenants 10 to 30, and tenants before, between and behind
  // those that have a rule of their own.
  database.execute(
      "CREATE TABLE public.t AS SELECT (" +
      std::string(type == "uuid" ? "'00000000-0000-0000-0000-0000000000' || n" : "n::text") +
      ")::" + type +
      " AS tenant, now() - age * interval '1 day' AS created_at FROM generate_series(10, 30) n, "
      "unnest(ARRAY[10, 50, 90]) age");
  RunDriver fleet(database);
  Policy policy = tenant_policy(70);
  for (const int number : {12, 20, 28})
    policy.tenant->overrides[name(number)].retain =
        Retention{.months = 0, .seconds = (number == 20 ? 20 : 100) * test::day};
  policy.tenant->overrides[name(15)].enabled = false;
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  const auto left_of = [&](int number) {
    return database.number("SELECT count(*) FROM public.t WHERE tenant::text = '" + name(number) +
                           "'");
  };
  for (int number = 10; number <= 30; ++number) {
    const bool stays = number == 12 || number == 15 || number == 28;
    INFO(number);
    CHECK(left_of(number) == (stays ? 3 : number == 20 ? 1 : 2));
  }
}

TEST_CASE("the shortest retention counts also where months stand beside days", "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 2400);
  RunDriver fleet(database);
  Policy policy = tenant_policy(90);
  policy.retain = {.months = 1, .seconds = 0};
  policy.tenant->overrides["t1"].retain = Retention{.months = 0, .seconds = 29 * test::day};
  policy.tenant->overrides["t2"].retain = Retention{.months = 2, .seconds = 0};
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(database.number("SELECT max(id) FROM public.t WHERE tenant = 't1'") == 29 * 24 - 5);
}

TEST_CASE("a run whose own cutoffs are gone deletes nothing more and says why", "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  Policy policy = tenant_policy(1);
  policy.tenant->overrides["t1"].enabled = false;
  const std::string run = fleet.start(policy);
  const auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  database.execute("DELETE FROM lethe.cutoffs");
  const RunRow ended = fleet.work_off(run);
  CHECK(ended.state == "failed");
  CHECK_THAT(ended.error, test::contains("own cutoffs of this run are gone"));
  CHECK(database.number("SELECT count(*) FROM public.t") == 240);
}

TEST_CASE("a clock that goes back after the plan makes every cutoff older", "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 2400);
  RunDriver fleet(database);
  Policy policy = tenant_policy(50);
  policy.tenant->overrides["t1"].retain = Retention{.months = 0, .seconds = 10 * test::day};
  policy.tenant->overrides["t2"].retain = Retention{.months = 0, .seconds = 90 * test::day};
  const std::string run = fleet.start(policy);
  const auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  // As if the plan had been made by a clock five days ahead of the one that the batches see.
  database.execute("UPDATE lethe.cutoffs SET as_of = as_of + interval '5 days'");
  REQUIRE(fleet.work_off(run).state == "satisfied");
  CHECK_THAT(left(database), test::contains("t0:119 t1:44 t2:235 t3:120 "));
}

TEST_CASE("a second plan of a run lets no tenant lose more than the first", "[tenants]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  Policy policy = tenant_policy(1, 12);
  const std::string run = fleet.start(policy);
  const auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(fleet.step(*plan));  // and its settlement is lost
  database.execute(
      "INSERT INTO public.t (id, tenant, created_at) SELECT 1000 + n, 't3', now() - interval '2 "
      "days' FROM generate_series(1, 20) n");
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  REQUIRE(fleet.work_off(run).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.t WHERE tenant = 't3' AND id < 1000") == 12);
}
