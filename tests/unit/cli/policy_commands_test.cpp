#include "cli/policy_text.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* two_policies =
    "targets:\n"
    "  app: {url: service=app}\n"
    "policies:\n"
    "  - {name: a, target: app, table: public.logs, timestamp: at, retain: 90 days,\n"
    "     schedule: '0 3 * * *'}\n"
    "  - {name: b, target: app, table: public.other, timestamp: at, retain: 30 days}\n";

TEST_CASE("apply moves the gate of a policy before it stores the policy", "[policy_commands]") {
  FakeWorld world;
  world.in.str(two_policies);
  CHECK(world.run({"policy", "apply", "-f", "-"}) == ExitCode::done);
  CHECK(world.log == Log{"put target app", "service=app gate a epoch 1 open ",
                         "apply a read at 0 next 1971-01-01T03:00:00.000000Z by ana@host",
                         "service=app gate b epoch 1 open ",
                         "apply b read at 0 next never by ana@host"});
}

TEST_CASE("apply changes nothing when any policy of the file is wrong", "[policy_commands]") {
  FakeWorld world;
  world.in.str(two_policies);
  world.connector.behaviours["service=app"].bad_table = "other";
  CHECK(world.run({"policy", "apply", "-f", "-"}) == ExitCode::bad_config);
  CHECK(world.err.str() == "lethe: policies[1].table: is not there\n");
  CHECK(world.log.empty());
}

TEST_CASE("apply changes nothing when a target does not answer", "[policy_commands]") {
  FakeWorld world;
  world.in.str(two_policies);
  world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(world.run({"policy", "apply", "-f", "-"}) == ExitCode::unreachable);
  CHECK(world.log.empty());
}

TEST_CASE("apply refuses a policy whose target nobody knows", "[policy_commands]") {
  FakeWorld world;
  world.add_target("application");
  world.in.str(
      "policies:\n  - {name: a, target: aplication, table: t, timestamp: at, retain: 9 d}\n");
  CHECK(world.run({"policy", "apply", "-f", "-"}) == ExitCode::not_found);
  CHECK(world.err.str() ==
        "lethe: policies[0].target: no target 'aplication'; did you mean 'application'?\n");
  CHECK(world.log.empty());
}

TEST_CASE("a dry run checks everything and changes nothing", "[policy_commands]") {
  FakeWorld world;
  world.in.str(two_policies);
  CHECK(world.run({"policy", "apply", "-f", "-", "--dry-run", "--output", "json"}) ==
        ExitCode::done);
  CHECK(world.log.empty());
  CHECK(contains(world.out.str(), "{\"kind\":\"policy\",\"name\":\"b\",\"change\":\"added\"}"));
}

struct Stored {
  FakeWorld world;
  explicit Stored(const Policy& policy, bool enabled = true,
                  std::optional<Pause> paused = std::nullopt) {
    world.add_target("app");
    world.add_target("old");
    world.add_policy(policy, enabled, paused.has_value());
    if (paused) world.fleet.pause_rows = {{*paused, "ana", "2026-11-21T03:00:00.000000Z", ""}};
    world.in.str(
        "policies:\n  - {name: p, target: app, table: logs, timestamp: at, retain: 90 d}\n");
  }
  ExitCode apply() { return world.run({"policy", "apply", "-f", "-"}); }
};

Policy other_retain() {
  Policy policy = sample_policy("p");
  policy.retain.seconds = 1;
  return policy;
}

TEST_CASE("an unchanged policy is left alone", "[policy_commands]") {
  Stored stored(sample_policy("p"));
  CHECK(stored.apply() == ExitCode::done);
  CHECK(stored.world.log.empty());
  CHECK(contains(stored.world.out.str(), "unchanged"));
}

TEST_CASE("a changed policy gets the epoch after the one that was read", "[policy_commands]") {
  Stored stored(other_retain());
  CHECK(stored.apply() == ExitCode::done);
  CHECK(stored.world.log ==
        Log{"service=app gate p epoch 8 open ", "apply p read at 7 next never by ana@host"});
}

