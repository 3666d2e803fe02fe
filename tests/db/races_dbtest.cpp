// What happens between a batch and everybody else, step by step with two sessions.

#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::OtherSession;
using test::RunDriver;
using test::somebody_waits;
using test::TestDatabase;

namespace {

/// A batch that must wait does so for as long as its statement may take.
constexpr std::chrono::seconds patient{25};

/// Works the plan of a fresh run off and leases its first clean task.
LeasedTask lease_clean_task(RunDriver& fleet) {
  auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(plan->kind == TaskKind::plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  auto task = fleet.lease();
  REQUIRE(task);
  REQUIRE(task->kind == TaskKind::clean);
  return *task;
}

/// Refreshes rows in an open transaction, lets a batch run into their lock, then commits.
void refresh_while_a_batch_waits(TestDatabase& database, RunDriver& fleet,
                                 const std::string& update, std::int64_t batch_size = 0) {
  LeasedTask task = lease_clean_task(fleet);
  task.batch_size = batch_size;
  OtherSession application(database.url());
  application.execute(update);
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  application.commit();
  const auto settlement = batch.get();
  REQUIRE(settlement);
  CHECK(fleet.settle(*settlement) == Settled::yes);
}

/// The policy's batches go by an index on the table's timestamp.
void use_index(TestDatabase& database, Policy& policy) {
  database.execute("CREATE INDEX ON public.t (created_at)");
  policy.strategy = StrategyChoice::index;
}

}  // namespace

TEST_CASE("a row that is refreshed while the batch waits for its lock stays", "[race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database, patient);
  Policy policy = test::policy_of("", 5);
  if (GENERATE(false, true)) use_index(database, policy);
  const std::string run = fleet.start(policy);
  refresh_while_a_batch_waits(database, fleet,
                              "UPDATE public.t SET created_at = now() WHERE id IN (200, 230)");
  const RunRow ended = fleet.work_off(run);
  CHECK(ended.state == "satisfied");
  CHECK(ended.rows == 240 - 120 + 1 - 2);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id IN (200, 230)") == 2);
}

TEST_CASE("a row of a partition that is refreshed while the batch waits stays", "[race]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  // In place: the row may not move to another partition, so it moves inside its own month.
  database.execute("CREATE TABLE public.q (id int, seen_at timestamptz) PARTITION BY LIST (id)");
  database.execute("CREATE TABLE public.q1 PARTITION OF public.q FOR VALUES IN (1, 2, 3)");
  database.execute("INSERT INTO public.q SELECT n, '2001-01-01' FROM generate_series(1, 3) n");
  RunDriver fleet(database, patient);
  Policy policy = test::policy_of("", 5, "q");
  policy.timestamp = {"seen_at"};
  const std::string run = fleet.start(policy);
  refresh_while_a_batch_waits(database, fleet, "UPDATE public.q SET seen_at = now() WHERE id = 2");
  CHECK(fleet.work_off(run).state == "satisfied");
  CHECK(database.text("SELECT string_agg(id::text, ',') FROM public.q") == "2");
}

TEST_CASE("a row of a partition that moves to a younger partition while the batch waits stays",
          "[race]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database, patient);
  const auto before = database.number("SELECT count(*) FROM public.p");
  const std::string run = fleet.start(test::policy_of("", 160, "p"));
  // Only the oldest partitions hold expired rows; the first clean task is of the lowest oid, so
  // every partition is refreshed in part, and the batches that meet the rows wait.
  OtherSession application(database.url());
  application.execute(
      "UPDATE public.p SET created_at = now() + interval '1 day' WHERE created_at < now() - "
      "interval '160 days' AND id % 2 = 0");
  auto work = std::async(std::launch::async, [&] { return fleet.work_off(run, 8); });
  CHECK(somebody_waits(database));
  application.commit();
  static_cast<void>(work.get());
  const RunRow ended = fleet.work_off(run);
  CHECK(ended.state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.p") == before - ended.rows);
  CHECK(database.number("SELECT count(*) FROM public.p WHERE created_at > now()") > 0);
}

TEST_CASE("a refreshed row of a tenant with fewer rows than keep_min stays like all its rows",
          "[race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute("DELETE FROM public.t WHERE tenant = 't3' AND id <= 200");  // 4 old rows stay
  RunDriver fleet(database, patient);
  Policy policy = test::policy_of("", 1);
  policy.tenant = TenantRule{.column = "tenant", .keep_min = 10, .overrides = {}, .only = {}};
  const std::string run = fleet.start(policy);
  refresh_while_a_batch_waits(database, fleet,
                              "UPDATE public.t SET created_at = now() WHERE id IN (203, 211)");
  CHECK(fleet.work_off(run).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.t WHERE tenant = 't3'") == 4);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id = 211") == 1);
}

TEST_CASE("a row that stays locked is left to a later pass and the others go", "[race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 5);
  if (GENERATE(false, true)) use_index(database, policy);
  const std::string run = fleet.start(policy);
  OtherSession application(database.url());
  application.execute("SELECT 1 FROM public.t WHERE id = 200 FOR UPDATE");
  const LeasedTask task = lease_clean_task(fleet);
  const auto settlement = fleet.step(task);  // waits lock_timeout, then skips the row
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::done);
  CHECK(settlement->rows == 120);
  CHECK(fleet.settle(*settlement) == Settled::yes);
  application.commit();
  const RunRow ended = fleet.work_off(run);
  CHECK(ended.state == "satisfied");
  CHECK(ended.passes == 2);
  CHECK(ended.rows == 121);
}

