// Rows that holds keep, whatever the strategy, the action and the type of the columns.

#include "common/db/target/held_rows.hpp"
#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/hold_steps.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::hold_on;
using test::hold_on_tenant;
using test::place;
using test::RunDriver;
using test::TestDatabase;

namespace {

constexpr std::int64_t eligible = 121;  // of make_plain_table(240), older than five days
constexpr const char* old_rows = "created_at < now() - interval '5 days'";

std::int64_t old_with(TestDatabase& database, const std::string& condition) {
  return database.number(std::string("SELECT count(*) FROM public.t WHERE ") + old_rows + " AND " +
                         condition);
}

Policy by_tenant() {
  Policy policy = test::policy_of("", 5);
  policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
  return policy;
}

std::string refusal(RunDriver& fleet, const NewHold& hold) {
  try {
    static_cast<void>(place(fleet, hold));
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("rows that a hold keeps stay and all others go", "[holds]") {
  struct Case {
    NewHold hold;
    std::string kept;
  };
  const auto [hold, kept] = GENERATE(values<Case>({
      {hold_on("t"), "true"},
      {hold_on("t", {{"status", "done"}}), "status = 'done'"},
      {hold_on("t", {{"status", "done"}, {"tenant", "t4"}}), "status = 'done' AND tenant = 't4'"},
      {hold_on("t", {{"id", "200"}}), "id = 200"},
      {hold_on("t", {{"id", "-1"}}), "false"},
      {hold_on_tenant("t3"), "tenant = 't3'"},
      {hold_on_tenant("t3", {"nowhere", "tenant"}), "tenant = 't3'"},
      {hold_on_tenant("t3", {"nowhere"}), "tenant = 't3'"},  // the policy names the column
      {hold_on_tenant("7", {"id"}), "false"},
      {hold_on_tenant("t3", {"id"}), "tenant = 't3'"},  // no value of id
      {hold_on("other"), "false"},
  }));
  const auto strategy = GENERATE(StrategyChoice::sweep, StrategyChoice::index);
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute("CREATE INDEX ON public.t (created_at); CREATE TABLE public.other (id int)");
  RunDriver fleet(database);
  const auto id = place(fleet, hold);
  CAPTURE(kept);
  const std::int64_t expected = old_with(database, kept);
  Policy policy = by_tenant();
  policy.strategy = strategy;
  const Census census = fleet.target().census(policy);
  CHECK(census.held == expected);
  CHECK(census.eligible == eligible - expected);
  CHECK(census.holds.size() == (expected > 0 ? 1 : 0));
  if (!census.holds.empty()) CHECK(census.holds.front().hold == id);
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.passes <= 1);
  CHECK(run.rows == eligible - expected);
  CHECK(old_with(database, kept) == expected);
  CHECK(old_with(database, "true") == expected);
  REQUIRE(fleet.target().release_hold(id, "closed", "ben"));
  CHECK_FALSE(fleet.target().release_hold(id, "closed", "ben"));
  CHECK(fleet.work_off(fleet.start(policy)).rows == expected);
  CHECK(database.number("SELECT count(*) FROM public.t") == 240 - eligible);
}

TEST_CASE("rows that a hold keeps are not changed by a policy that sets columns", "[holds]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  place(fleet, hold_on_tenant("t3"));
  Policy policy = by_tenant();
  policy.action.kind = Action::Kind::set;
  policy.action.values = {{"note", "gone"}};
  const std::int64_t kept = old_with(database, "tenant = 't3'");
  CHECK(fleet.target().census(policy).held == kept);
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.state == "satisfied");
  CHECK(run.rows == eligible - kept);
  CHECK(old_with(database, "tenant = 't3' AND note <> 'gone'") == kept);
}

TEST_CASE("a held value is read and compared by the type of its column", "[holds]") {
  struct Case {
    std::string type;
    std::string row;
    std::string held;
  };
  const auto [type, row, held] = GENERATE(values<Case>({
      {"integer", "7", " 007"},
      {"bigint", "9000000000", "9000000000"},
      {"uuid", "550e8400-e29b-41d4-a716-446655440000", "{550E8400-E29B-41D4-A716-446655440000}"},
      {"varchar(20)", "o'x\"{},\\ $1 ;--", "o'x\"{},\\ $1 ;--"},
      {"char(5)", "ab", "ab   "},
      {"numeric", "1.50", "1.5"},
      {"public.mood", "sad", "sad"},
      {"public.code", "12", "012"},
      {"text COLLATE public.nocase", "Acme", "ACME"},
      {"inet", "10.0.0.1", "10.0.0.1/32"},
      {"date", "2020-01-02", "January 2 2020"},
      {"int4range", "[1,3)", "[1,2]"},
  }));
  CAPTURE(type);
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute(
      "CREATE TYPE public.mood AS ENUM ('sad', 'glad'); CREATE DOMAIN public.code AS int CHECK "
      "(value > 0); CREATE COLLATION public.nocase (provider = icu, locale = 'und-u-ks-level2', "
      "deterministic = false); ALTER TABLE public.t ADD COLUMN subject " +
      type);
  pqxx::connection connection(database.url());
  {
    pqxx::work work(connection);
    work.exec("UPDATE public.t SET subject = " + work.quote(row) + " WHERE id = 222");
    work.commit();
  }
  RunDriver fleet(database);
  place(fleet, hold_on("t", {{"subject", held}}));
  place(fleet, hold_on("t", {{"subject", held}, {"status", "open"}}));
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 5)));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == eligible - 1);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id = 222") == 1);
}

