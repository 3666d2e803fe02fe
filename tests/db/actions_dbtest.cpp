// Rows that get new values instead of being deleted.

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

using Values = std::map<std::string, std::optional<std::string>>;

const Values anonymous{{"status", std::nullopt}, {"note", "gone"}};

/// A policy on public.t that sets `values` in rows older than `days`.
Policy set_policy(std::int64_t days, const Values& values, const std::string& table = "t") {
  Policy policy = test::policy_of("", days, table);
  policy.action.kind = Action::Kind::set;
  policy.action.values = values;
  return policy;
}

/// The run is satisfied, deleted nothing, and the ledger and the run agree on `rows` changed ones.
void check_changed(TestDatabase& database, const RunRow& run, std::int64_t rows) {
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == rows);
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger WHERE run = '" + run.id +
                        "'") == rows);
}

std::int64_t anonymous_rows(TestDatabase& database) {
  return database.number(
      "SELECT count(*) FROM public.t WHERE status IS NULL AND note = 'gone' AND tenant IS NOT "
      "NULL");
}

LeasedTask lease_clean_task(RunDriver& fleet) {
  const auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  const auto task = fleet.lease();
  REQUIRE(task);
  REQUIRE(task->kind == TaskKind::clean);
  return *task;
}

}  // namespace

TEST_CASE("a sweep sets the columns of the expired rows and touches no other", "[set]") {
  TestDatabase database;
  test::make_plain_table(database, 2400);
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(set_policy(50, anonymous)));
  check_changed(database, run, 1201);
  CHECK(run.strategy == test::whole_visit(database) + ", set");
  CHECK(anonymous_rows(database) == 1201);
  CHECK(database.number("SELECT min(id) FROM public.t WHERE note = 'gone'") == 1200);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE status IS NOT NULL") == 1199);
  CHECK(database.number("SELECT count(*) FROM public.t") == 2400);
}

TEST_CASE("an index leads to the few rows whose columns are set", "[set]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  database.execute("CREATE INDEX ON public.t (created_at)");
  database.execute("ANALYZE public.t");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(set_policy(195, anonymous)));
  check_changed(database, run, 4800 - 195 * 24 + 1);
  CHECK(run.strategy == "index, set");
  CHECK(anonymous_rows(database) == run.rows);
}

TEST_CASE("rows that have the values already are not changed again", "[set]") {
  TestDatabase database;
  test::make_plain_table(database, 480);
  RunDriver fleet(database);
  check_changed(database, fleet.work_off(fleet.start(set_policy(10, anonymous))), 241);
  const auto versions =
      database.text("SELECT string_agg(xmin::text, ',' ORDER BY id) FROM public.t");
  check_changed(database, fleet.work_off(fleet.start(set_policy(10, anonymous))), 0);
  CHECK(database.text("SELECT string_agg(xmin::text, ',' ORDER BY id) FROM public.t") == versions);
  database.execute("UPDATE public.t SET note = 'back' WHERE id IN (1, 300)");
  check_changed(database, fleet.work_off(fleet.start(set_policy(10, anonymous))), 1);
  CHECK(database.text("SELECT note FROM public.t WHERE id = 1") == "back");
}

TEST_CASE("verification finds an expired row that lost its new values meanwhile", "[set]") {
  TestDatabase database;
  test::make_plain_table(database, 480);
  RunDriver fleet(database);
  const std::string id = fleet.start(set_policy(10, anonymous));
  const LeasedTask task = lease_clean_task(fleet);
  REQUIRE(fleet.settle(*fleet.step(task)) == Settled::yes);
  database.execute("UPDATE public.t SET status = 'open' WHERE id = 400");
  const RunRow run = fleet.work_off(id);
  check_changed(database, run, 242);
  CHECK(run.passes == 2);
  CHECK(anonymous_rows(database) == 241);
}

TEST_CASE("a row that is refreshed while the batch waits for its lock keeps its values",
          "[set][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database, std::chrono::seconds(25));
  const std::string id = fleet.start(set_policy(5, anonymous));
  const LeasedTask task = lease_clean_task(fleet);
  OtherSession application(database.url());
  application.execute("UPDATE public.t SET created_at = now() WHERE id IN (200, 230)");
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  application.commit();
  const auto settlement = batch.get();
  REQUIRE(settlement);
  CHECK(fleet.settle(*settlement) == Settled::yes);
  check_changed(database, fleet.work_off(id), 240 - 120 + 1 - 2);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id IN (200, 230) AND status IS NOT "
                        "NULL AND note <> 'gone'") == 2);
}

