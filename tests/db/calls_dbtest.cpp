// Functions of the user's that are called batch by batch.

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::OtherSession;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// app.lots(id, at): 480 rows, row n being n hours old, so that 241 are older than ten days.
void make_lots(TestDatabase& database) {
  database.execute(
      "CREATE SCHEMA app; CREATE TABLE app.lots (id bigint PRIMARY KEY, at timestamptz); INSERT "
      "INTO app.lots SELECT n, now() - n * interval '1 hour' FROM generate_series(1, 480) n");
}

constexpr std::int64_t expired = 241;

/// A policy that calls app.expire and keeps ten days.
Policy call_policy(const std::string& name = "expire") {
  Policy policy;
  policy.target = "app";
  policy.retain = {.months = 0, .seconds = 10 * test::day};
  policy.action.kind = Action::Kind::call;
  policy.action.function = {.schema = "app", .name = name};
  return policy;
}

/// app.expire with these parameters and result, whose body deletes up to 100 expired rows a call.
std::string expire_function(const std::string& parameters, const std::string& result,
                            const std::string& cutoff = "now() - interval '10 days'",
                            const std::string& size = "100") {
  return fmt::format(
      "CREATE FUNCTION app.expire({}) {} LANGUAGE plpgsql AS $f$ DECLARE n bigint; BEGIN DELETE "
      "FROM "
      "lots WHERE id IN (SELECT id FROM lots WHERE at < {} ORDER BY at LIMIT {}); GET DIAGNOSTICS "
      "n "
      "= ROW_COUNT; ",
      parameters, result, cutoff, size);
}

RunRow run_of(TestDatabase& database, const Policy& policy = call_policy()) {
  RunDriver fleet(database);
  return fleet.work_off(fleet.start(policy), 100);
}

LeasedTask lease_call(RunDriver& fleet) {
  const auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  const auto task = fleet.lease();
  REQUIRE(task);
  REQUIRE(task->kind == TaskKind::clean);
  return *task;
}

}  // namespace

TEST_CASE("a function of each signature is called until it returns 0", "[call]") {
  const auto function = GENERATE(
      expire_function("", "RETURNS integer") + "RETURN n; END $f$",
      expire_function("cutoff timestamptz", "RETURNS bigint", "cutoff") + "RETURN n; END $f$",
      expire_function("keep interval", "RETURNS numeric", "now() - keep") + "RETURN n; END $f$",
      expire_function("p_batch_size int, cutoff timestamptz, keep interval", "RETURNS bigint",
                      "least(cutoff, now() - keep)", "least(100, p_batch_size)") +
          "RETURN n; END $f$",
      expire_function("OUT what text, OUT deleted integer, \"Limit\" bigint", "",
                      "now() - "
                      "interval '10 days'",
                      "least(100, \"Limit\")") +
          "what := 'lots'; deleted := n; END $f$",
      expire_function("INOUT deleted integer", "") + "deleted := deleted + n; END $f$",
      expire_function("", "RETURNS TABLE (what text, rows bigint, more bigint)") +
          "RETURN QUERY VALUES ('a'::text, n - n / 2, 7::bigint), ('b', n / 2, 7); END $f$",
      expire_function("", "RETURNS SETOF bigint") + "IF n > 0 THEN RETURN NEXT n; END IF; END $f$");
  TestDatabase database;
  make_lots(database);
  database.execute(function);
  INFO(function);
  RunDriver fleet(database);
  fleet.target().check_policy(call_policy(), "p");
  const RunRow run = fleet.work_off(fleet.start(call_policy()), 100);
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.strategy == "call");
  CHECK(run.rows == expired);
  CHECK(run.batches == 4);  // 100, 100, 41 and 0 rows
  CHECK(run.passes == 1);
  CHECK(database.number("SELECT count(*) FROM app.lots") == 480 - expired);
  CHECK(database.number("SELECT sum(rows) FROM lethe.ledger WHERE relation LIKE 'app.expire(%'") ==
        expired);
}