TEST_CASE("applying a disabled or paused policy leaves its gate closed", "[policy_commands]") {
  Stored disabled(other_retain(), false);
  CHECK(disabled.apply() == ExitCode::done);
  CHECK(contains(disabled.world.log.at(0), "halted"));
  Stored paused(other_retain(), true, Pause{PauseScope::policy, "p"});
  CHECK(paused.apply() == ExitCode::done);
  CHECK(contains(paused.world.log.at(0), "halted"));
}

TEST_CASE("a pause of the whole target does not get stuck in a policy's gate",
          "[policy_commands]") {
  for (const Pause& pause : {Pause{PauseScope::all, ""}, Pause{PauseScope::target, "app"},
                             Pause{PauseScope::policy, "other"}, Pause{PauseScope::tenant, "p"}}) {
    Stored stored(other_retain(), true, pause);
    CHECK(stored.apply() == ExitCode::done);
    CHECK(contains(stored.world.log.at(0), "open"));
  }
}

TEST_CASE("a policy that moves is halted at its old target first", "[policy_commands]") {
  Stored stored(sample_policy("p", "old"));
  CHECK(stored.apply() == ExitCode::done);
  CHECK(stored.world.log == Log{"service=old gate p epoch 8 halted moved",
                                "service=app gate p epoch 8 open ",
                                "apply p read at 7 next never by ana@host"});
}

TEST_CASE("diff shows each key that differs and asks no target", "[policy_commands]") {
  Stored stored(other_retain());
  stored.world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(stored.world.run({"policy", "diff", "-f", "-"}) == ExitCode::done);
  CHECK(stored.world.out.str() == "~ policy p\n    ~ retain: 1 second -> 90 days\n");
  CHECK(stored.world.log.empty());
}

TEST_CASE("show and diff tell of window lane and what else is unusual", "[policy_commands]") {
  Policy policy = sample_policy("p");
  policy.timezone = "Europe/Berlin";
  policy.window = TimeWindow{{60}, {5 * 60 + 30}};
  policy.missed = Missed::skip;
  policy.overlap = Overlap::queue;
  policy.jitter_seconds = 300;
  policy.lane = "bulk";
  policy.priority = 4;
  policy.expire_after_seconds = 7'200;
  const auto before = policy_fields(sample_policy("p"));
  auto fields = policy_fields(policy);
  fields.erase(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(before.size()));
  CHECK(fields ==
        std::vector<std::pair<std::string, std::string>>{{"window", "01:00 to 05:30 Europe/Berlin"},
                                                         {"missed", "skip"},
                                                         {"overlap", "queue"},
                                                         {"jitter", "5 minutes"},
                                                         {"lane", "bulk"},
                                                         {"priority", "4"},
                                                         {"expire_after", "2 hours"}});
  CHECK(policy_changes(policy, sample_policy("p")).size() == 7);
}

TEST_CASE("disable closes the gate before it tells the control database", "[policy_commands]") {
  Stored stored(sample_policy("p"));
  CHECK(stored.world.run({"policy", "disable", "p"}) == ExitCode::done);
  CHECK(stored.world.log == Log{"service=app gate p epoch 8 halted disabled", "disable p"});
}

TEST_CASE("a policy whose target is away is not disabled by half", "[policy_commands]") {
  Stored stored(sample_policy("p"));
  stored.world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(stored.world.run({"policy", "disable", "p"}) == ExitCode::unreachable);
  CHECK(stored.world.log.empty());
}

TEST_CASE("a gate that cannot be moved is told with the name of the target", "[policy_commands]") {
  Stored stored(sample_policy("p"));
  stored.world.connector.behaviours["service=app"].is_missing_schema = true;
  CHECK(stored.world.run({"policy", "disable", "p"}) == ExitCode::bad_config);
  CHECK(stored.world.err.str() ==
        "lethe: the schema of target app is missing; run: lethe target install app\n");
}

