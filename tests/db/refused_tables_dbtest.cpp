// Tables that Lethe must not touch, or touches only after something was put right: what it says,
// and that no row goes. docs/tables.md has the list.

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
void fill(TestDatabase& database) {
  database.execute(
      "INSERT INTO public.t (id, created_at) SELECT n, now() - n * interval '48 hours' FROM "
      "generate_series(1, 12) n");
}

void make_table(TestDatabase& database) {
  database.execute("CREATE TABLE public.t (id int PRIMARY KEY, created_at timestamptz)");
  fill(database);
}

/// public.t in two partitions, with row 7 in the second.
void make_partitions(TestDatabase& database) {
  database.execute(
      "CREATE TABLE public.t (id int, created_at timestamptz) PARTITION BY LIST (id); CREATE TABLE "
      "public.one PARTITION OF public.t DEFAULT; CREATE TABLE public.two PARTITION OF public.t FOR "
      "VALUES IN (7)");
  fill(database);
}

/// A policy that writes into the column `note`.
Policy setting_note() {
  Policy policy = ten_days();
  policy.action.kind = Action::Kind::set;
  policy.action.values = {{"note", "gone"}};
  return policy;
}

/// `policy apply` says `reason` against the policy, and so does a run of it, which deletes nothing.
void check_refused(TestDatabase& database, RunDriver& fleet, const Policy& policy,
                   const std::string& reason) {
  CHECK_THAT(test::refusal(database, policy),
             test::contains("policies[0].table: ") && test::contains(reason));
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains(reason));
  CHECK(run.rows == 0);
  CHECK(database.number("SELECT count(*) FROM lethe.ledger") == 0);
}

}  // namespace

TEST_CASE("what is no table with rows of its own is refused by what it is", "[refused_tables]") {
  struct Case {
    std::string sql;
    TableName table;
    std::string reason;
  };
  const auto [sql, table, reason] = GENERATE(
      Case{"CREATE VIEW public.v AS SELECT * FROM public.t; CREATE FUNCTION public.f() RETURNS "
           "trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.t WHERE id = OLD.id; RETURN OLD; "
           "END'; CREATE TRIGGER g INSTEAD OF DELETE ON public.v FOR EACH ROW EXECUTE FUNCTION "
           "public.f()",
           {"public", "v"},
           "is a view; name the table"},
      Case{"CREATE MATERIALIZED VIEW public.m AS SELECT * FROM public.t",
           {"public", "m"},
           "is a view; name the table"},
      Case{"CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN "
           "TABLE public.f (id int, created_at timestamptz) SERVER s",
           {"public", "f"},
           "is a foreign table; register its own database"},
      Case{"CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE TABLE "
           "public.p (id int, created_at timestamptz) PARTITION BY LIST (id); CREATE FOREIGN TABLE "
           "public.p1 PARTITION OF public.p FOR VALUES IN (1) SERVER s",
           {"public", "p"},
           "its partition public.p1 is a foreign table"},
      Case{"CREATE SEQUENCE public.s", {"public", "s"}, "is not a table"},
      Case{"CREATE INDEX i ON public.t (created_at)", {"public", "i"}, "is not a table"},
      Case{"SELECT 1", {"pg_catalog", "pg_class"}, "belongs to the system"},
      Case{"SELECT 1", {"information_schema", "sql_features"}, "belongs to the system"},
      Case{"SELECT 1", {"lethe", "ledger"}, "belongs to the system, to an extension or to Lethe"},
      Case{"CREATE TABLE lethe_quarantine.t (LIKE public.t)",
           {"lethe_quarantine", "t"},
           "belongs to the system, to an extension or to Lethe"});
  TestDatabase database;
  make_table(database);
  database.execute(sql);
  RunDriver fleet(database);
  Policy policy = ten_days();
  policy.table = table;
  INFO(table.schema << "." << table.table);
  check_refused(database, fleet, policy, reason);
  CHECK(ids_in(database, "public.t") == "1,2,3,4,5,6,7,8,9,10,11,12");
}