TEST_CASE("a procedure is called until what it gives back is 0", "[call]") {
  TestDatabase database;
  make_lots(database);
  database.execute(
      "CREATE PROCEDURE app.expire(batch int, INOUT n bigint) LANGUAGE plpgsql AS $$ BEGIN DELETE "
      "FROM lots WHERE id IN (SELECT id FROM lots WHERE at < now() - interval '10 days' LIMIT "
      "least(batch, 100)); GET DIAGNOSTICS n = ROW_COUNT; END $$");
  const RunRow run = run_of(database);
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == expired);
  CHECK(run.batches == 4);
}

TEST_CASE("a function or procedure that returns nothing is called once", "[call]") {
  TestDatabase database;
  make_lots(database);
  const auto kind = GENERATE(as<std::string>{}, "FUNCTION", "PROCEDURE");
  database.execute(
      fmt::format("CREATE {} app.expire() {} LANGUAGE sql AS 'DELETE FROM app.lots WHERE id > 400'",
                  kind, kind == "FUNCTION" ? "RETURNS void" : ""));
  const RunRow run = run_of(database);
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 0);
  CHECK(run.batches == 1);
  CHECK(database.number("SELECT count(*) FROM app.lots") == 400);
}

TEST_CASE("a function that cannot be called is refused with the cure", "[call][identity]") {
  struct Case {
    std::string sql;
    std::string reason;
  };
  const std::string body = " LANGUAGE sql AS 'SELECT 1'";
  const auto [sql, reason] = GENERATE_COPY(
      Case{"", "app.expire does not exist in target 'app'"},
      Case{"CREATE FUNCTION app.expire() RETURNS int" + body +
               "; CREATE FUNCTION app.expire(int) RETURNS int" + body,
           "there are 2 functions called app.expire"},
      Case{"CREATE FUNCTION app.expire(tenant text) RETURNS int" + body,
           "nobody knows what to pass for its parameter tenant of type text"},
      Case{"CREATE FUNCTION app.expire(days int) RETURNS int" + body,
           "nobody knows what to pass for its parameter days of type integer"},
      Case{"CREATE FUNCTION app.expire(int) RETURNS int" + body, "parameter without a name"},
      Case{"CREATE FUNCTION app.expire(VARIADIC batch int[]) RETURNS int" + body, "nobody knows"},
      Case{"CREATE FUNCTION app.expire(a timestamptz, b timestamptz) RETURNS int" + body,
           "its parameter b of type timestamp with time zone means the same as one before"},
      Case{"CREATE FUNCTION app.expire() RETURNS text LANGUAGE sql AS 'SELECT ''x'''",
           "app.expire() returns text; let it return the number of rows"},
      Case{"CREATE FUNCTION app.expire() RETURNS record" + body, "returns record"},
      Case{"CREATE AGGREGATE app.expire(int) (SFUNC = int4pl, STYPE = int)", "is an aggregate"},
      Case{"CREATE FUNCTION app.expire() RETURNS int" + body +
               "; GRANT CREATE ON SCHEMA app TO PUBLIC",
           "REVOKE CREATE ON SCHEMA app FROM PUBLIC"},
      Case{"CREATE ROLE lethe_call_owner; CREATE FUNCTION app.expire() RETURNS int" + body +
               "; ALTER FUNCTION app.expire() OWNER TO lethe_call_owner",
           "would run the code of role lethe_call_owner with the worker's rights"});
  TestDatabase database;
  make_lots(database);
  if (!sql.empty()) database.execute(sql);
  RunDriver fleet(database);
  INFO(sql);
  CHECK_THROWS_WITH(fleet.target().check_policy(call_policy(), "policies[0]"),
                    test::contains("policies[0].action.call: ") && test::contains(reason));
  const RunRow run = fleet.work_off(fleet.start(call_policy()), 100);
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains(reason));
  if (reason.find("lethe_call_owner") != std::string::npos)
    database.execute("DROP OWNED BY lethe_call_owner; DROP ROLE lethe_call_owner");
}

