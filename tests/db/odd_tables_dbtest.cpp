// Tables that are unusual and are cleaned all the same: names, types, keys, storage. docs/tables.md
// has the list.

#include "tests/support/clean_checks.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::check_satisfied;
using test::ids_in;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// A policy of ten days on public.t.
Policy ten_days() { return test::policy_of("", 10); }

Condition comparison(const std::string& column, Comparison comparison,
                     const std::vector<std::string>& values) {
  Condition condition;
  condition.kind = Condition::Kind::comparison;
  condition.column = column;
  condition.comparison = comparison;
  condition.values = values;
  return condition;
}

Condition all_of(std::vector<Condition> children) {
  Condition condition;
  condition.children = std::move(children);
  return condition;
}

/// Rows 1 to 12 of public.t, whatever their columns, row n being two times n days old: 1 to 4 stay.
void fill(TestDatabase& database, const std::string& columns = "", const std::string& values = "") {
  database.execute("INSERT INTO public.t (id, created_at" + columns +
                   ") SELECT n, now() - n * interval '48 hours'" + values +
                   " FROM generate_series(1, 12) n");
}

TenantRule by_tenant(const std::string& column) {
  TenantRule rule;
  rule.column = column;
  return rule;
}

bool exists(TestDatabase& database, const std::string& sql) {
  return database.number("SELECT count(*) FROM (" + sql + ") AS found") > 0;
}

}  // namespace

TEST_CASE("names that need quotes everywhere are cleaned by sweep and by index", "[odd_tables]") {
  const StrategyChoice strategy = GENERATE(StrategyChoice::sweep, StrategyChoice::index);
  TestDatabase database;
  const std::string table = R"("we""ird.Schema {0}"."Select %s \ 'q' größe $1")";
  database.execute(R"(CREATE SCHEMA "we""ird.Schema {0}"; CREATE TABLE )" + table +
                   R"( (id int, "Zeit 'punkt' ""UTC""" timestamptz, "User" text, "order" text))");
  database.execute("CREATE INDEX ON " + table + R"( ("Zeit 'punkt' ""UTC"""))");
  database.execute("INSERT INTO " + table +
                   " SELECT n, now() - n * interval '48 hours', CASE n % 3 WHEN 0 THEN E'Ac''me "
                   "\\\\ \"Ü\"' WHEN 1 THEN 'null' ELSE '{a,b}' END, CASE n % 2 WHEN 0 THEN 'a%' "
                   "ELSE 'b' END FROM generate_series(1, 24) n");
  Policy policy = ten_days();
  policy.table = {.schema = R"(we"ird.Schema {0})", .table = R"(Select %s \ 'q' größe $1)"};
  policy.timestamp = {R"(Zeit 'punkt' "UTC")"};
  policy.where = all_of({comparison("order", Comparison::like_prefix, {"a%"}),
                         comparison("User", Comparison::not_in, {"x", "y\"z"})});
  policy.strategy = strategy;
  policy.tenant = by_tenant("User");
  policy.tenant->overrides[R"(Ac'me \ "Ü")"].enabled = false;
  CHECK(test::refusal(database, policy) == "");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(policy));
  // Old and even: 6, 8, 10 … 24; of these 6, 12, 18, 24 are of the tenant whose rows stay.
  check_satisfied(database, run, 6);
  CHECK(run.strategy == (strategy == StrategyChoice::index ? "index" : "sweep"));
  CHECK(ids_in(database, table) == "1,2,3,4,5,6,7,9,11,12,13,15,17,18,19,21,23,24");
}

TEST_CASE("columns that are called like the names in our own statements are no matter",
          "[odd_tables]") {
  const StrategyChoice strategy = GENERATE(StrategyChoice::sweep, StrategyChoice::index);
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.x (id int, ts timestamptz, tid text, x text, gone int, pick int, rows "
      "int, count int, tenant int, k int, o int, c int, \"select\" int, \"user\" text, cursor "
      "text, run text); CREATE INDEX ON public.x (ts); INSERT INTO public.x (id, ts, tid, x, "
      "tenant) SELECT n, now() - n * interval '48 hours', '(0,1)', 'x', n % 2 FROM "
      "generate_series(1, 12) n");
  Policy policy = test::policy_of("", 10, "x");
  policy.timestamp = {"ts"};
  policy.strategy = strategy;
  policy.where =
      all_of({comparison("x", Comparison::eq, {"x"}), comparison("tid", Comparison::eq, {"(0,1)"}),
              comparison("select", Comparison::is_null, {"true"})});
  policy.tenant = by_tenant("tenant");
  policy.tenant->keep_min = 5;
  RunDriver fleet(database);
  CHECK(fleet.target().census(policy).eligible == 2);
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 2);
  CHECK(ids_in(database, "public.x") == "1,2,3,4,5,6,7,8,9,10");
}