TEST_CASE("a temporary table is refused because its rows are another session's",
          "[refused_tables]") {
  TestDatabase database;
  database.execute(
      "CREATE TEMPORARY TABLE t AS SELECT 1 AS id, '2001-01-01'::timestamptz AS created_at");
  RunDriver fleet(database);
  Policy policy = ten_days();
  policy.table.schema = database.text(
      "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
      "c.relname = 't'");
  check_refused(database, fleet, policy, "is a temporary table");
  CHECK(ids_in(database, "t") == "1");
}

TEST_CASE("a rule on DELETE is refused wherever it stands, and not when it is switched off",
          "[refused_tables]") {
  const auto rule = GENERATE(as<std::string>{}, "ON DELETE TO public.t DO INSTEAD NOTHING",
                             "ON DELETE TO public.two DO ALSO NOTIFY gone");
  TestDatabase database;
  make_partitions(database);
  database.execute("CREATE RULE \"My Rule\" AS " + rule);
  RunDriver fleet(database);
  check_refused(database, fleet, ten_days(), "rule \"My Rule\" on ");
  database.execute(std::string("ALTER TABLE ") +
                   (rule.find("two") == std::string::npos ? "public.t" : "public.two") +
                   " DISABLE RULE \"My Rule\"");
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
}

TEST_CASE("row-level security that binds the worker's role is refused with the cure",
          "[refused_tables]") {
  TestDatabase database;
  make_partitions(database);
  const test::WorkerRole worker(database);
  RunDriver fleet(database);
  worker.work_in(fleet);
  database.execute("GRANT SELECT, DELETE ON public.t, public.one, public.two TO " + worker.name());
  const auto refused = [&] { return test::refusal(database, ten_days(), worker.name()); };
  REQUIRE(refused() == "");
  // A policy that shows all rows is no cure: batches ask for an error in place of hidden rows.
  const auto table = GENERATE(as<std::string>{}, "public.t", "public.two");
  database.execute("ALTER TABLE " + table +
                   " ENABLE ROW LEVEL SECURITY; CREATE POLICY everything "
                   "ON " +
                   table + " USING (true)");
  const std::string reason =
      "row-level security that hides rows from this role; run, for the worker's role: ALTER ROLE " +
      worker.name() + " BYPASSRLS";
  CHECK_THAT(refused(), test::contains(reason));
  const RunRow run = fleet.work_off(fleet.start(ten_days()));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains(reason));
  CHECK(ids_in(database, "public.t") == "1,2,3,4,5,6,7,8,9,10,11,12");
  SECTION("the cure is one") { database.execute("ALTER ROLE " + worker.name() + " BYPASSRLS"); }
  SECTION("an owner is bound only when it is forced") {
    for (const char* each : {"t", "one", "two"})
      database.execute(std::string("ALTER TABLE public.") + each + " OWNER TO " + worker.name());
    database.execute("ALTER TABLE " + table + " FORCE ROW LEVEL SECURITY");
    CHECK_THAT(refused(), test::contains(reason));
    database.execute("ALTER TABLE " + table + " NO FORCE ROW LEVEL SECURITY");
  }
  CHECK(refused() == "");
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
  CHECK(ids_in(database, "public.t") == "1,2,3,4");
}

TEST_CASE("rights that lack in a partition or its schema are named with the GRANT",
          "[refused_tables]") {
  TestDatabase database;
  make_partitions(database);
  database.execute("CREATE SCHEMA \"Old\"; ALTER TABLE public.two SET SCHEMA \"Old\"");
  const test::WorkerRole worker(database);
  RunDriver fleet(database);
  worker.work_in(fleet);
  const std::string& role = worker.name();
  const auto refused = [&] { return test::refusal(database, ten_days(), role); };
  database.execute("GRANT SELECT, DELETE ON public.t, public.one TO " + role);
  CHECK_THAT(refused(), test::contains("GRANT USAGE ON SCHEMA \"Old\" TO " + role));
  CHECK(fleet.work_off(fleet.start(ten_days())).rows == 0);
  database.execute("GRANT USAGE ON SCHEMA \"Old\" TO " + role);
  CHECK_THAT(refused(), test::contains("partition \"Old\".two may not be read or deleted from by "
                                       "this role; run: GRANT SELECT, DELETE ON \"Old\".two TO " +
                                       role));
  database.execute("GRANT SELECT, DELETE ON \"Old\".two TO " + role);
  CHECK(refused() == "");
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
}