TEST_CASE("a held tenant is looked for by the type of each column that may have it", "[holds]") {
  struct Case {
    std::string type;
    std::string tenants;
    std::string held;
    std::string kept;
  };
  const auto [type, tenants, held, kept] = GENERATE(values<Case>({
      {"integer", "id % 10", "07", "tenant = 7"},
      {"uuid", "md5((id % 10)::text)::uuid", "8F14E45F-CEEA-167A-5A36-DEDD4BEA2543",
       "tenant = md5('7')::uuid"},
      {"integer", "id % 10", "acme", "false"},
      {"uuid", "md5((id % 10)::text)::uuid", "acme", "false"},
  }));
  CAPTURE(type, held);
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute("ALTER TABLE public.t DROP COLUMN tenant; ALTER TABLE public.t ADD tenant " +
                   type + "; UPDATE public.t SET tenant = " + tenants);
  RunDriver fleet(database);
  place(fleet, hold_on_tenant(held));
  place(fleet, hold_on_tenant("other"));
  const std::int64_t expected = old_with(database, kept);
  CHECK(fleet.work_off(fleet.start(by_tenant())).rows == eligible - expected);
  CHECK(old_with(database, "true") == expected);
}

TEST_CASE("names with quotes and other letters are held like any others", "[holds]") {
  TestDatabase database;
  database.execute(
      "CREATE SCHEMA \"S\"\".x\"; CREATE TABLE \"S\"\".x\".\"T'; --\" (at timestamptz, \"c'\"\"; "
      "drop\" text); INSERT INTO \"S\"\".x\".\"T'; --\" SELECT now() - n * interval '1 day', 'v' "
      "|| "
      "n FROM generate_series(1, 20) n");
  RunDriver fleet(database);
  NewHold hold = hold_on("", {{"c'\"; drop", "v19"}});
  hold.table = TableName{"S\".x", "T'; --"};
  place(fleet, hold);
  Policy policy = test::policy_of("", 5);
  policy.table = *hold.table;
  policy.timestamp = {"at"};
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  CHECK(run.rows == 15);
  CHECK(database.number("SELECT count(*) FROM \"S\"\".x\".\"T'; --\" WHERE \"c'\"\"; drop\" = "
                        "'v19'") == 1);
}

