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

TEST_CASE("explain wants to know what", "[policy_explain]") {
  FakeWorld world;
  CHECK(world.run({"policy", "explain"}) == ExitCode::usage);
  CHECK_THAT(world.err.str(), contains("give the name of a policy, or -f FILE"));
}

}  // namespace
}  // namespace lethe::cli::test
