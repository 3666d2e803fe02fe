#include "cli/demo_policies.hpp"

#include "common/policies/policy_parser.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli {
namespace {

TEST_CASE("the demonstration's policy file is one that policy apply would take", "[demo]") {
  const PolicyFile file = parse_policies(demo_policies, "demo.yaml");
  REQUIRE(file.policies.size() == 3);
  const Policy& executions = file.policies.front();
  CHECK(executions.timestamp == std::vector<std::string>{"started_at", "created_at"});
  REQUIRE(executions.tenant);
  CHECK(executions.tenant->keep_min == 100);
  CHECK(executions.tenant->overrides.size() == 3);
  CHECK_FALSE(executions.tenant->overrides.at("tenant-09").enabled);
}

TEST_CASE("up and demo refuse a control database that was chosen and open none", "[demo]") {
  for (const std::string command : {"up", "demo"}) {
    test::FakeWorld world;
    CHECK(world.run({command, "--database", "service=x"}) == ExitCode::usage);
    CHECK(world.err.str().find("start lethe-scheduler and lethe-worker") != std::string::npos);
    CHECK(world.opened.empty());
  }
}

TEST_CASE("up and demo refuse sizes that are out of range", "[demo]") {
  test::FakeWorld world;
  CHECK(world.run({"up", "--workers", "17"}) == ExitCode::usage);
  CHECK(world.run({"demo", "--slots", "0"}) == ExitCode::usage);
  CHECK(world.run({"demo", "--rows", "9"}) == ExitCode::usage);
}

}  // namespace
}  // namespace lethe::cli