TEST_CASE("a row that stays locked gets its new values in a later pass", "[set][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  const std::string id = fleet.start(set_policy(5, anonymous));
  OtherSession application(database.url());
  application.execute("SELECT 1 FROM public.t WHERE id = 200 FOR UPDATE");
  const auto settlement = fleet.step(lease_clean_task(fleet));
  REQUIRE(settlement);
  CHECK(settlement->rows == 120);
  CHECK(fleet.settle(*settlement) == Settled::yes);
  application.commit();
  check_changed(database, fleet.work_off(id), 121);
}

TEST_CASE("keep_min counts the rows that were changed before like all others", "[set]") {
  TestDatabase database;
  test::make_plain_table(database, 480);
  RunDriver fleet(database);
  Policy policy = set_policy(5, anonymous);
  policy.keep_min = 300;
  check_changed(database, fleet.work_off(fleet.start(policy)), 180);
  CHECK(database.number("SELECT min(id) FROM public.t WHERE note = 'gone'") == 301);
  check_changed(database, fleet.work_off(fleet.start(policy)), 0);

  policy.keep_min = std::nullopt;
  policy.tenant = TenantRule{.column = "tenant", .keep_min = 20, .overrides = {}, .only = {}};
  check_changed(database, fleet.work_off(fleet.start(policy)), 100);  // 20 of 48 rows of each
  check_changed(database, fleet.work_off(fleet.start(policy)), 0);
  CHECK(database.number("SELECT min(id) FROM public.t WHERE note = 'gone'") == 201);
}

TEST_CASE("rows of partitions get their new values where they are", "[set]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database);
  const auto expected = database.number(
      "SELECT count(*) FROM public.p WHERE created_at < now() - interval '75 days'");
  const Values values{{"note", std::nullopt}};
  check_changed(database, fleet.work_off(fleet.start(set_policy(75, values, "p"))), expected);
  CHECK(database.number("SELECT count(*) FROM public.p WHERE note IS NULL") == expected);
  CHECK(database.number("SELECT count(*) FROM public.p") == 600);
}

TEST_CASE("every type with equality takes a value and every type takes null", "[set]") {
  TestDatabase database;
  database.execute(
      "CREATE TYPE public.mood AS ENUM ('fine', 'gone'); CREATE DOMAIN public.mail AS varchar(30) "
      "CHECK (VALUE LIKE '%@%'); CREATE TYPE public.pair AS (a int, b text); CREATE TABLE public.t "
      "(created_at timestamptz, \"Odd col\" text, code char(3), price numeric(10, 2), tags text[], "
      "m public.mood, mail public.mail, doc jsonb, raw json, place point, pair public.pair, ok "
      "boolean, gen text GENERATED ALWAYS AS (code || '!') STORED); INSERT INTO public.t SELECT "
      "'2001-01-01', 'a', 'abc', 1.25, '{a}', 'fine', 'a@b', '{}', '{}', '(1,2)', '(1,x)', true "
      "FROM generate_series(1, 100)");
  RunDriver fleet(database);
  Policy policy = set_policy(10, {{"Odd col", "it's $1"},
                                  {"code", "xy"},
                                  {"price", "0.50"},
                                  {"tags", "{x,\"y z\"}"},
                                  {"m", "gone"},
                                  {"mail", "x@y"},
                                  {"doc", "{\"a\": 1}"},
                                  {"raw", std::nullopt},
                                  {"place", std::nullopt},
                                  {"pair", std::nullopt},
                                  {"ok", "false"}});
  policy.target = "app";
  fleet.target().check_policy(policy, "policies[0]");
  check_changed(database, fleet.work_off(fleet.start(policy)), 100);
  check_changed(database, fleet.work_off(fleet.start(policy)), 0);
  CHECK(
      database.text("SELECT DISTINCT concat_ws('|', \"Odd col\", code, price, tags, m, mail, doc, "
                    "raw, place, pair, ok, gen) FROM public.t") ==
      "it's $1|xy |0.50|{x,\"y z\"}|gone|x@y|{\"a\": 1}|f|xy!");
}

