// What triggers of a table do to a run, and whose triggers may.

#include "tests/support/clean_checks.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::check_satisfied;
using test::ids_in;
using test::RunDriver;
using test::TestDatabase;

namespace {

Policy ten_days() { return test::policy_of("", 10); }

/// Row n is two times n days old: of a policy of ten days, 1 to 4 stay and 5 to 12 go.
void make_table(TestDatabase& database) {
  database.execute(
      "CREATE TABLE public.t (id int PRIMARY KEY, created_at timestamptz, deleted boolean DEFAULT "
      "false); CREATE TABLE public.audit (id int); CREATE INDEX ON public.t (created_at); INSERT "
      "INTO public.t SELECT n, now() - n * interval '48 hours' FROM generate_series(1, 12) n");
}

/// A trigger function public.f of this body, and a trigger "g" on public.t that fires `when`.
void add_trigger(TestDatabase& database, const std::string& body, const std::string& when) {
  database.execute("CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
                   body + " END $$; CREATE TRIGGER g " + when + " EXECUTE FUNCTION public.f()");
}

}  // namespace

TEST_CASE("triggers that only look on run once for each row or statement and the ledger is right",
          "[triggers]") {
  const StrategyChoice strategy = GENERATE(StrategyChoice::sweep, StrategyChoice::index);
  TestDatabase database;
  make_table(database);
  SECTION("after each row") {
    add_trigger(database, "INSERT INTO public.audit VALUES (OLD.id); RETURN NULL;",
                "AFTER DELETE ON public.t FOR EACH ROW");
  }
  SECTION("after each statement with the rows that it deleted") {
    add_trigger(database, "INSERT INTO public.audit SELECT o.id FROM o; RETURN NULL;",
                "AFTER DELETE ON public.t REFERENCING OLD TABLE AS o FOR EACH STATEMENT");
  }
  SECTION("at the end of the transaction") {
    database.execute(
        "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO "
        "public.audit VALUES (OLD.id); RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER g AFTER "
        "DELETE ON public.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "
        "public.f()");
  }
  Policy policy = ten_days();
  policy.strategy = strategy;
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 8);
  CHECK(ids_in(database, "public.t") == "1,2,3,4");
  CHECK(ids_in(database, "public.audit") == "5,6,7,8,9,10,11,12");
}

TEST_CASE("a trigger that keeps rows fails the run and the rows that it lets go are counted",
          "[triggers]") {
  const bool by_index = GENERATE(false, true);
  TestDatabase database;
  make_table(database);
  add_trigger(database, "IF OLD.id IN (6, 9) THEN RETURN NULL; END IF; RETURN OLD;",
              "BEFORE DELETE ON public.t FOR EACH ROW");
  Policy policy = ten_days();
  policy.strategy = by_index ? StrategyChoice::index : StrategyChoice::sweep;
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.state == "failed");
  CHECK_THAT(
      run.error,
      test::contains(
          "public.t still has eligible rows; look for long locks, triggers that return NULL"));
  CHECK(ids_in(database, "public.t") == "1,2,3,4,6,9");
  const std::int64_t gone = 12 - database.number("SELECT count(*) FROM public.t");
  CHECK(run.rows == gone);
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger") == gone);
}

TEST_CASE("a trigger that marks rows in place of deleting them ends in no endless run",
          "[triggers]") {
  TestDatabase database;
  make_table(database);
  add_trigger(database, "UPDATE public.t SET deleted = true WHERE id = OLD.id; RETURN NULL;",
              "BEFORE DELETE ON public.t FOR EACH ROW");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(ten_days()), 100);
  CHECK(run.state == "failed");
  CHECK(run.rows == 0);
  CHECK(database.number("SELECT count(*) FROM public.t") == 12);
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger") == 0);
}

TEST_CASE("triggers that are switched off or fire for replication alone do not count",
          "[triggers]") {
  const auto how = GENERATE(as<std::string>{}, "DISABLE", "ENABLE REPLICA");
  TestDatabase database;
  make_table(database);
  add_trigger(database, "RETURN NULL;", "BEFORE DELETE ON public.t FOR EACH ROW");
  const test::WorkerRole owner(database, "owner");
  database.execute("ALTER FUNCTION public.f() OWNER TO " + owner.name());
  CHECK_THAT(test::refusal(database, ten_days()), test::contains("with the worker's rights"));
  database.execute("ALTER TABLE public.t " + how + " TRIGGER g");
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
}

