#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

struct Fleet {
  FakeWorld world;
  Fleet() {
    world.add_target("app");
    world.add_target("web");
    world.add_policy(sample_policy("p"));
  }
};

TEST_CASE("pause stops the leasing before it closes the gates", "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"pause", "--all", "--reason", "incident 42"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"pause '' incident 42", "service=app halt", "service=web halt"});
}

TEST_CASE("pausing a policy closes its gate at its own epoch", "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"pause", "--policy", "p", "--reason", "why"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"pause 'p' why", "service=app gate p epoch 7 halted why"});
}

TEST_CASE("an unreachable target does not keep the others from being paused", "[pause_commands]") {
  Fleet fleet;
  fleet.world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(fleet.world.run({"pause", "--all"}) == ExitCode::failed);
  CHECK(fleet.world.log == Log{"pause '' ", "service=web halt"});
  CHECK(fleet.world.err.str().find("cannot reach target 'app'") != std::string::npos);
}

TEST_CASE("a pause has exactly one scope", "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"pause"}) == ExitCode::usage);
  CHECK(fleet.world.run({"pause", "--all", "--target", "app"}) == ExitCode::usage);
  CHECK(fleet.world.run({"pause", "--tenant", "acme"}) == ExitCode::usage);
  CHECK(fleet.world.err.str().find("not supported by this version") != std::string::npos);
  CHECK(fleet.world.run({"pause", "--target", "ap"}) == ExitCode::not_found);
  CHECK(fleet.world.log.empty());
}

TEST_CASE("resuming a policy opens its gate before tasks may run", "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"resume", "--policy", "p"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"service=app gate p epoch 7 open ", "resume 'p'"});
}

TEST_CASE("resuming a disabled policy leaves its gate closed", "[pause_commands]") {
  Fleet fleet;
  fleet.world.policies.rows[0].enabled = false;
  CHECK(fleet.world.run({"resume", "--policy", "p"}) == ExitCode::done);
  CHECK(fleet.world.log.at(0) == "service=app gate p epoch 7 halted disabled");
}

TEST_CASE("a policy stays paused when its gate cannot be opened", "[pause_commands]") {
  Fleet fleet;
  fleet.world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(fleet.world.run({"resume", "--policy", "p"}) == ExitCode::failed);
  CHECK(fleet.world.log.empty());
}

TEST_CASE("resuming a target does not open the gate that another pause closes",
          "[pause_commands]") {
  Fleet fleet;
  fleet.world.targets.rows[0].paused = true;  // and stays so: everything is paused as well
  CHECK(fleet.world.run({"target", "resume", "app"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"resume 'app'"});
}

TEST_CASE("resuming everything opens the gates that no other pause closes", "[pause_commands]") {
  Fleet fleet;
  for (TargetRow& row : fleet.world.targets.rows) row.paused = true;
  fleet.world.fleet.on_resume = [&] { fleet.world.targets.rows[1].paused = false; };
  CHECK(fleet.world.run({"resume", "--all"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"resume ''", "service=web unhalt"});
}

TEST_CASE("target pause is a pause of that target", "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"target", "pause", "app", "--reason", "r"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"pause 'app' r", "service=app halt"});
}

}  // namespace
}  // namespace lethe::cli::test