TEST_CASE("a column that must not or cannot be set is refused by its name", "[set][identity]") {
  struct Case {
    std::string sql;
    std::string column;
    std::optional<std::string> value;
    std::string reason;
    bool at_plan = true;  ///< also a run that nobody checked is refused
  };
  const auto [sql, column, value, reason, at_plan] = GENERATE(
      Case{"", "emial", "x", "has no such column"},
      Case{"", "created_at", std::nullopt, "is a timestamp column of this policy"},
      Case{"", "tenant", "x", "is the tenant's column"},
      Case{"CREATE TABLE public.child (t bigint REFERENCES public.t)", "id", "1",
           "is referred to by a foreign key of public.child"},
      Case{"ALTER TABLE public.t ADD g text GENERATED ALWAYS AS (status) STORED", "g", "x",
           "is a generated column"},
      Case{"ALTER TABLE public.t ADD i bigint GENERATED ALWAYS AS IDENTITY", "i", "1",
           "is an identity column"},
      Case{"", "note", std::nullopt, "is NOT NULL; write a value"},
      Case{"ALTER TABLE public.t ADD b box", "b", "((0,0),(1,1))", "has a geometric type"},
      Case{
          "DROP TABLE public.t; CREATE TABLE public.t (created_at timestamptz, tenant text, status "
          "text) PARTITION BY LIST (status)",
          "status", "x", "is part of the partition key"},
      Case{
          "DROP TABLE public.t; CREATE TABLE public.t (created_at timestamptz, tenant text, status "
          "text) PARTITION BY HASH (lower(status))",
          "status", "x", "is part of the partition key"},
      Case{"ALTER TABLE public.t ADD j json", "j", "{}", "can only be compared with null", false},
      Case{"ALTER TABLE public.t ADD n int", "n", "many", "invalid input syntax", false},
      Case{"ALTER TABLE public.t ADD n numeric(6, 2)", "n", "1.005",
           "numeric(6,2) changes this value", false},
      Case{"ALTER TABLE public.t ADD v varchar(3)", "v", "long",
           "character varying(3) changes this value", false});
  TestDatabase database;
  test::make_plain_table(database, 24);
  if (!sql.empty()) database.execute(sql);
  RunDriver fleet(database);
  Policy policy = set_policy(1, {{column, value}});
  policy.target = "app";
  policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
  INFO(sql << " " << column);
  CHECK_THROWS_WITH(
      fleet.target().check_policy(policy, "policies[0]"),
      test::contains("policies[0].action.set." + column + ": ") && test::contains(reason));
  if (!at_plan) return;
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains(reason));
}

TEST_CASE("what would make an UPDATE mean something else is refused and DELETE hazards are not",
          "[set][identity]") {
  TestDatabase database;
  test::make_plain_table(database, 24);
  database.execute(
      "CREATE TABLE public.child (t bigint REFERENCES public.t ON DELETE CASCADE); CREATE RULE r "
      "AS "
      "ON DELETE TO public.t DO INSTEAD NOTHING");
  RunDriver fleet(database);
  Policy policy = set_policy(0, anonymous);
  policy.retain.seconds = 1;
  policy.target = "app";
  CHECK_NOTHROW(fleet.target().check_policy(policy, "p"));
  SECTION("a rule") {
    database.execute("CREATE RULE u AS ON UPDATE TO public.t DO INSTEAD NOTHING");
    CHECK_THROWS_WITH(fleet.target().check_policy(policy, "p"),
                      test::contains("rule u on public.t rewrites UPDATE"));
  }
  SECTION("a trigger of somebody else") {
    database.execute(
        "CREATE ROLE lethe_set_owner; CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql "
        "AS "
        "'BEGIN RETURN NEW; END'; ALTER FUNCTION public.f() OWNER TO lethe_set_owner; CREATE "
        "TRIGGER "
        "g BEFORE UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()");
    CHECK_THROWS_WITH(fleet.target().check_policy(policy, "p"),
                      test::contains("with the worker's rights"));
    database.execute("DROP OWNED BY lethe_set_owner CASCADE; DROP ROLE lethe_set_owner");
  }
}

TEST_CASE("a trigger that takes the new values back fails the run with what keeps the rows",
          "[set]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  const bool by_index = GENERATE(true, false);
  if (by_index) database.execute("CREATE INDEX ON public.t (created_at)");
  database.execute("ANALYZE public.t");
  database.execute(
      "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := OLD.note; "
      "RETURN NEW; END'; CREATE TRIGGER g BEFORE UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION "
      "public.f()");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(set_policy(191, anonymous)), 1'000);
  CHECK(run.state == "failed");
  CHECK(run.rows == 0);
  CHECK_THAT(run.error, test::contains(by_index ? "none was changed: a trigger or rule keeps them"
                                                : "after 6 passes"));
}

TEST_CASE("a preview tells the rows that were changed before from those that would be", "[set]") {
  TestDatabase database;
  test::make_plain_table(database, 480);
  RunDriver fleet(database);
  Policy policy = set_policy(10, anonymous);
  policy.target = "app";
  database.execute("UPDATE public.t SET status = NULL, note = 'gone' WHERE id IN (1, 300, 400)");
  const Census before = fleet.target().census(policy);
  CHECK(before.eligible == 239);
  CHECK(before.done == 2);
  CHECK(before.too_young == 239);
  CHECK(before.action == Action::Kind::set);
  check_changed(database, fleet.work_off(fleet.start(policy)), 239);
  const Census after = fleet.target().census(policy);
  CHECK(after.eligible == 0);
  CHECK(after.done == 241);
}