TEST_CASE(
    "a batch of which every row was refreshed while it waited is no batch that a trigger keeps",
    "[race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database, patient);
  Policy policy = test::policy_of("", 5);
  use_index(database, policy);
  const std::string run = fleet.start(policy);
  refresh_while_a_batch_waits(database, fleet, "UPDATE public.t SET created_at = now()", 121);
  const RunRow ended = fleet.work_off(run);
  CHECK(ended.state == "satisfied");
  CHECK(ended.rows == 0);
}

TEST_CASE("a worker whose task was taken back deletes nothing more and settles nothing", "[race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  const std::string run = fleet.start(test::policy_of("", 5));
  const LeasedTask lost = lease_clean_task(fleet);
  fleet.control().tasks().release(lost.lease.task.value, "test");
  const auto held = fleet.lease();
  REQUIRE(held);
  CHECK(held->lease.task == lost.lease.task);
  CHECK(held->lease.epoch == lost.lease.epoch + 2);
  const auto first = fleet.step(*held);  // the new holder's batch
  REQUIRE(first);
  const auto rows = database.number("SELECT count(*) FROM public.t");
  CHECK_FALSE(fleet.step(lost));
  CHECK(database.number("SELECT count(*) FROM public.t") == rows);
  Settlement late = *first;
  late.lease = lost.lease;
  CHECK(fleet.settle(late) == Settled::lease_lost);
  CHECK(fleet.settle(*first) == Settled::yes);
  CHECK(fleet.settle(*first) == Settled::already);  // a repeat is recognised and harmless
  CHECK(fleet.work_off(run).rows == 121);
}

TEST_CASE("a halted target stops batches without spending an attempt", "[gate]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  const std::string run = fleet.start(test::policy_of("", 5));
  const LeasedTask task = lease_clean_task(fleet);
  fleet.target().close_gate("*", "test");
  const auto settlement = fleet.step(task);
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::release);
  CHECK(database.number("SELECT count(*) FROM public.t") == 240);
  fleet.target().open_gate();
  CHECK(fleet.settle(*settlement) == Settled::yes);
  CHECK(fleet.work_off(run).state == "satisfied");
}

TEST_CASE("a changed policy stops the batches of the old one at once", "[gate]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  fleet.apply(test::policy_of("p", 5));
  const std::string run = fleet.start_stored("p");
  const LeasedTask task = lease_clean_task(fleet);
  fleet.apply(test::policy_of("p", 9));
  const auto settlement = fleet.step(task);
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::dead);
  CHECK(database.number("SELECT count(*) FROM public.t") == 240);
  CHECK(fleet.settle(*settlement) == Settled::yes);
  CHECK(fleet.run(run).state == "failed");
  CHECK(fleet.work_off(fleet.start_stored("p")).rows == 240 - 9 * 24 + 1);
}

