#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

using lethe::test::contains;

struct Fleet {
  FakeWorld world;
  Fleet() {
    world.add_target("app");
    world.add_target("web");
    world.add_policy(sample_policy("p"));
  }
};

FleetStore::PauseRow pause_of(PauseScope scope, const std::string& name) {
  return {{scope, name}, "ana", "2026-11-21T03:00:00.000000Z", "incident 42"};
}

TEST_CASE("pause stops the leasing and closes every gate before it waits for any",
          "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"pause", "--all", "--reason", "incident 42"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"pause '' incident 42", "service=app halt", "service=web halt",
                               "service=app await * 60000", "service=web await * 60000"});
}

TEST_CASE("a pause names what is still in flight when it has waited long enough",
          "[pause_commands]") {
  Fleet fleet;
  fleet.world.connector.behaviours["service=app"].standstill.batches = {
      {.pid = 12, .name = "lethe/R1/T1", .ms = 70'000}};
  fleet.world.connector.behaviours["service=web"].standstill.batches = {
      {.pid = 13, .name = "lethe/R2/T2", .ms = -1}};
  CHECK(fleet.world.run({"pause", "--all", "--timeout", "5"}) == ExitCode::failed);
  CHECK(fleet.world.log.back() == "service=web await * 5000");
  CHECK(fleet.world.out.str() == "paused: everything, but not everywhere yet\n");
  CHECK_THAT(fleet.world.err.str(), contains("target app starts nothing new, but after 5.0 s this "
                                             "is still in flight: lethe/R1/T1 (pid 12, for "));
  CHECK_THAT(fleet.world.err.str(), contains("lethe/R2/T2 (pid 13); run the command again"));
}

TEST_CASE("a pause tells of a vacuum and does not wait for it", "[pause_commands]") {
  Fleet fleet;
  fleet.world.connector.behaviours["service=app"].standstill.vacuums = {
      {.pid = 12, .name = "lethe/R1/T1", .ms = 70'000}};
  CHECK(fleet.world.run({"pause", "--all"}) == ExitCode::done);
  CHECK_THAT(fleet.world.err.str(), contains("in target app a VACUUM goes on") &&
                                        contains("SELECT pg_cancel_backend(12)"));
}

TEST_CASE("pausing a policy closes its own gate alone", "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"pause", "--policy", "p", "--reason", "why"}) == ExitCode::done);
  CHECK(fleet.world.log ==
        Log{"pause 'p' why", "service=app close gate p why", "service=app await p 60000"});
}

TEST_CASE("an unreachable target does not keep the others from being paused", "[pause_commands]") {
  Fleet fleet;
  fleet.world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(fleet.world.run({"pause", "--all"}) == ExitCode::failed);
  CHECK(fleet.world.log == Log{"pause '' ", "service=web halt", "service=web await * 60000"});
  CHECK(fleet.world.err.str().find("cannot reach target 'app'") != std::string::npos);
}

TEST_CASE("a pause has exactly one scope", "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"pause"}) == ExitCode::usage);
  CHECK(fleet.world.run({"pause", "--all", "--target", "app"}) == ExitCode::usage);
  CHECK(fleet.world.run({"pause", "--tenant", "acme", "--policy", "p"}) == ExitCode::usage);
  CHECK(fleet.world.run({"pause", "--tenant", ""}) == ExitCode::usage);
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
  fleet.world.fleet.pause_rows = {pause_of(PauseScope::all, "")};
  CHECK(fleet.world.run({"target", "resume", "app"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"resume 'app'"});
  CHECK(fleet.world.err.str() ==
        "target app is still paused: everything, by ana since 2026-11-21 03:00:00Z: incident 42\n");
}

TEST_CASE("resuming everything opens the gates that no other pause closes", "[pause_commands]") {
  Fleet fleet;
  fleet.world.fleet.pause_rows = {pause_of(PauseScope::target, "app"),
                                  pause_of(PauseScope::policy, "p"),
                                  pause_of(PauseScope::tenant, "web")};
  CHECK(fleet.world.run({"resume", "--all"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"resume ''", "service=web unhalt"});
}

TEST_CASE("pausing a tenant closes no gate and does not claim that nothing is in flight",
          "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"pause", "--tenant", "acme", "--reason", "why"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"pause 'acme' why"});
  CHECK(fleet.world.out.str() ==
        "paused: tenant acme; no new batch of its own tasks starts, those in flight may still go "
        "on to their end\n");
  CHECK(fleet.world.run({"pause", "--tenant", "acme", "--output", "json"}) == ExitCode::done);
  CHECK(fleet.world.out.str().find("{\"scope\":\"tenant\",\"name\":\"acme\",\"change\":"
                                   "\"paused\",\"complete\":null}") != std::string::npos);
}

TEST_CASE("resuming a tenant or a policy names the pause that still covers it",
          "[pause_commands]") {
  Fleet fleet;
  fleet.world.fleet.pause_rows = {pause_of(PauseScope::target, "app")};
  CHECK(fleet.world.run({"resume", "--tenant", "acme"}) == ExitCode::done);
  CHECK(fleet.world.err.str().empty());
  CHECK(fleet.world.run({"resume", "--policy", "p"}) == ExitCode::done);
  CHECK(fleet.world.err.str() ==
        "policy p is still paused: target app, by ana since 2026-11-21 03:00:00Z: incident 42\n");
}

TEST_CASE("target pause is a pause of that target", "[pause_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"target", "pause", "app", "--reason", "r"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"pause 'app' r", "service=app halt", "service=app await * 60000"});
}

}  // namespace
}  // namespace lethe::cli::test
