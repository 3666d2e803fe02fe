#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

std::vector<std::string> set_with(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"tenant", "set", "acme", "--target", "app"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

struct Tenants {
  FakeWorld world;
  Tenants() { world.add_target("app"); }
};

TEST_CASE("tenant set fills what was not said with the usual limits", "[tenant_commands]") {
  Tenants tenants;
  CHECK(tenants.world.run(set_with({"--max-running", "16"})) == ExitCode::done);
  CHECK(tenants.world.log == Log{"set app/acme 100 16 ''"});
  CHECK(tenants.world.out.str() ==
        "tenant acme in target app: weight 100, at most 16 tasks at once, lane of the policy\n");
}

TEST_CASE("tenant set keeps what was stored and not said", "[tenant_commands]") {
  Tenants tenants;
  tenants.world.tenants.rows = {{"app", "acme", 400, 16, "whale"}};
  CHECK(tenants.world.run(set_with({"--weight", "50"})) == ExitCode::done);
  CHECK(tenants.world.run(set_with({"--lane", ""})) == ExitCode::done);
  CHECK(tenants.world.log == Log{"set app/acme 50 16 'whale'", "set app/acme 400 16 ''"});
}

TEST_CASE("tenant set refuses what makes no sense", "[tenant_commands]") {
  Tenants tenants;
  CHECK(tenants.world.run(set_with({})) == ExitCode::usage);
  CHECK(tenants.world.run(set_with({"--weight", "0"})) == ExitCode::usage);
  CHECK(tenants.world.run(set_with({"--max-running", "1001"})) == ExitCode::usage);
  CHECK(tenants.world.run(set_with({"--lane", "Wh ale"})) == ExitCode::usage);
  CHECK(tenants.world.run({"tenant", "set", "acme", "--target", "ap", "--weight", "5"}) ==
        ExitCode::not_found);
  CHECK(tenants.world.run({"tenant", "set", "", "--target", "app", "--weight", "5"}) ==
        ExitCode::usage);
  CHECK(tenants.world.log.empty());
}

TEST_CASE("tenant list shows the limits", "[tenant_commands]") {
  Tenants tenants;
  CHECK(tenants.world.run({"tenant", "list"}) == ExitCode::done);
  CHECK(tenants.world.out.str() == "no tenant has limits of its own\n");
  tenants.world.tenants.rows = {{"app", "acme", 400, 16, ""}};
  CHECK(tenants.world.run({"tenant", "list", "--target", "app", "--output", "json"}) ==
        ExitCode::done);
  CHECK(tenants.world.out.str().find("[\n  {\"target\":\"app\",\"tenant\":\"acme\",\"weight\":400,"
                                     "\"max_running\":16,\"lane\":null}\n]\n") !=
        std::string::npos);
}

TEST_CASE("tenant remove tells when there was nothing to remove", "[tenant_commands]") {
  Tenants tenants;
  CHECK(tenants.world.run({"tenant", "remove", "acme", "--target", "app"}) == ExitCode::not_found);
  tenants.world.tenants.rows = {{"app", "acme", 400, 16, ""}};
  CHECK(tenants.world.run({"tenant", "remove", "acme", "--target", "app"}) == ExitCode::done);
  CHECK(tenants.world.out.str() == "tenant acme in target app has the usual limits again\n");
}

}  // namespace
}  // namespace lethe::cli::test
