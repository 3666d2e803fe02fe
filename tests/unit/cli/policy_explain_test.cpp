#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

using lethe::test::contains;

Explanation sample_explanation() {
  RelationFacts facts;
  facts.name = "public.logs";
  facts.blocks = 57'000;
  facts.rows = 2e6;
  facts.expired = 20'000;
  facts.evidence = Evidence::sample;
  facts.keys = {{.indexed = false, .expired = -1, .splits = {}}};
  Explanation explanation;
  explanation.cutoff = "2026-11-21T03:00:00.000000Z";
  explanation.server_version = 150'018;
  explanation.relations = {facts};
  explanation.foreign_keys = {{.name = "lines_log_fkey",
                               .child = "public.lines",
                               .columns = "log",
                               .action = "cascade",
                               .missing_indexes = {"CREATE INDEX CONCURRENTLY ON public.lines "
                                                   "(log)"},
                               .child_blocks = 10,
                               .child_rows = -1}};
  explanation.triggers = {{.name = "audit",
                           .relation = "public.logs",
                           .timing = "after each row",
                           .function = "public.audit()"}};
  explanation.refusal = "policy.table: foreign key lines_log_fkey would delete rows";
  return explanation;
}

struct Explaining {
  FakeWorld world;
  Explaining() {
    world.add_target("app");
    world.add_policy(sample_policy("p"));
    world.connector.behaviours["service=app"].explanation = sample_explanation();
  }
};

TEST_CASE("explain tells people the choice and its reason and what to paste", "[policy_explain]") {
  Explaining explaining;
  CHECK(explaining.world.run({"policy", "explain", "p"}) == ExitCode::done);
  const std::string text = explaining.world.out.str();
  for (const char* part :
       {"policy p: public.logs in target app, cutoff 2026-11-21 03:00:00Z", "1 %", "sample",
        "public.logs: sweep, because index is not to be had: no index leads",
        "  CREATE INDEX CONCURRENTLY ON public.logs (\"at\");\n", "cascade",
        "  CREATE INDEX CONCURRENTLY ON public.lines (log);\n", "after each row",
        "a run would be refused: policy.table: foreign key lines_log_fkey"})
    CHECK_THAT(text, contains(part));
  CHECK(explaining.world.log.empty());
}

