// A hold that is placed at each step of a batch, and rows that come to be held under its hands.

#include <future>

#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/hold_steps.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::hold_on;
using test::hold_on_tenant;
using test::lease_planned;
using test::OtherSession;
using test::place;
using test::RunDriver;
using test::somebody_waits;
using test::TestDatabase;

namespace {

constexpr std::chrono::seconds patient{25};

constexpr const char* lock_gate =
    "SELECT pg_advisory_xact_lock(1279607909, key) FROM lethe.gate WHERE policy = '*'";
constexpr const char* hold_tenant_3 =
    "INSERT INTO lethe.holds (tenant, tenant_columns, reason, placed_by) VALUES ('t3', '{tenant}', "
    "'x', 'x')";

Policy by_tenant() {
  Policy policy = test::policy_of("", 5);
  policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
  return policy;
}

std::int64_t old_of_tenant_3(TestDatabase& database) {
  return database.number("SELECT count(*) FROM public.t WHERE tenant = 't3' AND id >= 120");
}

void settle(RunDriver& fleet, const std::optional<Settlement>& settlement) {
  REQUIRE(settlement);
  CHECK(fleet.settle(*settlement) == Settled::yes);
}

}  // namespace

TEST_CASE("a hold that is placed between the plan and its batches keeps the rows",
          "[holds][race]") {
  const bool by_index = GENERATE(false, true);
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  Policy policy = by_tenant();
  if (by_index) {
    database.execute("CREATE INDEX ON public.t (created_at)");
    policy.strategy = StrategyChoice::index;
  }
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  place(fleet, hold_on_tenant("t3"));
  settle(fleet, fleet.step(task));
  const RunRow ended = fleet.work_off(run);
  CHECK(ended.state == "satisfied");
  CHECK(ended.rows == 121 - 12);
  CHECK(old_of_tenant_3(database) == 12);
}

TEST_CASE("a hold that is placed between two batches keeps the rows that are left",
          "[holds][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  const std::string run = fleet.start(by_tenant());
  LeasedTask task = lease_planned(fleet);
  task.batch_size = 1;  // a block
  settle(fleet, fleet.step(task));
  const std::int64_t left = old_of_tenant_3(database);
  place(fleet, hold_on_tenant("t3"));
  CHECK(fleet.work_off(run).state == "satisfied");
  CHECK(old_of_tenant_3(database) == left);
}

TEST_CASE("a batch that began while a hold was being placed knows it", "[holds][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database, patient);
  const std::string run = fleet.start(by_tenant());
  const LeasedTask task = lease_planned(fleet);
  OtherSession operator_(database.url());
  operator_.execute(lock_gate);
  operator_.execute(hold_tenant_3);
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  operator_.commit();
  settle(fleet, batch.get());
  CHECK(fleet.work_off(run).rows == 121 - 12);
  CHECK(old_of_tenant_3(database) == 12);
}

TEST_CASE("placing a hold waits for the batch in flight and keeps what that left",
          "[holds][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database, patient);
  db::PgTargetDatabase target(database.url(), "lethe-test");
  const std::string run = fleet.start(by_tenant());
  LeasedTask task = lease_planned(fleet);
  task.batch_size = 5;
  OtherSession application(database.url());
  application.execute("UPDATE public.t SET note = 'touched' WHERE id = 125");
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  auto hold = std::async(std::launch::async,
                         [&] { return target.place_hold(hold_on_tenant("t3"), "ana"); });
  // Both wait now: the batch for the row, the hold for the batch.
  while (database.number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                         "AND wait_event_type = 'Lock'") < 2) {
    REQUIRE(hold.wait_for(std::chrono::milliseconds(5)) == std::future_status::timeout);
  }
  CHECK(database.number("SELECT count(*) FROM lethe.holds") == 0);
  application.commit();
  settle(fleet, batch.get());
  CHECK(hold.get() > 0);
  const std::int64_t left = old_of_tenant_3(database);
  CHECK(fleet.work_off(run).state == "satisfied");
  CHECK(old_of_tenant_3(database) == left);
}

TEST_CASE("a row that comes to be held while the batch waits for its lock stays", "[holds][race]") {
  const auto hold = GENERATE(values<NewHold>(
      {hold_on("t", {{"status", "court"}}), hold_on("t", {{"status", "court"}, {"note", "x"}}),
       hold_on_tenant("court"), hold_on("t", {{"id", "0"}})}));
  const bool by_index = GENERATE(false, true);
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database, patient);
  Policy policy = by_tenant();
  if (by_index) {
    database.execute("CREATE INDEX ON public.t (created_at)");
    policy.strategy = StrategyChoice::index;
  }
  place(fleet, hold);
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  OtherSession application(database.url());
  application.execute(
      "UPDATE public.t SET status = 'court', tenant = 'court', note = 'x', id = 0 WHERE id = 200");
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  application.commit();
  settle(fleet, batch.get());
  const RunRow ended = fleet.work_off(run);
  CHECK(ended.state == "satisfied");
  CHECK(ended.rows == 120);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id = 0") == 1);
}