TEST_CASE("a statement trigger of a partitioned table is refused because it would see nothing",
          "[refused_tables]") {
  TestDatabase database;
  make_partitions(database);
  database.execute(
      "CREATE TABLE public.audit (id int); CREATE FUNCTION public.f() RETURNS trigger LANGUAGE "
      "plpgsql AS 'BEGIN INSERT INTO public.audit SELECT o.id FROM o; RETURN NULL; END'; CREATE "
      "TRIGGER audit AFTER DELETE ON public.t REFERENCING OLD TABLE AS o FOR EACH STATEMENT "
      "EXECUTE FUNCTION public.f()");
  RunDriver fleet(database);
  check_refused(database, fleet, ten_days(),
                "trigger audit on public.t runs once for a statement on the whole table and would "
                "not see what goes from its partitions");
  database.execute(
      "DROP TRIGGER audit ON public.t; CREATE TRIGGER one AFTER DELETE ON public.one REFERENCING "
      "OLD TABLE AS o FOR EACH STATEMENT EXECUTE FUNCTION public.f(); CREATE TRIGGER two AFTER "
      "DELETE ON public.two REFERENCING OLD TABLE AS o FOR EACH STATEMENT EXECUTE FUNCTION "
      "public.f()");
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
  CHECK(ids_in(database, "public.audit") == "5,6,7,8,9,10,11,12");
}

TEST_CASE("an UPDATE that would run the code of another role is refused by where the code is",
          "[refused_tables]") {
  struct Case {
    std::string sql;
    std::string place;
  };
  const auto [sql, place] = GENERATE(
      Case{"CREATE INDEX by_hash ON public.t (public.peek(note))", "index public.by_hash"},
      Case{"CREATE INDEX few ON public.t (id) WHERE public.peek(note) = 1", "index public.few"},
      Case{"CREATE INDEX few ON public.t (id) WHERE note OPERATOR(public.===) note",
           "index public.few"},
      Case{"ALTER TABLE public.t ADD CONSTRAINT fine CHECK (public.peek(note) = 1)",
           "constraint fine of public.t"},
      Case{"ALTER TABLE public.t ADD peeked int GENERATED ALWAYS AS (public.peek(note)) STORED",
           "generated column peeked of public.t"},
      Case{"CREATE DOMAIN public.peeked AS text CHECK (public.peek(VALUE) = 1); ALTER TABLE "
           "public.t ALTER note TYPE public.peeked",
           "constraint peeked_check of public.t"},
      Case{"CREATE TRIGGER g BEFORE UPDATE OF note ON public.t FOR EACH ROW WHEN "
           "(public.peek(OLD.note) = 1) EXECUTE FUNCTION public.mine()",
           "trigger g on public.t"});
  INFO(sql);
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, created_at timestamptz, note text DEFAULT 'x'); CREATE "
      "FUNCTION public.peek(text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'; CREATE "
      "FUNCTION public.same(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true'; "
      "CREATE OPERATOR public.=== (FUNCTION = public.same, LEFTARG = text, RIGHTARG = text); "
      "CREATE FUNCTION public.mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'");
  fill(database);
  database.execute(sql);
  const test::WorkerRole owner(database, "owner");
  RunDriver fleet(database);
  CHECK(test::refusal(database, setting_note()) == "");
  database.execute("ALTER FUNCTION public.peek(text) OWNER TO " + owner.name() +
                   "; ALTER FUNCTION public.same(text, text) OWNER TO " + owner.name());
  check_refused(
      database, fleet, setting_note(),
      place + " would run the code of role " + owner.name() + " with the worker's rights");
  CHECK(test::refusal(database, ten_days()) == "");  // a DELETE runs none of it
  Policy trusting = setting_note();
  trusting.trusted_owners = {owner.name()};
  check_satisfied(database, fleet.work_off(fleet.start(trusting)), 8);
}

