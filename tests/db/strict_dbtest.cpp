// keep_min while the application deletes rows of its own.

#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/hold_steps.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::lease_planned;
using test::OtherSession;
using test::RunDriver;
using test::somebody_waits;
using test::TestDatabase;

namespace {

constexpr std::chrono::seconds patient{25};

/// Keeps the newest 150 rows; older than a day otherwise.
Policy keeping(bool strict) {
  Policy policy = test::policy_of("", 1);
  policy.keep_min = 150;
  policy.strict = strict;
  return policy;
}

/// Keeps the newest 10 rows of each tenant.
Policy keeping_of_tenants(bool strict) {
  Policy policy = test::policy_of("", 1);
  policy.tenant =
      TenantRule{.column = "tenant", .keep_min = 10, .overrides = {}, .only = {}, .strict = strict};
  return policy;
}

std::int64_t rows(TestDatabase& database, const std::string& where = "true") {
  return database.number("SELECT count(*) FROM public.t WHERE " + where);
}

std::int64_t deleted(TestDatabase& database) {
  return database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger");
}

}  // namespace

TEST_CASE("rows that the application deletes after the plan never bring a strict table below N",
          "[strict][race]") {
  const bool strict = GENERATE(true, false);
  const bool by_index = GENERATE(false, true);
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  Policy policy = keeping(strict);
  if (by_index) {
    database.execute("CREATE INDEX ON public.t (created_at)");
    policy.strategy = StrategyChoice::index;
  }
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  database.execute("DELETE FROM public.t WHERE id <= 60");
  REQUIRE(fleet.settle(*fleet.step(task)) == Settled::yes);
  CHECK(fleet.work_off(run).state == "satisfied");
  // Not strict: the boundary is the plan's, and what lies below it goes.
  CHECK(rows(database) == (strict ? 150 : 90));
  CHECK(deleted(database) == (strict ? 30 : 90));
}

TEST_CASE("a strict batch waits for a delete that is not committed yet and then knows of it",
          "[strict][race]") {
  const bool strict = GENERATE(true, false);
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database, patient);
  const std::string run = fleet.start(keeping(strict));
  const LeasedTask task = lease_planned(fleet);
  OtherSession application(database.url());
  application.execute("DELETE FROM public.t WHERE id <= 100");
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  if (strict) CHECK(somebody_waits(database));
  if (!strict) batch.wait();
  application.commit();
  REQUIRE(fleet.settle(*batch.get()) == Settled::yes);
  CHECK(fleet.work_off(run).state == "satisfied");
  CHECK(rows(database) == (strict ? 140 : 50));
  CHECK(deleted(database) == (strict ? 0 : 90));
}

TEST_CASE("rows that the application deletes after the plan never bring a strict tenant below N",
          "[strict][race]") {
  const bool strict = GENERATE(true, false);
  const auto strategy = GENERATE(StrategyChoice::automatic, StrategyChoice::key);
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute("CREATE INDEX ON public.t (tenant, created_at)");
  database.execute(
      "UPDATE public.t SET created_at = now() - interval '1 hour' WHERE id % 10 = 3 "
      "AND id <= 120");
  RunDriver fleet(database);
  Policy policy = keeping_of_tenants(strict);
  policy.strategy = strategy;
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  // 12 young rows of t3 at the plan, so it has no boundary of its own; 4 are left.
  database.execute("DELETE FROM public.t WHERE tenant = 't3' AND id <= 80");
  REQUIRE(fleet.settle(*fleet.step(task)) == Settled::yes);
  const RunRow ended = fleet.work_off(run);
  INFO(ended.error);
  CHECK(ended.state == "satisfied");
  CHECK(rows(database, "tenant = 't3'") == (strict ? 10 : 4));
  CHECK(rows(database, "tenant = 't4'") == 10);
}

TEST_CASE("a strict tenant with a number of its own keeps that many", "[strict]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  Policy policy = keeping_of_tenants(true);
  policy.tenant->overrides["t3"].keep_min = 15;
  policy.tenant->overrides["t4"].keep_min = 0;
  policy.tenant->overrides["t5"].enabled = false;
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  database.execute("DELETE FROM public.t WHERE tenant IN ('t3', 't4', 't5', 't6') AND id <= 50");
  REQUIRE(fleet.settle(*fleet.step(task)) == Settled::yes);
  CHECK(fleet.work_off(run).state == "satisfied");
  CHECK(rows(database, "tenant = 't3'") == 15);
  CHECK(rows(database, "tenant = 't4'") == 0);
  CHECK(rows(database, "tenant = 't5'") == 19);
  CHECK(rows(database, "tenant = 't6'") == 10);
  CHECK(rows(database, "tenant = 't7'") == 10);
}

TEST_CASE("a strict batch whose table somebody writes gives up its turn and no attempt",
          "[strict][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  const std::string run = fleet.start(keeping_of_tenants(true));
  const LeasedTask task = lease_planned(fleet);
  OtherSession application(database.url());
  application.execute("UPDATE public.t SET note = 'x' WHERE id = 1");
  const auto settlement = fleet.step(task);
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::release);
  CHECK(deleted(database) == 0);
  application.commit();
  REQUIRE(fleet.settle(*settlement) == Settled::yes);
  CHECK(fleet.work_off(run).state == "satisfied");
  CHECK(rows(database) == 100);
}

TEST_CASE("a strict batch of one partition knows of deletes in another one", "[strict][race]") {
  const bool directly = GENERATE(false, true);
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database, patient);
  Policy policy = test::policy_of("", 100, "p");
  policy.keep_min = 350;
  policy.strict = true;
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  const std::int64_t before = database.number("SELECT count(*) FROM public.p");
  OtherSession application(database.url());
  application.execute("DELETE FROM public.p" + std::string(directly ? "_m1" : "") +
                      " WHERE created_at > now() - interval '40 days'");
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  application.commit();
  REQUIRE(fleet.settle(*batch.get()) == Settled::yes);
  CHECK(fleet.work_off(run).state == "satisfied");
  const std::int64_t left = database.number("SELECT count(*) FROM public.p");
  CHECK(left == 350);
  CHECK(left < before);
}

TEST_CASE("a strict run of one tenant keeps its rows alone", "[strict]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  Policy policy = keeping_of_tenants(true);
  policy.tenant->only = "t3";
  CHECK(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(rows(database, "tenant = 't3'") == 10);
  CHECK(rows(database) == 240 - 14);
}