TEST_CASE("enable opens the gate unless the policy is paused", "[policy_commands]") {
  Stored stored(sample_policy("p"), false);
  CHECK(stored.world.run({"policy", "enable", "p"}) == ExitCode::done);
  CHECK(stored.world.log == Log{"service=app gate p epoch 8 open ", "enable p"});
  Stored paused(sample_policy("p"), false, Pause{PauseScope::policy, "p"});
  CHECK(paused.world.run({"policy", "enable", "p"}) == ExitCode::done);
  CHECK(paused.world.log.at(0) == "service=app gate p epoch 8 halted paused");
}

TEST_CASE("remove needs a yes and closes the gate first", "[policy_commands]") {
  Stored stored(sample_policy("p"));
  CHECK(stored.world.run({"policy", "remove", "p"}) == ExitCode::usage);
  CHECK(stored.world.log.empty());
  stored.world.terminal = {.in = true, .err = true};
  stored.world.in.str("n\n");
  CHECK(stored.world.run({"policy", "remove", "p"}) == ExitCode::failed);
  CHECK(stored.world.log.empty());
  CHECK(stored.world.run({"policy", "remove", "p", "--yes"}) == ExitCode::done);
  CHECK(stored.world.log == Log{"service=app gate p epoch 8 halted removed", "remove policy p"});
}

TEST_CASE("run uses the stored spec and epoch and refuses a disabled policy", "[policy_commands]") {
  Stored stored(sample_policy("p"));
  stored.world.add_run("satisfied");
  CHECK(stored.world.run({"policy", "run", "p"}) == ExitCode::done);
  CHECK(stored.world.log == Log{"start run of 'p' at 7"});
  CHECK(stored.world.runs.started == sample_policy("p"));
  Stored disabled(sample_policy("p"), false);
  CHECK(disabled.world.run({"policy", "run", "p"}) == ExitCode::refused);
  CHECK(disabled.world.log.empty());
}

TEST_CASE("next lists firings in UTC and in the policy's zone", "[policy_commands]") {
  Policy policy = sample_policy("p");
  policy.schedule = "0 3 * * *";
  policy.timezone = "Europe/Berlin";
  Stored stored(policy);
  CHECK(stored.world.run({"policy", "next", "p", "--count", "2", "--output", "json"}) ==
        ExitCode::done);
  CHECK(stored.world.out.str() ==
        "[\n"
        "  {\"fires_at\":\"1971-01-01T02:00:00.000000Z\",\"local\":\"1971-01-01 03:00:00 CET\","
        "\"timezone\":\"Europe/Berlin\"},\n"
        "  {\"fires_at\":\"1971-01-02T02:00:00.000000Z\",\"local\":\"1971-01-02 03:00:00 CET\","
        "\"timezone\":\"Europe/Berlin\"}\n"
        "]\n");
}

TEST_CASE("show and preview tell all there is", "[policy_commands]") {
  Policy policy = sample_policy("p");
  Condition leaf;
  leaf.kind = Condition::Kind::comparison;
  leaf.column = "status";
  leaf.comparison = Comparison::in;
  leaf.values = {"done", "failed"};
  policy.where.children = {leaf};
  Stored stored(policy);
  CHECK(stored.world.run({"policy", "show", "p"}) == ExitCode::done);
  CHECK(contains(stored.world.out.str(), "status in (done, failed)\n"));
  stored.world.connector.behaviours["service=app"].census.eligible = 42;
  CHECK(stored.world.run({"policy", "preview", "p", "--output", "json"}) == ExitCode::done);
  CHECK(contains(stored.world.out.str(), "\"eligible\":42"));
  CHECK(stored.world.log == Log{"keep preview of 'p' by ana@host"});
}

}  // namespace
}  // namespace lethe::cli::test