TEST_CASE("a procedure that commits is told to leave that out", "[call]") {
  TestDatabase database;
  make_lots(database);
  database.execute(
      "CREATE PROCEDURE app.expire() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM lots; COMMIT; END "
      "$$");
  const RunRow run = run_of(database);
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains("app.expire ends its transaction itself") &&
                            test::contains("(SQLSTATE 2D000)"));
  CHECK(database.number("SELECT count(*) FROM app.lots") == 480);
}

TEST_CASE("a function that was edited after the plan is not called", "[call][identity]") {
  const auto change =
      GENERATE(as<std::string>{},
               "CREATE OR REPLACE FUNCTION app.expire() RETURNS integer LANGUAGE sql AS 'SELECT 2'",
               "ALTER FUNCTION app.expire() SET work_mem = '1MB'",
               "DROP FUNCTION app.expire(); CREATE FUNCTION app.expire() RETURNS integer LANGUAGE "
               "plpgsql AS "
               "'BEGIN RETURN 0; END'",
               "DROP FUNCTION app.expire()");
  TestDatabase database;
  make_lots(database);
  database.execute(
      "CREATE FUNCTION app.expire() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN 0; END'");
  RunDriver fleet(database);
  const std::string id = fleet.start(call_policy());
  const LeasedTask task = lease_call(fleet);
  database.execute(change);
  const auto settlement = fleet.step(task);
  INFO(change);
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::dead);
  CHECK_THAT(settlement->error,
             test::contains("changed since it was planned") || test::contains("does not exist"));
  CHECK(database.number("SELECT count(*) FROM lethe.ledger") == 0);
  CHECK(fleet.settle(*settlement) == Settled::yes);
  CHECK(fleet.run(id).state == "failed");
}

TEST_CASE("names in a function are found in its own schema whatever the role says", "[call]") {
  TestDatabase database;
  make_lots(database);
  // What a role's own search_path would find first, and what would spoil the ledger.
  database.execute(
      "CREATE SCHEMA evil; CREATE TABLE evil.lots (id bigint, at timestamptz); CREATE FUNCTION "
      "evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''2100-01-01''::timestamptz'; CREATE "
      "FUNCTION app.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT "
      "''2100-01-01''::timestamptz'; "
      "CREATE FUNCTION app.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT ''''::bytea'; "
      "CREATE "
      "FUNCTION app.concat_ws(text, text, text) RETURNS text LANGUAGE sql AS 'SELECT ''''';");
  database.execute("ALTER ROLE postgres IN DATABASE " + database.text("SELECT current_database()") +
                   " SET search_path = evil, app, public");
  database.execute(expire_function("", "RETURNS bigint") +
                   "PERFORM set_config('search_path', 'evil, app', true); RETURN n; END $f$");
  const RunRow run = run_of(database);
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == expired);
  CHECK(database.number("SELECT count(*) FROM app.lots") == 480 - expired);
  CHECK(database.number("SELECT count(*) FROM lethe.ledger WHERE length(hash) <> 64") == 0);
}

TEST_CASE("a function whose lock is taken is called again later and costs no attempt", "[call]") {
  TestDatabase database;
  make_lots(database);
  const bool raises = GENERATE(true, false);
  database.execute(fmt::format(
      "CREATE FUNCTION app.expire() RETURNS integer LANGUAGE plpgsql AS $$ DECLARE n integer; "
      "BEGIN "
      "IF NOT pg_try_advisory_lock(hashtext('app.expire')) THEN {} END IF; DELETE FROM lots WHERE "
      "id "
      "> 400; GET DIAGNOSTICS n = ROW_COUNT; PERFORM pg_advisory_unlock(hashtext('app.expire')); "
      "RETURN n; END $$",
      raises ? "RAISE 'somebody else is at it' USING ERRCODE = 'lock_not_available';"
             : "RETURN 0;"));
  RunDriver fleet(database);
  const std::string id = fleet.start(call_policy());
  const LeasedTask task = lease_call(fleet);
  OtherSession cron(database.url());
  cron.execute("SELECT pg_advisory_xact_lock(hashtext('app.expire'))");
  const auto settlement = fleet.step(task);
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::release);
  CHECK_THAT(settlement->error,
             test::contains(raises ? "app.expire: somebody else is at it (SQLSTATE 55P03)"
                                   : "somebody else holds the advisory lock"));
  CHECK(fleet.settle(*settlement) == Settled::yes);
  cron.commit();
  const RunRow run = fleet.work_off(id, 100);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 80);
}

