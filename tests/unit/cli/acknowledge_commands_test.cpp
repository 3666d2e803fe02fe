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
  }
};

FleetStore::PauseRow freeze_of(PauseScope scope, const std::string& name) {
  return {{scope, name}, "lethe", "2026-11-21T03:00:00.000000Z", "it jumped; look", true};
}

TEST_CASE("acknowledging the clock opens every gate before anything is leased again",
          "[acknowledge_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"clock", "acknowledge"}) == ExitCode::done);
  CHECK(fleet.world.log ==
        Log{"service=app thaw clock", "service=web thaw clock", "thaw all '' by ana@host"});
}

TEST_CASE("an unreachable target does not keep the clock from being acknowledged",
          "[acknowledge_commands]") {
  Fleet fleet;
  fleet.world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(fleet.world.run({"clock", "acknowledge"}) == ExitCode::failed);
  CHECK(fleet.world.log == Log{"service=web thaw clock", "thaw all '' by ana@host"});
  CHECK_THAT(fleet.world.err.str(), contains("cannot reach target 'app'"));
}

TEST_CASE("acknowledging a target opens its gate first", "[acknowledge_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"target", "acknowledge", "app"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"service=app thaw database", "thaw target 'app' by ana@host"});
  CHECK(fleet.world.out.str() == "target app acknowledged\n");
}

TEST_CASE("a target that cannot be reached stays frozen", "[acknowledge_commands]") {
  Fleet fleet;
  fleet.world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(fleet.world.run({"target", "acknowledge", "app"}) == ExitCode::unreachable);
  CHECK(fleet.world.log.empty());
  CHECK(fleet.world.run({"target", "acknowledge", "ap"}) == ExitCode::not_found);
}

TEST_CASE("acknowledging what is not frozen says so", "[acknowledge_commands]") {
  Fleet fleet;
  fleet.world.fleet.is_frozen = false;
  CHECK(fleet.world.run({"target", "acknowledge", "app"}) == ExitCode::done);
  CHECK(fleet.world.out.str() == "target app acknowledged; it was not frozen\n");
}

TEST_CASE("a freeze is a problem with its own cure", "[acknowledge_commands]") {
  Fleet fleet;
  fleet.world.fleet.pause_rows = {freeze_of(PauseScope::all, ""),
                                  freeze_of(PauseScope::target, "app")};
  CHECK(fleet.world.run({"doctor"}) == ExitCode::failed);
  const std::string out = fleet.world.out.str();
  CHECK_THAT(out, contains("everything is frozen since 2026-11-21 03:00:00Z: it jumped; look"));
  CHECK_THAT(out, contains("lethe clock acknowledge"));
  CHECK_THAT(out, contains("target app is frozen since"));
  CHECK_THAT(out, contains("lethe target acknowledge app"));
}

TEST_CASE("resuming what is frozen opens the operator's gate and tells of the freeze",
          "[acknowledge_commands]") {
  Fleet fleet;
  fleet.world.fleet.pause_rows = {freeze_of(PauseScope::target, "app")};
  CHECK(fleet.world.run({"resume", "--all"}) == ExitCode::done);
  CHECK(fleet.world.log == Log{"resume ''", "service=app unhalt", "service=web unhalt"});
  CHECK_THAT(fleet.world.err.str(), contains("target app is frozen since"));
}

TEST_CASE("how a target takes a failover is a setting that stays until it is given again",
          "[acknowledge_commands]") {
  Fleet fleet;
  CHECK(fleet.world.run({"target", "add", "new", "--url", "service=new", "--no-connect",
                         "--on-failover", "maybe"}) == ExitCode::usage);
  CHECK_THAT(fleet.world.err.str(), contains("--on-failover: must be freeze or continue"));
  CHECK(fleet.world.run({"target", "add", "new", "--url", "service=new", "--no-connect",
                         "--on-failover", "continue", "--clock-skew-seconds", "120"}) ==
        ExitCode::done);
  CHECK(fleet.world.targets.last.survives_failover);
  CHECK(fleet.world.targets.last.clock_skew_seconds == 120);
  fleet.world.targets.rows.at(0).survives_failover = true;
  CHECK(fleet.world.run({"target", "add", "app", "--url", "service=app", "--no-connect"}) ==
        ExitCode::done);
  CHECK(fleet.world.targets.last.survives_failover);
}

}  // namespace
}  // namespace lethe::cli::test