TEST_CASE("a table that publishes deletes and cannot say which row went is refused with the cure",
          "[refused_tables]") {
  struct Case {
    std::string sql;  ///< after which every DELETE fails
    std::string cure;
  };
  const auto [sql, cure] = GENERATE(
      Case{"ALTER TABLE public.t DROP CONSTRAINT t_pkey",
           "ALTER TABLE public.t ADD PRIMARY KEY "
           "(id)"},
      Case{"ALTER TABLE public.t DROP CONSTRAINT t_pkey",
           "ALTER TABLE public.t REPLICA IDENTITY "
           "FULL"},
      Case{"ALTER TABLE public.t REPLICA IDENTITY NOTHING",
           "CREATE UNIQUE INDEX i ON public.t (id); ALTER TABLE public.t REPLICA IDENTITY USING "
           "INDEX i"},
      Case{"ALTER TABLE public.t DROP CONSTRAINT t_pkey; ALTER TABLE public.t ADD PRIMARY KEY (id) "
           "DEFERRABLE",
           "ALTER PUBLICATION all_of_it SET (publish = 'insert, update')"});
  const auto scope = GENERATE(as<std::string>{}, "FOR ALL TABLES", "FOR TABLE public.t");
  INFO(scope << " after " << sql);
  TestDatabase database;
  make_table(database);
  database.execute("CREATE PUBLICATION all_of_it " + scope);
  RunDriver fleet(database);
  CHECK(test::refusal(database, ten_days()) == "");
  database.execute(sql);
  // PostgreSQL 18 takes a deferrable key for an identity no more than those before it.
  CHECK_THROWS_WITH(database.execute("DELETE FROM public.t WHERE false"),
                    test::contains("does not have a replica identity"));
  check_refused(
      database, fleet, ten_days(),
      "publication all_of_it publishes every DELETE, and public.t has no replica identity");
  database.execute(cure);
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
  CHECK(ids_in(database, "public.t") == "1,2,3,4");
}

TEST_CASE("a partition is published by what it is a part of", "[refused_tables]") {
  const bool by_root = GENERATE(false, true);
  TestDatabase database;
  make_partitions(database);
  database.execute(std::string("CREATE PUBLICATION rooted FOR TABLE public.t WITH "
                               "(publish_via_partition_root = ") +
                   (by_root ? "true)" : "false)"));
  database.execute("ALTER TABLE public.one REPLICA IDENTITY FULL");
  RunDriver fleet(database);
  check_refused(
      database, fleet, ten_days(),
      "publication rooted publishes every DELETE, and public.two has no replica identity, "
      "without which the server refuses them; run: ALTER TABLE public.two REPLICA IDENTITY FULL");
  database.execute("ALTER TABLE public.two REPLICA IDENTITY FULL");
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
}

TEST_CASE("unlogged tables are not published and need no identity", "[refused_tables]") {
  TestDatabase database;
  database.execute(
      "CREATE UNLOGGED TABLE public.t (id int, created_at timestamptz); CREATE "
      "PUBLICATION everything FOR ALL TABLES");
  fill(database);
  RunDriver fleet(database);
  check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 8);
}

TEST_CASE("a publication whose filter the identity does not cover fails the run with its reason",
          "[refused_tables]") {
  TestDatabase database;
  if (database.number("SHOW server_version_num") < 150'000) return;
  make_table(database);
  database.execute("CREATE PUBLICATION young FOR TABLE public.t WHERE (created_at > '2001-01-01')");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(ten_days()));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains("cannot delete from table \"t\""));
  CHECK(ids_in(database, "public.t") == "1,2,3,4,5,6,7,8,9,10,11,12");
}