TEST_CASE("a hold that is placed between the plan and the drop keeps the partition",
          "[holds][race]") {
  const auto partitions = GENERATE(Partitions::drop, Partitions::quarantine);
  const auto hold =
      GENERATE(values<NewHold>({hold_on("p"), hold_on("p_m6"), hold_on("p", {{"id", "50"}})}));
  const std::int64_t gone = hold.match.empty() ? 0 : 99;
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute("DELETE FROM public.p_m5 WHERE id <= 24");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 150, "p");
  policy.partitions = partitions;
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  place(fleet, hold);
  const auto settlement = fleet.step(task);
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::done);
  CHECK(settlement->rows == 0);
  settle(fleet, settlement);
  const RunRow ended = fleet.work_off(run);
  INFO(ended.error);
  CHECK(ended.state == "satisfied");
  CHECK(ended.rows == gone);
  CHECK(database.number("SELECT count(*) FROM public.p") == 576 - gone);
}

TEST_CASE("a held row that is written while its partition is about to go keeps the partition",
          "[holds][race]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute("DELETE FROM public.p_m5 WHERE id <= 24");
  RunDriver fleet(database, patient);
  place(fleet, hold_on("p", {{"note", "court"}}));
  Policy policy = test::policy_of("", 150, "p");
  policy.partitions = Partitions::drop;
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  OtherSession application(database.url());
  application.execute("UPDATE public.p_m6 SET note = 'court' WHERE id = 50");
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  application.commit();
  const auto settlement = batch.get();
  REQUIRE(settlement);
  CHECK(settlement->rows == 0);
  settle(fleet, settlement);
  const RunRow ended = fleet.work_off(run);
  CHECK(ended.state == "satisfied");
  CHECK(ended.rows == 99);
  CHECK(database.number("SELECT count(*) FROM public.p WHERE note = 'court'") == 1);
}

TEST_CASE("a purge waits for a hold that is being placed and then leaves the partition",
          "[holds][race]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute("DELETE FROM public.p_m5 WHERE id <= 24");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 150, "p");
  policy.partitions = Partitions::quarantine;
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  OtherSession operator_(database.url());
  operator_.execute(lock_gate);
  operator_.execute(
      "INSERT INTO lethe.holds (tenant, tenant_columns, reason, placed_by) VALUES "
      "('x', '{note}', 'x', 'x')");
  auto purge = std::async(std::launch::async, [&] { return fleet.target().purge(1, "ana"); });
  CHECK(somebody_waits(database));
  operator_.commit();
  CHECK_THROWS_AS(purge.get(), UserError);
  CHECK(fleet.target().quarantined(1)->state == "quarantined");
}

TEST_CASE("a hold that is placed between the plan and the call keeps the function from running",
          "[holds][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute(
      "CREATE SCHEMA app; CREATE FUNCTION app.expire() RETURNS bigint LANGUAGE sql AS 'WITH g AS "
      "(DELETE FROM public.t RETURNING 1) SELECT count(*) FROM g'");
  RunDriver fleet(database);
  Policy policy;
  policy.target = "app";
  policy.retain = {.months = 0, .seconds = 5 * test::day};
  policy.action.kind = Action::Kind::call;
  policy.action.function = {.schema = "app", .name = "expire"};
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  place(fleet, hold_on("t", {{"id", "1"}}));
  settle(fleet, fleet.step(task));
  CHECK(fleet.run(run).state == "failed");
  CHECK(database.number("SELECT count(*) FROM public.t") == 240);
}

TEST_CASE("a child that comes to be held while its parent waits keeps the parent",
          "[holds][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute(
      "CREATE TABLE public.line (id bigint PRIMARY KEY, org text, t_id bigint REFERENCES public.t "
      "ON DELETE CASCADE); CREATE INDEX ON public.line (t_id); INSERT INTO public.line SELECT n, "
      "'a', n FROM generate_series(1, 240) n");
  RunDriver fleet(database, patient);
  Policy policy = test::policy_of("", 5);
  policy.cascade = {{.schema = "public", .table = "line"}};
  const std::string run = fleet.start(policy);
  const LeasedTask task = lease_planned(fleet);
  const bool is_placed_late = GENERATE(false, true);
  if (is_placed_late) {
    place(fleet, hold_on("line", {{"id", "200"}}));
    settle(fleet, fleet.step(task));
  } else {
    place(fleet, hold_on("line", {{"org", "court"}}));
    OtherSession application(database.url());
    application.execute("UPDATE public.line SET org = 'court' WHERE id = 200");
    auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
    CHECK(somebody_waits(database));  // for the child: its parent is picked already
    application.commit();
    settle(fleet, batch.get());
  }
  const RunRow ended = fleet.work_off(run);
  INFO(ended.error);
  CHECK(ended.state == "satisfied");
  CHECK(ended.rows == 120);
  CHECK(database.text("SELECT string_agg(id::text, ',') FROM public.line WHERE t_id >= 120") ==
        "200");
}