TEST_CASE("a role whose sessions mind no triggers is refused", "[triggers]") {
  TestDatabase database;
  make_table(database);
  database.execute(
      "CREATE TABLE public.child (id int REFERENCES public.t); INSERT INTO public.child "
      "VALUES (12)");
  const std::string role = database.text("SELECT quote_ident(current_user)");
  database.execute("ALTER ROLE " + role + " IN DATABASE " +
                   database.text("SELECT current_database()") +
                   " SET session_replication_role = 'replica'");
  RunDriver fleet(database);
  const std::string reason = "session_replication_role is replica for this role";
  CHECK_THAT(test::refusal(database, ten_days()), test::contains(reason));
  const RunRow run = fleet.work_off(fleet.start(ten_days()));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains(reason));
  CHECK(database.number("SELECT count(*) FROM public.t") == 12);
}

TEST_CASE("a trigger runs with the worker's rights only when its owner is trusted", "[triggers]") {
  TestDatabase database;
  make_table(database);
  const test::WorkerRole worker(database);
  const test::WorkerRole owner(database, "owner");
  database.execute("GRANT SELECT, DELETE ON public.t TO " + worker.name());
  database.execute("GRANT INSERT ON public.audit TO " + worker.name());
  add_trigger(database, "INSERT INTO public.audit VALUES (OLD.id); RETURN OLD;",
              "BEFORE DELETE ON public.t FOR EACH ROW");
  RunDriver fleet(database);
  worker.work_in(fleet);
  Policy policy = ten_days();
  std::string says;
  SECTION("a superuser") {}
  SECTION("the worker's own role") {
    database.execute("ALTER FUNCTION public.f() OWNER TO " + worker.name());
  }
  SECTION("somebody whom the policy trusts") {
    database.execute("ALTER FUNCTION public.f() OWNER TO " + owner.name());
    policy.trusted_owners = {"somebody", owner.name()};
  }
  SECTION("somebody else") {
    database.execute("ALTER FUNCTION public.f() OWNER TO " + owner.name());
    policy.trusted_owners = {"somebody"};
    says = "policies[0].table: trigger g on public.t would run the code of role " + owner.name() +
           " with the worker's rights; let the worker's role or a superuser own the function "
           "public.f(), or list " +
           owner.name() + " under trusted_owners";
  }
  SECTION("somebody else whose function says that it takes its own rights") {
    database.execute(
        "ALTER FUNCTION public.f() SECURITY DEFINER; ALTER FUNCTION public.f() OWNER "
        "TO " +
        owner.name());
    says = "with the worker's rights";  // it may say otherwise at the next batch
  }
  SECTION("somebody else who has only the condition") {
    database.execute(
        "CREATE FUNCTION public.peek(int) RETURNS boolean LANGUAGE sql AS 'SELECT true'; ALTER "
        "FUNCTION public.peek(int) OWNER TO " +
        owner.name() +
        "; CREATE TRIGGER h BEFORE DELETE ON public.t FOR EACH ROW WHEN (public.peek(OLD.id)) "
        "EXECUTE FUNCTION public.f()");
    says = "trigger h on public.t would run the code of role";
  }
  CHECK_THAT(test::refusal(database, policy, worker.name()), test::contains(says));
  const RunRow run = fleet.work_off(fleet.start(policy));
  if (says.empty()) {
    check_satisfied(database, run, 8);
    CHECK(ids_in(database, "public.audit") == "5,6,7,8,9,10,11,12");
  } else {
    CHECK(run.state == "failed");
    CHECK(run.rows == 0);
    CHECK(database.number("SELECT count(*) FROM public.t") == 12);
  }
}