TEST_CASE("what a function leaves in its session is gone before it is called again", "[call]") {
  TestDatabase database;
  make_lots(database);
  const bool fails = GENERATE(false, true);
  database.execute(
      expire_function("", "RETURNS bigint") +
      "CREATE TEMP TABLE leftover AS SELECT 1; PERFORM pg_advisory_lock(4711), "
      "set_config('enable_seqscan', 'off', false); " +
      (fails ? "IF n < 100 THEN RAISE 'on strike' USING ERRCODE = '40001'; END IF; " : "") +
      "RETURN n; END $f$");
  RunDriver fleet(database);
  const std::string id = fleet.start(call_policy());
  LeasedTask task = lease_call(fleet);
  for (int call = 0; call < 3; ++call) {
    const auto settlement = fleet.step(task);
    REQUIRE(settlement);
    CHECK(settlement->outcome == (fails && call == 2 ? Outcome::fail : Outcome::again));
    if (fails && call == 2) {
      CHECK_THAT(settlement->error, test::contains("app.expire: on strike (SQLSTATE 40001)"));
    }
    CHECK(database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = "
                          "4711") == 0);
    REQUIRE(fleet.settle(*settlement) == Settled::yes);
    if (call == 2) break;
    const auto next = fleet.lease();
    REQUIRE(next);
    task = *next;
  }
  if (!fails) CHECK(fleet.work_off(id, 100).rows == expired);
}

TEST_CASE("the error of a function is recorded with its SQLSTATE and its batch undone", "[call]") {
  TestDatabase database;
  make_lots(database);
  database.execute(expire_function("", "RETURNS bigint") +
                   "RAISE 'lot % is booked', 7 USING ERRCODE = 'LT001'; END $f$");
  const RunRow run = run_of(database);
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains("app.expire: lot 7 is booked (SQLSTATE LT001)"));
  CHECK(database.text("SELECT sqlstate FROM lethe.dead") == "LT001");
  CHECK(database.number("SELECT count(*) FROM app.lots") == 480);
}

TEST_CASE("an answer that is no number of rows ends the run", "[call]") {
  TestDatabase database;
  make_lots(database);
  const auto answer = GENERATE(as<std::string>{}, "NULL", "-1");
  const bool procedure = GENERATE(false, true);
  database.execute(
      procedure ? "CREATE PROCEDURE app.expire(INOUT n integer) LANGUAGE plpgsql AS 'BEGIN n := " +
                      answer + "; END'"
                : "CREATE FUNCTION app.expire() RETURNS integer LANGUAGE sql AS 'SELECT (" +
                      answer + ")::integer'");
  const RunRow run = run_of(database);
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains("returned " + answer + " in place of a number of rows"));
}

TEST_CASE("a policy that calls a function may name a table to preview and need not", "[call]") {
  TestDatabase database;
  make_lots(database);
  database.execute("CREATE FUNCTION app.expire() RETURNS integer LANGUAGE sql AS 'SELECT 0'");
  RunDriver fleet(database);
  Policy policy = call_policy();
  CHECK_THROWS_WITH(fleet.target().census(policy), test::contains("add table and timestamp"));
  policy.table = {.schema = "app", .table = "lots"};
  policy.timestamp = {"at"};
  fleet.target().check_policy(policy, "p");
  CHECK(fleet.target().census(policy).eligible == expired);
  policy.timestamp = {"att"};
  CHECK_THROWS_WITH(fleet.target().check_policy(policy, "p"), test::contains("p.timestamp"));
}