TEST_CASE("a table stays held under its old name and under a new one", "[holds]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  place(fleet, hold_on("t", {{"tenant", "t3"}}));
  database.execute(
      "ALTER TABLE public.t RENAME TO u; CREATE TABLE public.t (LIKE public.u); INSERT INTO "
      "public.t SELECT * FROM public.u");
  for (const std::string table : {"t", "u"}) {
    const std::int64_t kept = database.number("SELECT count(*) FROM public." + table +
                                              " WHERE tenant = 't3' AND " + old_rows);
    CHECK(fleet.work_off(fleet.start(test::policy_of("", 5, table))).rows == eligible - kept);
  }
  // In another database an oid means another table.
  database.execute(
      "ALTER TABLE lethe.holds DISABLE TRIGGER ALL; UPDATE lethe.holds SET database_oid = 1; "
      "DELETE "
      "FROM public.t WHERE tenant = 't3'");
  CHECK(fleet.work_off(fleet.start(test::policy_of("", 5, "u"))).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.u WHERE created_at < now() - interval '5 "
                        "days'") == 0);
}

TEST_CASE("many holds of the same shape keep the rows of each", "[holds]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  for (int n = 130; n <= 190; ++n) {
    place(fleet, hold_on("t", {{"id", std::to_string(n)}}));
    place(fleet, hold_on("t", {{"id", std::to_string(n + 1)}, {"tenant", "t1"}}));
  }
  const Census census = fleet.target().census(test::policy_of("", 5));
  CHECK(census.held == 62);
  CHECK(census.holds.size() == 62);
  CHECK(fleet.work_off(fleet.start(test::policy_of("", 5))).rows == eligible - 62);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id BETWEEN 130 AND 191") == 62);
}

TEST_CASE("a thousand holds of the same columns are one comparison", "[holds]") {
  std::vector<db::HeldBy> holds;
  for (int n = 0; n < 500; ++n) {
    const std::string value = std::to_string(n);
    holds.push_back({n, "", {{"a", "OPERATOR(pg_catalog.=)", "bigint", value}}});
    holds.push_back({n, "{7}", {{"a", "OPERATOR(pg_catalog.=)", "bigint", value}}});
  }
  db::Params params;
  CHECK(
      db::HeldRows(holds).held("x", params) ==
      "((x.a OPERATOR(pg_catalog.=) ANY ($1::bigint[])) OR (x.tableoid OPERATOR(pg_catalog.=) ANY "
      "($2::oid[]) AND x.a OPERATOR(pg_catalog.=) ANY ($3::bigint[])))");
  CHECK(params.values().size() == 3);
  db::Params none;
  CHECK(db::HeldRows().held("x", none) == "false");
  CHECK(db::Held().free(none) == "true");
  CHECK(none.values().empty());
  CHECK(db::HeldRows({{1, "{17,4}", {}}}).may_cover(4));
  CHECK_FALSE(db::HeldRows({{1, "{17,4}", {}}}).may_cover(1));
}

TEST_CASE("a hold on what is not there or cannot be told apart is refused with the field",
          "[holds]") {
  TestDatabase database;
  test::make_plain_table(database, 1);
  database.execute(
      "ALTER TABLE public.t ADD doc json, ADD spot point, ADD list int[]; CREATE VIEW public.v AS "
      "SELECT 1 AS id");
  RunDriver fleet(database);
  struct Case {
    NewHold hold;
    std::string message;
  };
  for (const auto& [hold, message] : std::vector<Case>{
           {hold_on("nope"), "--table: public.nope does not exist"},
           {hold_on("v"), "--table: public.v is a view"},
           {hold_on("t", {{"nope", "1"}}), "--match: public.t has no column 'nope'"},
           {hold_on("t", {{"ctid", "(0,1)"}}), "--match: public.t has no column 'ctid'"},
           {hold_on("t", {{"id", "x"}}), "--match: column 'id' does not take 'x': invalid input"},
           {hold_on("t", {{"id", ""}}), "write a value of type bigint"},
           {hold_on("t", {{"doc", "{}"}}), "--match: column 'doc' is json, of which no two"},
           {hold_on("t", {{"spot", "(1,2)"}}), "column 'spot' is point"},
           {hold_on("t", {{"list", "{1}"}}), "column 'list' is integer[]"}}) {
    CHECK_THAT(refusal(fleet, hold), test::contains(message));
  }
  NewHold lethe = hold_on("");
  lethe.table = TableName{"lethe", "ledger"};
  CHECK_THAT(refusal(fleet, lethe), test::contains("belongs to the system"));
  NewHold tenant = hold_on("t");
  tenant.tenant = "x";
  tenant.tenant_columns = {"id"};
  CHECK_THAT(refusal(fleet, tenant), test::contains("--tenant: column 'id' does not take 'x'"));
  CHECK(database.number("SELECT count(*) FROM lethe.holds") == 0);
}