TEST_CASE("explain tells programs every candidate with its cost", "[policy_explain]") {
  Explaining explaining;
  CHECK(explaining.world.run({"policy", "explain", "p", "--output", "json"}) == ExitCode::done);
  const auto json = nlohmann::json::parse(explaining.world.out.str()).at(0);
  CHECK(json.at("policy") == "p");
  CHECK(json.at("refusal") == sample_explanation().refusal);
  const auto& relation = json.at("relations").at(0);
  CHECK(relation.at("expired_fraction") == 0.01);
  CHECK(relation.at("strategy") == "sweep");
  CHECK(relation.at("evidence") == "sample");
  CHECK(relation.at("missing_indexes").size() == 1);
  CHECK(relation.at("candidates").at(0).at("strategy") == "partition");
  const auto& sweep = relation.at("candidates").at(1);
  CHECK(sweep.at("strategy") == "sweep");
  CHECK(sweep.at("chosen") == true);
  CHECK(sweep.at("blocks") == 57'000);
  CHECK(sweep.at("cost_ms") == 426);
  CHECK(sweep.at("obstacle").is_null());
  CHECK(json.at("pinned").is_null());
  CHECK(json.at("function").is_null());
  CHECK(json.at("foreign_keys").at(0).at("indexed") == false);
  CHECK(json.at("foreign_keys").at(0).at("missing_indexes").size() == 1);
  CHECK(json.at("foreign_keys").at(0).at("child_rows").is_null());
  CHECK(json.at("foreign_keys").at(0).at("cost_ms") > 0);
  CHECK(json.at("triggers").at(0).at("function") == "public.audit()");
}

TEST_CASE("explain takes the policies of a file and asks nobody for targets that it says",
          "[policy_explain]") {
  FakeWorld world;
  world.is_unreachable = true;
  world.connector.behaviours["service=app"].explanation = sample_explanation();
  const std::string file =
      "targets: {app: {url: service=app}}\n"
      "policies:\n"
      "  - {name: a, target: app, table: logs, timestamp: at, retain: 90 days}\n"
      "  - {name: b, target: app, table: other, timestamp: at, retain: 90 days}\n";
  world.in.str(file);
  CHECK(world.run({"policy", "explain", "-f", "-", "--output", "json"}) == ExitCode::done);
  CHECK(nlohmann::json::parse(world.out.str()).size() == 2);
  FakeWorld one;
  one.in.str(file);
  CHECK(one.run({"policy", "explain", "b", "-f", "-", "--output", "json"}) == ExitCode::done);
  CHECK(nlohmann::json::parse(one.out.str()).at(0).at("table") == "public.other");
  FakeWorld none;
  none.in.str(file);
  CHECK(none.run({"policy", "explain", "c", "-f", "-"}) == ExitCode::not_found);
}

TEST_CASE("explain tells a pinned strategy and that a run would be refused where it is impossible",
          "[policy_explain]") {
  FakeWorld world;
  world.add_target("app");
  Policy policy = sample_policy("p");
  policy.strategy = StrategyChoice::index;
  world.add_policy(policy);
  Explanation explanation = sample_explanation();
  explanation.refusal.clear();
  world.connector.behaviours["service=app"].explanation = explanation;
  CHECK(world.run({"policy", "explain", "p"}) == ExitCode::done);
  const std::string refusal =
      "strategy index needs an index on each timestamp column of public.logs; create one: CREATE "
      "INDEX CONCURRENTLY ON public.logs (\"at\")";
  CHECK_THAT(world.out.str(), contains("a run would be refused: " + refusal));
  CHECK_THAT(world.out.str(), contains("strategy: index is pinned by the policy"));
  world.out.str("");
  CHECK(world.run({"policy", "explain", "p", "--output", "json"}) == ExitCode::done);
  const auto json = nlohmann::json::parse(world.out.str()).at(0);
  CHECK(json.at("pinned") == "index");
  CHECK(json.at("refusal") == refusal);
  CHECK(json.at("relations").at(0).at("strategy").is_null());
}

TEST_CASE("explain tells partitions that are alike once by the largest and lists all of them",
          "[policy_explain]") {
  FakeWorld world;
  world.add_target("app");
  Policy policy = sample_policy("p");
  policy.partitions = Partitions::drop;
  world.add_policy(policy);
  Explanation explanation = sample_explanation();
  explanation.refusal.clear();
  RelationFacts leaf = explanation.relations.at(0);
  leaf.keys.clear();
  leaf.evidence = Evidence::bounds;
  leaf.expired = leaf.rows;
  leaf.partition = {.ranged = true, .expired = true, .obstacle = "", .missing_right = ""};
  for (int i = 1; i <= 3; ++i) {
    leaf.name = "public.logs_" + std::to_string(i);
    leaf.blocks = 100 * (i % 3);
    explanation.relations.push_back(leaf);
  }
  world.connector.behaviours["service=app"].explanation = explanation;
  CHECK(world.run({"policy", "explain", "p"}) == ExitCode::done);
  const std::string text = world.out.str();
  CHECK_THAT(text, contains("\npublic.logs_2 (and 1 like it): partition, because its bounds"));
  CHECK_THAT(text, contains("\npublic.logs: sweep, because"));
  for (const char* name : {"public.logs_1 ", "public.logs_2 ", "public.logs_3 "})
    CHECK_THAT(text, contains(name));
  world.out.str("");
  CHECK(world.run({"policy", "explain", "p", "--output", "json"}) == ExitCode::done);
  const auto relations = nlohmann::json::parse(world.out.str()).at(0).at("relations");
  REQUIRE(relations.size() == 4);
  CHECK(relations.at(3).at("evidence") == "bounds");
  CHECK(relations.at(3).at("expired_fraction") == 1);
  CHECK(relations.at(3).at("strategy") == "partition");
  CHECK(relations.at(3).at("missing_indexes").empty());
}

TEST_CASE("explain says of a policy that calls a function no more than that", "[policy_explain]") {
  FakeWorld world;
  world.add_target("app");
  world.add_policy(sample_policy("p"));
  Explanation explanation;
  explanation.cutoff = "2026-11-21T03:00:00.000000Z";
  explanation.function = "public.clean(integer)";
  world.connector.behaviours["service=app"].explanation = explanation;
  CHECK(world.run({"policy", "explain", "p"}) == ExitCode::done);
  CHECK_THAT(world.out.str(), contains("policy p: public.clean(integer) in target app"));
  CHECK_THAT(world.out.str(), contains("until it returns 0"));
  CHECK(world.out.str().find("STRATEGY") == std::string::npos);
}

TEST_CASE("explain wants to know what", "[policy_explain]") {
  FakeWorld world;
  CHECK(world.run({"policy", "explain"}) == ExitCode::usage);
  CHECK_THAT(world.err.str(), contains("give the name of a policy, or -f FILE"));
}

}  // namespace
}  // namespace lethe::cli::test
