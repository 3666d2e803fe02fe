// What bounds tell of partitions, in an explanation as in a plan.

#include <fmt/format.h>

#include <map>

#include "common/tasks/strategy_cost.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/plan_facts.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// public.p of make_partitioned_table with a tenant, t0 to t4 in turn.
void make_tenant_partitions(TestDatabase& database) {
  test::make_partitioned_table(database);
  database.execute(
      "ALTER TABLE public.p ADD tenant text; UPDATE public.p SET tenant = 't' || id % 5; ALTER "
      "TABLE public.p ALTER tenant SET NOT NULL; ANALYZE public.p");
}

TenantRule rule() { return {.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}}; }

Retention days(std::int64_t count) { return {.months = 0, .seconds = count * test::day}; }

/// Policies on public.p under which bounds say something, or nothing.
std::map<std::string, Policy> policies() {
  const Policy plain = test::policy_of("", 75, "p");
  std::map<std::string, Policy> all{{"rows", plain}};
  Policy policy = plain;
  policy.partitions = Partitions::drop;
  all["drop"] = policy;
  policy.keep_min = 250;
  all["drop with keep_min"] = policy;
  policy.keep_min.reset();
  policy.tenant = rule();
  all["drop by tenant"] = policy;
  policy.tenant->overrides["t1"].retain = days(130);
  policy.tenant->overrides["t2"].retain = days(20);
  all["drop with overrides"] = policy;
  policy.tenant->overrides.clear();
  policy.tenant->keep_min = 45;
  all["drop with keep_min by tenant"] = policy;
  policy.tenant->overrides["t3"].enabled = false;
  all["drop but for a tenant"] = policy;
  policy = plain;
  policy.tenant = rule();
  policy.tenant->overrides["t1"].retain = days(130);
  all["rows with overrides"] = policy;
  policy = plain;
  policy.where.kind = Condition::Kind::comparison;
  policy.where.column = "note";
  policy.where.values = {"x"};
  policy.partitions = Partitions::drop;
  all["where"] = policy;
  return all;
}

std::string shown(const std::vector<RelationFacts>& relations) {
  std::string text;
  for (const RelationFacts& one : relations) {
    text += fmt::format("{} {} {} {} {} {} {} {} [{}] [{}]", one.name, one.blocks, one.rows,
                        one.expired, one.passed, to_string(one.evidence), one.partition.ranged,
                        one.partition.expired, one.partition.obstacle, one.partition.missing_right);
    for (const KeyFacts& key : one.keys)
      text += fmt::format(" {} {} {}", key.indexed, key.expired, key.splits.size());
    text += "\n";
  }
  return text;
}

/// The partitions that go as a whole, m1 to m6.
std::string whole(const std::vector<RelationFacts>& relations, const Policy& policy) {
  std::string text;
  for (const RelationFacts& one : relations)
    if (choose_strategy(one, policy, 150'000).chosen == Strategy::partition)
      text += one.name.substr(one.name.size() - 2) + " ";
  return text;
}

}  // namespace

TEST_CASE("an explanation knows of every partition what a plan knows", "[explain]") {
  const bool analysed = GENERATE(true, false);
  const bool indexed = GENERATE(true, false);
  TestDatabase database;
  make_tenant_partitions(database);
  if (!analysed) database.execute("DELETE FROM pg_statistic WHERE starelid::regclass::text ~ 'p_'");
  if (indexed) database.execute("CREATE INDEX ON public.p (created_at)");
  RunDriver fleet(database);
  for (const auto& [name, policy] : policies()) {
    CAPTURE(name, analysed, indexed);
    const std::string planned = shown(test::plan_facts(fleet, policy).relations);
    CHECK(shown(fleet.target().explain(policy).relations) == planned);
  }
}

TEST_CASE("an explanation says which partitions go as a whole", "[explain]") {
  TestDatabase database;
  make_tenant_partitions(database);
  RunDriver fleet(database);
  const std::map<std::string, std::string> expected{{"rows", ""},
                                                    {"drop", "m4 m5 m6 "},
                                                    {"drop with keep_min", "m4 m5 m6 "},
                                                    {"drop by tenant", "m4 m5 m6 "},
                                                    {"drop with overrides", "m6 "},
                                                    {"drop with keep_min by tenant", "m4 m5 m6 "},
                                                    {"drop but for a tenant", ""},
                                                    {"rows with overrides", ""},
                                                    {"where", ""}};
  for (const auto& [name, policy] : policies()) {
    CAPTURE(name);
    const Explanation explanation = fleet.target().explain(policy);
    CHECK(explanation.refusal.empty());
    CHECK(whole(explanation.relations, policy) == expected.at(name));
    for (const RelationFacts& one : explanation.relations)
      if (one.evidence == Evidence::bounds) CHECK(one.expired == one.rows);
  }
}

TEST_CASE("bounds say how many rows are expired also where partitions are to stay", "[explain]") {
  TestDatabase database;
  make_tenant_partitions(database);
  RunDriver fleet(database);
  const Policy policy = policies().at("rows");
  const Explanation explanation = fleet.target().explain(policy);
  std::string evidence;
  double expired = 0;
  for (const RelationFacts& one : explanation.relations) {
    if (one.blocks == 0) continue;
    evidence += fmt::format("{} ", to_string(one.evidence));
    if (one.evidence == Evidence::bounds) expired += one.expired;
  }
  CHECK(evidence == "statistics statistics statistics bounds bounds bounds ");
  CHECK(expired == 300);
  const ChosenStrategy choice =
      choose_strategy(explanation.relations.back(), policy, explanation.server_version);
  CHECK(choice.chosen == Strategy::sweep);
  CHECK_THAT(choice.candidates.at(0).obstacle, test::contains("add partitions: quarantine"));
  const RunRow run = fleet.work_off(fleet.start(policy));
  REQUIRE(run.state == "satisfied");
  CHECK(run.rows >= 300);
}