TEST_CASE("twins in a table without a primary key are all deleted and counted one by one",
          "[odd_tables]") {
  const StrategyChoice strategy = GENERATE(StrategyChoice::sweep, StrategyChoice::index);
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, created_at timestamptz); CREATE INDEX ON public.t "
      "(created_at); INSERT INTO public.t SELECT 1, '2001-01-01' FROM generate_series(1, 3000); "
      "INSERT INTO public.t SELECT 2, now() FROM generate_series(1, 5)");
  Policy policy = ten_days();
  policy.strategy = strategy;
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 3000);
  CHECK(ids_in(database, "public.t") == "2,2,2,2,2");
}

TEST_CASE("generated columns are a timestamp and a condition like any other", "[odd_tables]") {
  const auto kind = GENERATE(as<std::string>{}, "STORED", "VIRTUAL");
  TestDatabase database;
  if (kind == "VIRTUAL" && database.number("SHOW server_version_num") < 180'000) return;
  database.execute(
      "CREATE TABLE public.t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, born timestamp, "
      "seconds int, created_at timestamp GENERATED ALWAYS AS (born + seconds * interval '1 s') " +
      kind + ", even boolean GENERATED ALWAYS AS (seconds % 2 = 0) " + kind +
      "); INSERT INTO public.t (born, seconds) SELECT now() AT TIME ZONE 'UTC' - interval '10 "
      "days', (n - 6) * 60 + n % 2 FROM generate_series(1, 12) n");
  Policy policy = ten_days();
  policy.where = comparison("even", Comparison::eq, {"true"});
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 3);  // 2, 4 and by now 6
  CHECK(ids_in(database, "public.t") == "1,3,5,7,8,9,10,11,12");
}

TEST_CASE("unlogged tables and tables with unique and exclusion constraints lose their old rows",
          "[odd_tables]") {
  const auto definition = GENERATE(
      as<std::string>{}, "CREATE UNLOGGED TABLE public.t (id int, created_at timestamptz)",
      "CREATE TABLE public.t (id int UNIQUE, created_at timestamptz UNIQUE DEFERRABLE INITIALLY "
      "DEFERRED, EXCLUDE USING btree (id WITH =, created_at WITH =))",
      "CREATE TABLE public.t (id int, created_at timestamptz, EXCLUDE USING gist (tstzrange("
      "created_at, created_at, '[]') WITH &&))");
  INFO(definition);
  TestDatabase database;
  database.execute(definition);
  fill(database);
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
  CHECK(ids_in(database, "public.t") == "1,2,3,4");
}

TEST_CASE("a table in a tablespace of its own is cleaned like any other", "[odd_tables]") {
  TestDatabase database;
  if (!exists(database, "SELECT 1 FROM pg_settings WHERE name = 'allow_in_place_tablespaces'"))
    return;
  const std::string space = "space_of_" + database.text("SELECT current_database()");
  const auto outside = [&](const std::string& sql) {  // of any transaction
    pqxx::connection connection(database.url());
    pqxx::nontransaction work(connection);
    work.exec("SET allow_in_place_tablespaces = on");
    work.exec(sql);
  };
  outside("CREATE TABLESPACE " + space + " LOCATION ''");
  database.execute("CREATE TABLE public.t (id int, created_at timestamptz) TABLESPACE " + space);
  fill(database);
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
  database.execute("DROP TABLE public.t");
  outside("DROP TABLESPACE " + space);
}

TEST_CASE("timestamps and tenants of domains are compared as what the domains are made of",
          "[odd_tables]") {
  const StrategyChoice strategy = GENERATE(StrategyChoice::sweep, StrategyChoice::index);
  TestDatabase database;
  database.execute(
      "CREATE SCHEMA d; CREATE DOMAIN d.\"Moment\" AS timestamptz CHECK (VALUE > '2000-01-01'); "
      "CREATE DOMAIN d.born AS d.\"Moment\" NOT NULL; CREATE DOMAIN d.customer AS varchar(10) "
      "CHECK (VALUE <> 'nobody'); CREATE TABLE public.t (id int, created_at d.born, customer "
      "d.customer); CREATE INDEX ON public.t (created_at)");
  fill(database, ", customer", ", 'c' || n % 2");
  Policy policy = ten_days();
  policy.strategy = strategy;
  policy.tenant = by_tenant("customer");
  policy.tenant->overrides["c1"].enabled = false;
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 4);
  CHECK(ids_in(database, "public.t") == "1,2,3,4,5,7,9,11");
}

