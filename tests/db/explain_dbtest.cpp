// What a plan knows of a table, and that an explanation knows the same.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/tasks/strategy_cost.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// public.t(id, created_at, note): `rows` rows of about 230 bytes, one an hour, in random places.
void make_scattered_table(TestDatabase& database, int rows) {
  database.execute(fmt::format(
      "CREATE TABLE public.t (id bigint PRIMARY KEY, tenant text DEFAULT 't', created_at "
      "timestamptz, note text) WITH (autovacuum_enabled = false); INSERT INTO public.t SELECT n, "
      "'t', now() - n * interval '1 hour', repeat('x', 190) FROM (SELECT n FROM "
      "generate_series(1, {}) n ORDER BY md5(n::text)) s",
      rows));
}

RelationFacts look(RunDriver& fleet, const Policy& policy) {
  return fleet.target().explain(policy).relations.at(0);
}

}  // namespace

TEST_CASE("a table without statistics is estimated from a sample of its blocks", "[explain]") {
  TestDatabase database;
  make_scattered_table(database, 40'000);
  RunDriver fleet(database);
  const RelationFacts facts = look(fleet, test::policy_of("", 1'250));  // 30,000 of 40,000 hours
  CHECK(facts.evidence == Evidence::sample);
  CHECK(facts.rows > 28'000);
  CHECK(facts.rows < 54'000);
  CHECK(facts.expired / facts.rows == Approx(0.25).margin(0.06));
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 1'250)));
  REQUIRE(run.state == "satisfied");
  CHECK(run.rows == 10'001);
  CHECK(static_cast<double>(run.estimated_rows.value_or(0)) == Approx(facts.expired).margin(1));
}

TEST_CASE("statistics are used as long as little was changed since", "[explain]") {
  TestDatabase database;
  make_scattered_table(database, 20'000);
  RunDriver fleet(database);
  const Policy policy = test::policy_of("", 500);  // 12,000 of 20,000 hours
  CHECK(test::is_reported(database, "pg_stat_get_tuples_inserted('public.t'::regclass) >= 20000"));
  database.execute("ANALYZE public.t");
  CHECK(test::is_reported(database, "pg_stat_get_mod_since_analyze('public.t'::regclass) = 0"));
  RelationFacts facts = look(fleet, policy);
  CHECK(facts.evidence == Evidence::statistics);
  CHECK(facts.rows == 20'000);
  CHECK(facts.expired == Approx(8'000).epsilon(0.1));
  database.execute("DELETE FROM public.t WHERE created_at < now() - interval '500 days'");
  CHECK(test::is_reported(database, "pg_stat_get_tuples_deleted('public.t'::regclass) >= 8000"));
  facts = look(fleet, policy);
  CHECK(facts.evidence == Evidence::sample);
  CHECK(facts.expired == 0);
}

TEST_CASE("an empty sample leaves the estimate open and the table is swept", "[explain]") {
  TestDatabase database;
  make_scattered_table(database, 2'000);
  database.execute("CREATE INDEX ON public.t (created_at); DELETE FROM public.t");
  RunDriver fleet(database);
  const Policy policy = test::policy_of("", 10);
  const RelationFacts facts = look(fleet, policy);
  CHECK(facts.evidence == Evidence::none);
  CHECK(facts.blocks > 0);
  CHECK(choose_strategy(facts, policy, 150'000).chosen == Strategy::sweep);
}

TEST_CASE("an explanation names the strategy that a run then takes", "[explain]") {
  const auto days = GENERATE(800, 795, 300);
  const bool with_index = GENERATE(true, false);
  const bool analysed = GENERATE(true, false);
  CAPTURE(days, with_index, analysed);
  TestDatabase database;
  make_scattered_table(database, 20'000);  // 833 days
  if (with_index) database.execute("CREATE INDEX ON public.t (created_at)");
  if (analysed) database.execute("ANALYZE public.t");
  RunDriver fleet(database);
  const Policy policy = test::policy_of("", days);
  const Explanation explanation = fleet.target().explain(policy);
  const ChosenStrategy choice =
      choose_strategy(explanation.relations.at(0), policy, explanation.server_version);
  const RunRow run = fleet.work_off(fleet.start(policy));
  REQUIRE(run.state == "satisfied");
  REQUIRE(choice.chosen);
  CHECK(run.strategy == to_string(*choice.chosen));
  if (explanation.server_version >= 140'000)
    CHECK(run.strategy == (with_index && days > 300 ? "index" : "sweep"));
  CHECK(missing_indexes(explanation.relations.at(0), policy).empty() == with_index);
}

TEST_CASE("tenants' own cutoffs are estimated by the newest of them in plan and explanation alike",
          "[explain]") {
  TestDatabase database;
  make_scattered_table(database, 20'000);
  database.execute("ANALYZE public.t");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 800);
  policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
  policy.tenant->overrides["short"].retain = Retention{.months = 0, .seconds = 400 * test::day};
  const RelationFacts facts = look(fleet, policy);
  CHECK(facts.expired == Approx(10'400).epsilon(0.1));
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.rows == 801);
  CHECK(static_cast<double>(run.estimated_rows.value_or(0)) == Approx(facts.expired).epsilon(0.01));
}

TEST_CASE("an explanation lists foreign keys with their indexes and the triggers of a delete",
          "[explain]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int PRIMARY KEY, b int, created_at timestamptz, UNIQUE (id, b));"
      "CREATE TABLE public.served (t_id int REFERENCES public.t, id int, created_at timestamptz);"
      "CREATE INDEX ON public.served (t_id, id);"
      "CREATE TABLE public.\"Odd child\" (\"B\" int, \"A\" int, FOREIGN KEY (\"A\", \"B\") "
      "REFERENCES public.t (id, b) ON DELETE CASCADE);"
      "CREATE INDEX ON public.\"Odd child\" (\"B\");"
      "CREATE TABLE public.swapped (b int, a int, FOREIGN KEY (a, b) REFERENCES public.t (id, b) "
      "ON DELETE RESTRICT); CREATE INDEX ON public.swapped (b, a);"
      "CREATE TABLE public.partial (t_id int REFERENCES public.t ON DELETE SET NULL);"
      "CREATE INDEX ON public.partial (t_id) WHERE t_id IS NOT NULL;"
      "CREATE TABLE public.included (t_id int, id int, FOREIGN KEY (t_id, id) REFERENCES public.t "
      "(id, b)); CREATE INDEX ON public.included (t_id) INCLUDE (id);"
      "CREATE TABLE public.parts (t_id int REFERENCES public.t, n int) PARTITION BY RANGE (n);"
      "CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM (1) TO (2);"
      "CREATE TABLE public.parts_2 PARTITION OF public.parts FOR VALUES FROM (2) TO (3);"
      "CREATE INDEX ON public.parts_1 USING hash (t_id);"
      "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
      "CREATE TRIGGER gone BEFORE DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();"
      "CREATE TRIGGER other BEFORE UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()");
  RunDriver fleet(database);
  const Explanation explanation = fleet.target().explain(test::policy_of("", 1));
  std::string keys;
  for (const ForeignKey& key : explanation.foreign_keys)
    keys += fmt::format("{} ({}) {} {}\n", key.child, key.columns, key.action,
                        fmt::join(key.missing_indexes, "; "));
  CHECK(keys ==
        "public.\"Odd child\" (\"A\", \"B\") cascade CREATE INDEX CONCURRENTLY ON public.\"Odd "
        "child\" (\"A\", \"B\")\n"
        "public.included (t_id, id) no action CREATE INDEX CONCURRENTLY ON public.included (t_id, "
        "id)\n"
        "public.partial (t_id) set null \n"
        "public.parts (t_id) no action CREATE INDEX CONCURRENTLY ON public.parts_2 (t_id)\n"
        "public.served (t_id) no action \n"
        "public.swapped (a, b) restrict \n");
  REQUIRE(explanation.triggers.size() == 1);
  CHECK(explanation.triggers[0].name == "gone");
  CHECK(explanation.triggers[0].timing == "before each row");
  CHECK_THAT(explanation.refusal, test::contains("foreign key"));
}

TEST_CASE("an explanation of a partition lists the keys that point at the table above it",
          "[explain]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute(
      "ALTER TABLE public.p ADD PRIMARY KEY (id, created_at); CREATE TABLE public.child (p_id "
      "bigint, p_at timestamptz, FOREIGN KEY (p_id, p_at) REFERENCES public.p); INSERT INTO "
      "public.child SELECT id, created_at FROM public.p_m6; ANALYZE public.child");
  RunDriver fleet(database);
  const auto keys = fleet.target().explain(test::policy_of("", 1, "p_m6")).foreign_keys;
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].child == "public.child");
  CHECK(keys[0].child_rows == 100);
  CHECK(keys[0].child_blocks == 1);
  CHECK(keys[0].missing_indexes.size() == 1);
}

TEST_CASE("an explanation writes nothing and needs no schema of Lethe in the target", "[explain]") {
  TestDatabase database(false);
  make_scattered_table(database, 100);
  db::PgTargetDatabase target(database.url(), "lethe-test");
  Policy policy = test::policy_of("", 1);
  policy.target = "app";
  policy.tenant = TenantRule{.column = "tenant", .keep_min = 5, .overrides = {}, .only = {}};
  database.execute(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', "
      "current_database()); END $$");
  const Explanation explanation = target.explain(policy);  // would throw if it wrote anything
  CHECK(explanation.relations.at(0).blocks > 0);
  CHECK_THAT(explanation.refusal, test::contains("run: lethe target install app"));
}

TEST_CASE("a statement to paste makes the index that was missing and is not suggested again",
          "[explain]") {
  TestDatabase database;
  database.execute(
      "CREATE SCHEMA \"My schema\"; CREATE TABLE \"My schema\".\"T\" (id int PRIMARY KEY, "
      "\"Created At\" timestamptz) PARTITION BY RANGE (id); CREATE TABLE \"My schema\".\"T 1\" "
      "PARTITION OF \"My schema\".\"T\" FOR VALUES FROM (0) TO (100); INSERT INTO \"My "
      "schema\".\"T\" SELECT n, now() FROM generate_series(1, 50) n; CREATE TABLE public.child (t "
      "int REFERENCES \"My schema\".\"T\")");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 10);
  policy.table = {.schema = "My schema", .table = "T"};
  policy.timestamp = {"Created At"};
  const auto missing = [&] {
    const Explanation explanation = fleet.target().explain(policy);
    std::vector<std::string> all = missing_indexes(explanation.relations.at(0), policy);
    const auto& of_key = explanation.foreign_keys.at(0).missing_indexes;
    all.insert(all.end(), of_key.begin(), of_key.end());
    return all;
  };
  const std::vector<std::string> before = missing();
  REQUIRE(before.size() == 2);
  pqxx::connection connection(database.url());
  pqxx::nontransaction session(connection);  // CONCURRENTLY works in no other way
  for (const std::string& statement : before) session.exec(statement);
  CHECK(missing().empty());
  database.execute(
      "UPDATE pg_index SET indisvalid = false WHERE indrelid IN ('\"My schema\".\"T "
      "1\"'::regclass, 'public.child'::regclass) AND NOT indisprimary");
  CHECK(missing() == before);
}

TEST_CASE("rows that are changed have no foreign keys to mind but triggers of their own",
          "[explain]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int PRIMARY KEY, a text, b text, created_at timestamptz);"
      "CREATE TABLE public.child (t int REFERENCES public.t ON DELETE CASCADE);"
      "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
      "CREATE TRIGGER t_delete AFTER DELETE ON public.t EXECUTE FUNCTION public.f();"
      "CREATE TRIGGER t_update AFTER UPDATE ON public.t EXECUTE FUNCTION public.f();"
      "CREATE TRIGGER t_a AFTER UPDATE OF a ON public.t EXECUTE FUNCTION public.f();"
      "CREATE TRIGGER t_b AFTER UPDATE OF b ON public.t EXECUTE FUNCTION public.f();"
      "INSERT INTO public.t SELECT n, 'x', 'y', now() - n * interval '1 day' FROM generate_series("
      "1, 100) n");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 50);
  policy.action = {.kind = Action::Kind::set, .values = {{"a", std::nullopt}}, .function = {}};
  const Explanation explanation = fleet.target().explain(policy);
  CHECK(explanation.refusal.empty());
  CHECK(explanation.foreign_keys.empty());
  std::string triggers;
  for (const FiredTrigger& trigger : explanation.triggers) triggers += trigger.name + " ";
  CHECK(triggers == "t_a t_update ");
  CHECK(explanation.relations.at(0).expired == 51);
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  const RelationFacts after = look(fleet, policy);
  CHECK(after.expired == 0);
  CHECK(after.passed == 51);
}

TEST_CASE("a policy that calls a function is explained by its signature", "[explain]") {
  TestDatabase database;
  database.execute(
      "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE FUNCTION public.clean(batch_size int) "
      "RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'");
  RunDriver fleet(database);
  Policy policy;
  policy.target = "app";
  policy.retain = {.months = 0, .seconds = test::day};
  policy.action = {.kind = Action::Kind::call, .values = {}, .function = {"public", "clean"}};
  Explanation explanation = fleet.target().explain(policy);
  CHECK_THAT(explanation.function, test::contains("public.clean(integer)"));
  CHECK(explanation.refusal.empty());
  CHECK(explanation.relations.empty());
  policy.action.function.name = "gone";
  explanation = fleet.target().explain(policy);
  CHECK(explanation.function == "public.gone");
  CHECK_THAT(explanation.refusal, test::contains("does not exist"));
}
