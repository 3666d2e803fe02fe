#include <atomic>
#include <functional>
#include <thread>

#include "common/db/pg_task_runner.hpp"
#include "common/user_error.hpp"
#include "proto/task_payload.hpp"
#include "tests/support/guarded.hpp"
#include "tests/support/hold_steps.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::check_refused;
using test::Guarded;
using test::TestDatabase;

namespace {

std::int64_t rows_left(TestDatabase& database) {
  return database.number("SELECT count(*) FROM public.t");
}

/// public.t(id, created_at, note), all rows old, about eight to a block.
void make_old_rows(TestDatabase& database, int rows) {
  database.execute(
      "CREATE TABLE public.t (id int PRIMARY KEY, created_at timestamptz, note text) WITH "
      "(autovacuum_enabled = off); INSERT INTO public.t SELECT n, now() - interval '1 year', "
      "repeat('x', 950) FROM generate_series(1, " +
      std::to_string(rows) + ") n");
}

std::string problem_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const UserError& error) {
    CHECK(error.code() == ExitCode::refused);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("an agreement is good for the policy that was seen and for one run of it", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  test::make_plain_table(database, 2'400);
  Policy policy = test::policy_of("all", 1);
  check_refused(guarded.run(policy), "max_fraction");
  guarded.acknowledge("all");
  policy.retain.seconds -= 1;
  check_refused(guarded.run(policy), "max_fraction");
  guarded.acknowledge("all");
  CHECK(guarded.run("all").state == "satisfied");
  database.execute(
      "INSERT INTO public.t (id, created_at) SELECT n, '2001-01-01' FROM generate_series(10000, "
      "12499) n");  // no more than it covered
  check_refused(guarded.run("all"), "max_fraction");
  CHECK(rows_left(database) > 2'500);
}

TEST_CASE("an agreement of the week before last is none any more", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  test::make_plain_table(database, 2'400);
  guarded.fleet.apply(test::policy_of("all", 1));
  guarded.acknowledge("all");
  database.execute("UPDATE lethe.acknowledgements SET at = at - interval '7 days 1 second'");
  check_refused(guarded.run("all"), "max_fraction");
}

TEST_CASE("an agreement to a policy that was changed meanwhile is refused", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  test::make_plain_table(database, 240);
  guarded.fleet.apply(test::policy_of("p", 5));
  const PolicyRow seen = guarded.stored("p");
  guarded.fleet.apply(test::policy_of("p", 4));
  CHECK(problem_of([&] {
          guarded.fleet.control().policies().acknowledge(seen, 5, "ana");
        }).find("changed by somebody else") != std::string::npos);
  CHECK(database.number("SELECT count(*) FROM lethe.acknowledgements") == 0);
}

TEST_CASE("a run beyond max_rows_per_run is refused before anything is deleted", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  test::make_plain_table(database, 2'400);
  Policy policy = test::policy_of("p", 50);
  policy.guards.max_rows_per_run = 1'200;
  RunRow run = guarded.run(policy);
  INFO(run.error);
  CHECK(run.state == "refused");
  CHECK(run.rows == 0);
  CHECK(run.error.find("would delete 1,201 of 2,400 rows") != std::string::npos);
  CHECK(run.error.find("max_rows_per_run 1,200 allows; raise it") != std::string::npos);
  CHECK(rows_left(database) == 2'400);
  policy.guards.max_rows_per_run = 1'201;
  CHECK(guarded.run(policy).state == "satisfied");
  CHECK(rows_left(database) == 1'199);
}

TEST_CASE("an ad-hoc run keeps to its own limit and to what its person saw", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  test::make_plain_table(database, 2'400);
  Policy policy = test::policy_of("", 50);
  policy.guards.max_rows_per_run = 100;
  CHECK(guarded.fleet.work_off(guarded.fleet.start(policy)).state == "refused");
  policy.guards = {};
  policy.guards.max_fraction_ppm = 500'000;
  CHECK(guarded.fleet.work_off(guarded.fleet.start(policy)).state == "refused");
  policy.guards = {};
  policy.target = "app";
  StartOptions seen;
  seen.acknowledged = 1'000;
  const auto start = [&] {
    return guarded.fleet.control().runs().start(policy, seen, "ana").id.value;
  };
  const RunRow run = guarded.fleet.work_off(start());
  INFO(run.error);
  CHECK(run.state == "refused");
  CHECK(rows_left(database) == 2'400);
  seen.acknowledged = 1'201;
  CHECK(guarded.fleet.work_off(start()).state == "satisfied");
  CHECK(rows_left(database) == 1'199);
}

TEST_CASE("a batch that would take its run beyond the limit is undone and the run refused",
          "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  test::make_plain_table(database, 2'400);
  Policy policy = test::policy_of("p", 50);
  policy.guards.max_rows_per_run = 700;
  guarded.fleet.apply(policy);
  const std::int64_t hold =
      guarded.fleet.target().place_hold(test::hold_on("t", {{"status", "open"}}), "ana");
  const std::string id = guarded.fleet.start_stored("p");
  const auto plan = guarded.fleet.lease();
  REQUIRE(plan);
  REQUIRE(guarded.fleet.settle(*guarded.fleet.step(*plan)) == Settled::yes);
  REQUIRE(guarded.fleet.run(id).state == "cleaning");
  REQUIRE(guarded.fleet.target().release_hold(hold, "now they count", "ana"));
  const RunRow run = guarded.fleet.work_off(id);
  CHECK(run.state == "refused");
  CHECK(run.error.find("reached max_rows_per_run 700: ") != std::string::npos);
  CHECK(run.error.find("the rest stays") != std::string::npos);
  CHECK(run.rows <= 700);
  CHECK(rows_left(database) == 2'400 - run.rows);
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger") == run.rows);
  CHECK(database.number("SELECT count(*) FROM lethe.items") == 0);
  CHECK(database.number("SELECT count(*) FROM lethe.dead") == 0);
}

TEST_CASE("two batches that fit one by one and not together do not both go through", "[guards]") {
  TestDatabase database;
  Guarded guarded(database, 30s);
  make_old_rows(database, 9'000);  // two ranges of blocks
  database.execute(
      "CREATE FUNCTION public.brake() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_advisory_xact_lock_shared(4711); RETURN NULL; END $$; CREATE TRIGGER brake AFTER DELETE "
      "ON public.t FOR EACH STATEMENT EXECUTE FUNCTION public.brake()");
  Policy policy = test::policy_of("p", 50);
  policy.strategy = StrategyChoice::sweep;
  policy.guards.max_fraction_ppm = 1'000'000;
  guarded.fleet.apply(policy);
  guarded.acknowledge("p");
  const std::string id = guarded.fleet.start_stored("p");
  const auto plan = guarded.fleet.lease();
  REQUIRE(plan);
  REQUIRE(guarded.fleet.settle(*guarded.fleet.step(*plan)) == Settled::yes);
  const auto first = guarded.fleet.lease();
  const auto second = guarded.fleet.lease();
  REQUIRE(first);
  REQUIRE(second);
  const auto context = guarded.fleet.queue().run_context(first->run, first->kind);
  REQUIRE(context);
  // Each alone would stay below it.
  const auto batch = [&](const LeasedTask& task) {
    auto payload = std::get<TaskPayload>(decode_task_payload(task.payload));
    payload.bounds.limit = {.rows_max = 5'000, .name = "max_rows_per_run 5,000", .cure = "look"};
    db::PgTaskRunner runner("lethe-test", db::Superusers::allow, 30s);
    return runner.clean(*context, task.lease, payload, 512);
  };
  test::OtherSession brake(database.url());
  brake.execute("SELECT pg_advisory_xact_lock(4711)");
  std::variant<BatchDone, TargetTrouble> one;
  std::variant<BatchDone, TargetTrouble> other;
  std::atomic<int> ended = 0;
  std::thread a([&] {
    one = batch(*first);
    ++ended;
  });
  std::thread b([&] {
    other = batch(*second);
    ++ended;
  });
  while (ended == 0 &&
         database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT "
                         "granted AND objid = 4711 AND database = (SELECT oid FROM pg_database "
                         "WHERE datname = current_database())") < 2)
    std::this_thread::yield();
  brake.commit();
  a.join();
  b.join();
  const bool first_went = std::holds_alternative<BatchDone>(one);
  CHECK(first_went != std::holds_alternative<BatchDone>(other));
  const auto& refused = std::get<TargetTrouble>(first_went ? other : one);
  INFO(refused.message);
  CHECK(refused.kind == TargetTrouble::Kind::refused);
  CHECK(rows_left(database) >= 4'000);
  CHECK(rows_left(database) + database.number("SELECT sum(rows) FROM lethe.ledger") == 9'000);
}

TEST_CASE("a guard looks at the rows and not at statistics that are old or lost", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  database.execute(
      "CREATE TABLE public.t (id int PRIMARY KEY, created_at timestamptz, note text) WITH "
      "(autovacuum_enabled = off); INSERT INTO public.t SELECT n, now(), repeat('x', 950) FROM "
      "generate_series(1, 1000) n; ANALYZE public.t");
  database.execute(
      "INSERT INTO public.t SELECT n, now() - interval '1 year', repeat('x', 950) FROM "
      "generate_series(1001, 75000) n");
  database.execute("SELECT pg_stat_reset()");
  check_refused(guarded.run(test::policy_of("p", 50)), "of 7");
  CHECK(rows_left(database) == 75'000);
  CHECK(guarded.acknowledge("p") == 74'000);
  CHECK(guarded.run("p").state == "satisfied");
  CHECK(rows_left(database) == 1'000);
}

TEST_CASE("in a table too large to be counted a few old rows are counted by the limit of a guard",
          "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  database.execute(
      "CREATE TABLE public.t (id int PRIMARY KEY, created_at timestamptz, note text) WITH "
      "(autovacuum_enabled = off); INSERT INTO public.t SELECT n, now() - CASE WHEN n % 25 = 0 "
      "THEN interval '1 year' ELSE interval '1 hour' END, repeat('x', 950) FROM "
      "generate_series(1, 75000) n");
  Policy policy = test::policy_of("p", 50);
  policy.guards.max_rows_per_run = 2'999;
  const RunRow refused = guarded.run(policy);
  INFO(refused.error);
  CHECK(refused.state == "refused");
  CHECK(refused.rows == 0);
  policy.guards.max_rows_per_run = 3'000;
  const RunRow run = guarded.run(policy);
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 3'000);
}

TEST_CASE("a policy of two persons runs only as the second one has seen it", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  PolicyStore& policies = guarded.fleet.control().policies();
  test::make_plain_table(database, 240);
  Policy policy = test::policy_of("p", 9);
  CHECK(guarded.run(policy).state == "satisfied");
  CHECK(problem_of([&] {
          policies.approve(guarded.stored("p"), "ben");
        }).find("needs no approval") != std::string::npos);
  policy.guards.two_person = true;
  const RunRow refused = guarded.run(policy);
  CHECK(refused.state == "refused");
  CHECK(refused.error.find("nobody but test has seen it") != std::string::npos);
  CHECK(refused.error.find("lethe policy approve p") != std::string::npos);
  const PolicyRow seen = guarded.stored("p");
  CHECK(problem_of([&] { policies.approve(seen, "test"); }).find("second person's") !=
        std::string::npos);
  policies.approve(seen, "ben");
  CHECK(guarded.run("p").state == "satisfied");
  // A change needs a new approval, also the change back, and also the one that asks for none.
  policy.retain.seconds -= 3'600;
  CHECK(guarded.run(policy).state == "refused");
  policy.retain.seconds += 3'600;
  CHECK(guarded.run(policy).state == "refused");
  CHECK(problem_of([&] { policies.approve(seen, "ben"); }).empty());
  CHECK(guarded.run("p").state == "satisfied");
  policy.guards.two_person = false;
  CHECK(guarded.run(policy).state == "refused");
  policies.approve(guarded.stored("p"), "ben");
  CHECK(guarded.run("p").state == "satisfied");
  policy.retain.seconds -= 3'600;
  CHECK(guarded.run(policy).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM lethe.audit WHERE action = 'policy.approve'") == 3);
}

TEST_CASE("a function may report only so many rows", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  test::make_plain_table(database, 240);
  database.execute(
      "CREATE SCHEMA app; CREATE FUNCTION app.expire(cutoff timestamptz) RETURNS bigint LANGUAGE "
      "sql AS $$ WITH gone AS (DELETE FROM public.t WHERE id IN (SELECT id FROM public.t WHERE "
      "created_at < $1 LIMIT 20) RETURNING 1) SELECT count(*) FROM gone $$");
  Policy policy = test::policy_of("p", 5);
  policy.action = {
      .kind = Action::Kind::call, .values = {}, .function = {.schema = "app", .name = "expire"}};
  policy.guards.max_rows_per_run = 50;
  const RunRow run = guarded.run(policy);
  INFO(run.error);
  CHECK(run.state == "refused");
  CHECK(run.rows == 40);
  CHECK(rows_left(database) == 200);
}

TEST_CASE("what is to be expected is remembered through quiet hours and for a week", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  test::make_plain_table(database, 4'800);
  CHECK(guarded.run(test::policy_of("p", 150)).rows > 1'000);
  const auto idle = [&] {
    for (int i = 0; i < 6; ++i) REQUIRE(guarded.run("p").state == "satisfied");
  };
  const auto import_old = [&](int from, int rows) {
    database.execute(
        "INSERT INTO public.t (id, created_at) SELECT n, '2001-01-01' FROM "
        "generate_series(" +
        std::to_string(from) + ", " + std::to_string(from + rows - 1) + ") n");
  };
  idle();
  import_old(10'000, 3'000);
  CHECK(guarded.run("p").state == "satisfied");
  database.execute(
      "UPDATE lethe.runs SET created_at = created_at - interval '8 days' WHERE rows > 0");
  idle();
  import_old(20'000, 1'001);
  check_refused(guarded.run("p"), "more than 3 times the 0 rows");
}

TEST_CASE("a policy and each of its runs have the same hash however the run was made", "[guards]") {
  TestDatabase database;
  Guarded guarded(database);
  test::make_plain_table(database, 24);
  CHECK(guarded.run(test::policy_of("p", 50)).state == "satisfied");
  guarded.fleet.apply(test::policy_of("p", 40));
  CHECK(guarded.run("p").spec_sha256 == guarded.stored("p").spec_sha256);
  CHECK(database.number("SELECT count(*) FROM lethe.policies WHERE spec_sha256 = "
                        "encode(sha256(convert_to(spec_text, 'UTF8')), 'hex')") == 1);
  CHECK(guarded.stored("p").spec_text == to_canonical_json(test::policy_of("p", 40)));
}