TEST_CASE(
    "a trigger that a partition has from its table counts when the policy names the partition",
    "[triggers]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.p (id int, created_at timestamptz) PARTITION BY LIST (id); CREATE TABLE "
      "public.t PARTITION OF public.p DEFAULT; INSERT INTO public.t SELECT n, now() - n * interval "
      "'48 hours' FROM generate_series(1, 12) n; CREATE FUNCTION public.peek(int) RETURNS boolean "
      "LANGUAGE sql AS 'SELECT true'; CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql "
      "AS 'BEGIN RETURN OLD; END'; CREATE TRIGGER g BEFORE DELETE ON public.p FOR EACH ROW WHEN "
      "(public.peek(OLD.id)) EXECUTE FUNCTION public.f()");
  const test::WorkerRole owner(database, "owner");
  CHECK(test::refusal(database, ten_days()) == "");
  const auto function = GENERATE(as<std::string>{}, "public.f()", "public.peek(int)");
  database.execute("ALTER FUNCTION " + function + " OWNER TO " + owner.name());
  CHECK_THAT(test::refusal(database, ten_days()),
             test::contains("would run the code of role " + owner.name()));
}

TEST_CASE("a batch stops when its table's triggers became another's since the plan",
          "[triggers][identity]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, created_at timestamptz) PARTITION BY LIST (id); CREATE TABLE "
      "public.one PARTITION OF public.t DEFAULT; INSERT INTO public.t SELECT n, '2001-01-01' FROM "
      "generate_series(1, 12) n; CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN RETURN OLD; END'");
  const test::WorkerRole owner(database, "owner");
  RunDriver fleet(database);
  const auto plan_and_batch = [&](const std::string& between) {
    const std::string run = fleet.start(ten_days());
    const auto plan = fleet.lease();
    REQUIRE(plan);
    REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
    database.execute(between);
    return fleet.work_off(run);
  };
  SECTION("a trigger came with the partitioned table") {
    const RunRow run = plan_and_batch(
        "CREATE TRIGGER g BEFORE DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()");
    CHECK(run.state == "failed");
    CHECK_THAT(run.error, test::contains("changed since it was planned"));
  }
  SECTION("its function has a new owner") {
    database.execute(
        "CREATE TRIGGER g BEFORE DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()");
    const RunRow run = plan_and_batch("ALTER FUNCTION public.f() OWNER TO " + owner.name());
    CHECK(run.state == "failed");
    CHECK_THAT(run.error, test::contains("changed since it was planned"));
  }
  CHECK(database.number("SELECT count(*) FROM public.t") == 12);
}

TEST_CASE("children that go along are deleted past the triggers of trusted owners alone",
          "[triggers][cascade]") {
  TestDatabase database;
  make_table(database);
  database.execute(
      "CREATE TABLE public.child (id int REFERENCES public.t, PRIMARY KEY (id)); INSERT INTO "
      "public.child SELECT id FROM public.t; CREATE FUNCTION public.f() RETURNS trigger LANGUAGE "
      "plpgsql AS 'BEGIN RETURN OLD; END'; CREATE TRIGGER g BEFORE DELETE ON public.child FOR EACH "
      "ROW EXECUTE FUNCTION public.f()");
  const test::WorkerRole owner(database, "owner");
  database.execute("ALTER FUNCTION public.f() OWNER TO " + owner.name());
  Policy policy = ten_days();
  policy.cascade = {{"public", "child"}};
  CHECK_THAT(test::refusal(database, policy),
             test::contains("policies[0].cascade: trigger g on public.child would run the code"));
  policy.trusted_owners = {owner.name()};
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 8);
  CHECK(ids_in(database, "public.child") == "1,2,3,4");
}

TEST_CASE("a function that a policy calls may be a trusted owner's", "[triggers][call]") {
  TestDatabase database;
  database.execute(
      "CREATE SCHEMA app; CREATE FUNCTION app.expire() RETURNS int LANGUAGE sql AS 'SELECT 0'");
  const test::WorkerRole owner(database, "owner");
  database.execute("ALTER FUNCTION app.expire() OWNER TO " + owner.name());
  Policy policy;
  policy.retain = {.months = 0, .seconds = test::day};
  policy.action.kind = Action::Kind::call;
  policy.action.function = {.schema = "app", .name = "expire"};
  CHECK_THAT(test::refusal(database, policy),
             test::contains("or list " + owner.name() + " under trusted_owners"));
  policy.trusted_owners = {owner.name()};
  CHECK(test::refusal(database, policy) == "");
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 0);
}