TEST_CASE("a tenant is the one whose name is written so though the column takes another for it",
          "[odd_tables]") {
  const auto type = GENERATE(as<std::string>{}, "text COLLATE public.folded", "public.citext");
  TestDatabase database;
  if (type == "public.citext") {
    if (!exists(database, "SELECT 1 FROM pg_available_extensions WHERE name = 'citext'")) return;
    database.execute("CREATE EXTENSION citext SCHEMA public");
  } else {
    if (!exists(database, "SELECT 1 FROM pg_collation WHERE collprovider = 'i'")) return;
    database.execute(
        "CREATE COLLATION public.folded (provider = icu, locale = 'und-u-ks-level2', deterministic "
        "= false)");
  }
  database.execute("CREATE TABLE public.t (id int, created_at timestamptz, tenant " + type +
                   "); CREATE INDEX ON public.t (tenant, created_at)");
  fill(database, ", tenant", ", CASE n % 2 WHEN 0 THEN 'acme' ELSE 'ACME' END");
  Policy policy = ten_days();
  policy.tenant = by_tenant("tenant");
  RunDriver fleet(database);
  SECTION("in an override") {
    policy.tenant->overrides["ACME"].enabled = false;
    CHECK(fleet.target().census(policy).eligible == 4);
    check_satisfied(database, fleet.work_off(fleet.start(policy)), 4);
    CHECK(ids_in(database, "public.t") == "1,2,3,4,5,7,9,11");
  }
  SECTION("in an ad-hoc run for one of them") {
    policy.tenant->only = "ACME";
    policy.strategy = GENERATE(StrategyChoice::automatic, StrategyChoice::index);
    CHECK(fleet.target().census(policy).eligible == 4);
    check_satisfied(database, fleet.work_off(fleet.start(policy)), 4);
    CHECK(ids_in(database, "public.t") == "1,2,3,4,6,8,10,12");
  }
  SECTION("in a prefix") {
    policy.where = comparison("tenant", Comparison::like_prefix, {"AC"});
    CHECK(fleet.target().census(policy).eligible == 4);
    check_satisfied(database, fleet.work_off(fleet.start(policy)), 4);
    CHECK(ids_in(database, "public.t") == "1,2,3,4,6,8,10,12");
  }
}

TEST_CASE("tenants with names that are stored outside of their rows keep their newest rows",
          "[odd_tables]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, created_at timestamptz, tenant text); ALTER TABLE public.t "
      "ALTER tenant SET STORAGE EXTERNAL");
  fill(database, ", tenant", ", repeat(CASE n % 2 WHEN 0 THEN 'even' ELSE 'odd' END, 5000)");
  Policy policy = ten_days();
  policy.tenant = by_tenant("tenant");
  policy.tenant->keep_min = 4;
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 4);
  CHECK(ids_in(database, "public.t") == "1,2,3,4,5,6,7,8");
}

TEST_CASE("partitions whose columns stand in other places are cleaned by name", "[odd_tables]") {
  const StrategyChoice strategy = GENERATE(StrategyChoice::sweep, StrategyChoice::index);
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (junk int, id int, gone text, created_at timestamptz, status text, "
      "tenant text) PARTITION BY LIST (tenant); ALTER TABLE public.t DROP junk; ALTER TABLE "
      "public.t DROP gone;"
      "CREATE TABLE public.a (tenant text, created_at timestamptz, x int, y timestamptz, id int, "
      "status text); ALTER TABLE public.a DROP x; ALTER TABLE public.a DROP y; ALTER TABLE "
      "public.t ATTACH PARTITION public.a FOR VALUES IN ('a');"
      "CREATE TABLE public.b (status text, z int, tenant text, id int, created_at timestamptz) "
      "PARTITION BY RANGE (id); ALTER TABLE public.b DROP z; ALTER TABLE public.t ATTACH PARTITION "
      "public.b FOR VALUES IN ('b'); CREATE TABLE public.b1 (created_at timestamptz, tenant text, "
      "id int, status text); ALTER TABLE public.b ATTACH PARTITION public.b1 FOR VALUES FROM (0) "
      "TO (7); CREATE TABLE public.b2 PARTITION OF public.b DEFAULT; CREATE INDEX ON public.t "
      "(created_at)");
  fill(database, ", status, tenant",
       ", CASE WHEN n % 5 = 0 THEN 'kept' ELSE 'done' END, CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' "
       "END");
  Policy policy = ten_days();
  policy.strategy = strategy;
  policy.where = comparison("status", Comparison::eq, {"done"});
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(policy)), 6);
  CHECK(ids_in(database, "public.t") == "1,2,3,4,5,10");
}

TEST_CASE("a child by inheritance is cleaned alone and its parent is refused", "[odd_tables]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.parent (id int, created_at timestamptz); CREATE TABLE public.t (more "
      "text) INHERITS (public.parent); CREATE TABLE public.sibling () INHERITS (public.parent); "
      "INSERT INTO public.parent VALUES (100, '2001-01-01'); INSERT INTO public.sibling VALUES "
      "(200, '2001-01-01')");
  fill(database);
  CHECK_THAT(test::refusal(database, test::policy_of("", 10, "parent")),
             test::contains("has inheritance children; write one policy for each of the tables"));
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
  CHECK(ids_in(database, "public.parent") == "1,2,3,4,100,200");
}