TEST_CASE("a policy that was removed and comes back never passes for its former self", "[gate]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  fleet.apply(test::policy_of("p", 5));
  fleet.start_stored("p");
  const LeasedTask task = lease_clean_task(fleet);
  fleet.target().set_gate("p", 2, true, "removed");
  fleet.control().policies().remove("p", "test");
  fleet.apply(test::policy_of("p", 9));
  CHECK(fleet.control().policies().find("p")->epoch == 2);
  const auto settlement = fleet.step(task);
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::dead);
  CHECK(database.number("SELECT count(*) FROM public.t") == 240);
}

TEST_CASE("a table that is not the planned one any more loses no row", "[identity]") {
  const auto change = GENERATE(
      as<std::string>{},
      "ALTER TABLE public.t RENAME TO t_old; CREATE TABLE public.t (LIKE public.t_old); INSERT "
      "INTO public.t SELECT * FROM public.t_old",
      "ALTER TABLE public.t ALTER COLUMN created_at TYPE timestamp",
      "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'; "
      "CREATE TRIGGER g BEFORE DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()",
      "CREATE RULE r AS ON DELETE TO public.t DO INSTEAD NOTHING",
      "CREATE TABLE public.child (t bigint REFERENCES public.t ON DELETE CASCADE); INSERT INTO "
      "public.child SELECT id FROM public.t",
      "ALTER TABLE public.t ENABLE ROW LEVEL SECURITY", "ALTER TABLE public.t SET SCHEMA lethe",
      "DROP TABLE public.t; CREATE TABLE public.t (id bigint)");
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  const std::string run = fleet.start(test::policy_of("", 5));
  const LeasedTask task = lease_clean_task(fleet);
  database.execute(change);
  const auto settlement = fleet.step(task);
  INFO(change);
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::dead);
  CHECK(settlement->rows == 0);
  CHECK(database.number("SELECT count(*) FROM lethe.ledger") == 0);
  CHECK(fleet.settle(*settlement) == Settled::yes);
  CHECK(fleet.run(run).state == "failed");
}

TEST_CASE("tables on which a DELETE would mean something else are refused with the reason",
          "[identity]") {
  struct Case {
    std::string sql;
    std::string reason;
  };
  const auto [sql, reason] = GENERATE(
      Case{"ALTER TABLE public.t RENAME TO real; CREATE VIEW public.t AS SELECT * FROM public.real",
           "is a view"},
      Case{"CREATE RULE r AS ON DELETE TO public.t DO INSTEAD NOTHING", "rewrites DELETE"},
      Case{"CREATE TABLE public.child (t bigint REFERENCES public.t ON DELETE CASCADE)",
           "would delete rows there"},
      Case{"CREATE TABLE public.child (t bigint REFERENCES public.t ON DELETE SET NULL)",
           "would change rows there"},
      Case{"CREATE TABLE public.heir () INHERITS (public.t)", "inheritance children"},
      Case{"CREATE ROLE lethe_test_owner; CREATE FUNCTION public.f() RETURNS trigger LANGUAGE "
           "plpgsql AS 'BEGIN RETURN OLD; END'; ALTER FUNCTION public.f() OWNER TO "
           "lethe_test_owner; CREATE TRIGGER g BEFORE DELETE ON public.t FOR EACH ROW EXECUTE "
           "FUNCTION public.f()",
           "with the worker's rights"},
      Case{"DROP TABLE public.t", "does not exist"},
      Case{"ALTER TABLE public.t DROP COLUMN created_at", "has no column 'created_at'"},
      Case{"ALTER TABLE public.t ALTER COLUMN created_at TYPE text", "is text"});
  TestDatabase database;
  test::make_plain_table(database, 24);
  database.execute(sql);
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 1);
  policy.target = "app";
  INFO(sql);
  CHECK_THROWS_WITH(fleet.target().check_policy(policy, "policies[0]"),
                    test::contains("policies[0].") && test::contains(reason));
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains(reason));
  CHECK(run.rows == 0);
  if (reason == "with the worker's rights")
    database.execute("DROP OWNED BY lethe_test_owner CASCADE; DROP ROLE lethe_test_owner");
}
