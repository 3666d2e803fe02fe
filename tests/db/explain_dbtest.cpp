// What a plan knows of a table, and that an explanation knows the same.

#include <fmt/format.h>

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
  database.execute("SELECT pg_stat_force_next_flush()");
  database.execute("ANALYZE public.t");
  RelationFacts facts = look(fleet, policy);
  CHECK(facts.evidence == Evidence::statistics);
  CHECK(facts.rows == 20'000);
  CHECK(facts.expired == Approx(8'000).epsilon(0.1));
  database.execute("DELETE FROM public.t WHERE created_at < now() - interval '500 days'");
  database.execute("SELECT pg_stat_force_next_flush()");
  database.execute("SELECT 1");
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
      "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
      "CREATE TRIGGER gone BEFORE DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();"
      "CREATE TRIGGER other BEFORE UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()");
  RunDriver fleet(database);
  const Explanation explanation = fleet.target().explain(test::policy_of("", 1));
  std::string keys;
  for (const ForeignKey& key : explanation.foreign_keys)
    keys += fmt::format("{} ({}) {} {} {}\n", key.child, key.columns, key.action,
                        key.indexed ? "indexed" : "bare", key.create_index);
  CHECK(
      keys ==
      "public.\"Odd child\" (\"A\", \"B\") cascade bare CREATE INDEX CONCURRENTLY ON public.\"Odd "
      "child\" (\"A\", \"B\")\n"
      "public.partial (t_id) set null indexed \n"
      "public.served (t_id) no action indexed \n"
      "public.swapped (a, b) restrict indexed \n");
  REQUIRE(explanation.triggers.size() == 1);
  CHECK(explanation.triggers[0].name == "gone");
  CHECK(explanation.triggers[0].timing == "before each row");
  CHECK_THAT(explanation.refusal, test::contains("foreign key"));
}

TEST_CASE("an explanation writes nothing and needs no schema of Lethe in the target", "[explain]") {
  TestDatabase database;
  make_scattered_table(database, 100);
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 1);
  policy.keep_min = 10;
  policy.tenant = TenantRule{.column = "tenant", .keep_min = 5, .overrides = {}, .only = {}};
  policy.keep_min.reset();
  database.execute("ALTER TABLE lethe.cutoffs RENAME TO elsewhere");
  const std::string before = database.text("SELECT pg_current_xact_id()::text");
  CHECK(look(fleet, policy).blocks > 0);
  CHECK(database.number("SELECT pg_current_xact_id()::text::bigint - " + before) == 1);
  database.execute("ALTER TABLE lethe.elsewhere RENAME TO cutoffs");
}

TEST_CASE("each leaf of a partitioned table is explained by itself", "[explain]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  RunDriver fleet(database);
  const Explanation explanation = fleet.target().explain(test::policy_of("", 75, "p"));
  CHECK(explanation.relations.size() == 7);
}