TEST_CASE("there is a limit to the holds in force and releasing makes room", "[holds]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute(
      "INSERT INTO lethe.holds (tenant, tenant_columns, reason, placed_by) SELECT 't' || n, "
      "'{tenant}', 'x', 'x' FROM generate_series(1, 1000) n");
  RunDriver fleet(database);
  CHECK_THAT(refusal(fleet, hold_on("t")), test::contains("1000 holds are in force"));
  REQUIRE(fleet.target().release_hold(1, "x", "x"));
  CHECK(place(fleet, hold_on_tenant("t0")) > 0);
  const RunRow run = fleet.work_off(fleet.start(by_tenant()));
  CHECK(run.state == "satisfied");
  CHECK(run.rows == eligible - 109);
}

TEST_CASE("a hold that cannot be applied any more stops the run and no row goes", "[holds]") {
  const std::string change = GENERATE(as<std::string>(), "ALTER TABLE public.t DROP COLUMN status",
                                      "ALTER TABLE public.t RENAME COLUMN status TO state",
                                      "ALTER TABLE public.t ALTER status TYPE json USING NULL",
                                      "ALTER TABLE public.t ALTER status TYPE int USING 1");
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database);
  const auto id = place(fleet, hold_on("t", {{"status", "done"}}));
  database.execute(change);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 5)));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains("hold " + std::to_string(id) + " cannot be applied"));
  CHECK(database.number("SELECT count(*) FROM public.t") == 240);
}

TEST_CASE("holds are listed and never deleted nor changed but by their release", "[holds]") {
  TestDatabase database;
  test::make_plain_table(database, 1);
  RunDriver fleet(database);
  const auto id = place(fleet, hold_on("t", {{"status", "a'\"b"}}));
  const auto everything = place(fleet, hold_on_tenant("t1", {"tenant", "org"}));
  for (const std::string sql :
       {"DELETE FROM lethe.holds", "TRUNCATE lethe.holds", "UPDATE lethe.holds SET tenant = 'x'",
        "UPDATE lethe.holds SET released_at = now(), match = '{}'",
        "UPDATE lethe.holds SET reason = 'x'"})
    CHECK_THROWS_WITH(database.execute(sql), test::contains("never deleted"));
  REQUIRE(fleet.target().release_hold(id, "closed", "ben"));
  CHECK_THROWS_WITH(database.execute("UPDATE lethe.holds SET released_at = NULL WHERE id = " +
                                     std::to_string(id)),
                    test::contains("never deleted"));
  const auto active = fleet.target().holds(false);
  REQUIRE(active.size() == 1);
  CHECK(active[0].id == everything);
  CHECK(active[0].relation.empty());
  CHECK(active[0].tenant == "t1");
  CHECK(active[0].tenant_columns == std::vector<std::string>{"tenant", "org"});
  CHECK(fleet.target().holds(true).size() == 2);
  database.execute("ALTER TABLE public.t RENAME TO \"T 2\"");
  const auto released = fleet.target().hold(id);
  REQUIRE(released);
  CHECK(released->relation == "public.\"T 2\"");
  CHECK(released->match == std::map<std::string, std::string>{{"status", "a'\"b"}});
  CHECK(released->reason == "case 4711");
  CHECK(released->placed_by == "ana");
  CHECK(released->released_by == "ben");
  CHECK(released->release_reason == "closed");
  CHECK_FALSE(released->released_at.empty());
  CHECK_FALSE(released->is_missing);
  CHECK_FALSE(fleet.target().hold(99));
  database.execute("DROP TABLE public.\"T 2\"");
  CHECK(fleet.target().hold(id)->is_missing);
}
