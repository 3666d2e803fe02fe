#include "cli/app.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("help and usage errors never touch a database", "[app]") {
  FakeWorld world;
  CHECK(world.run({"--help"}) == ExitCode::done);
  CHECK(world.run({"enqueue", "--help"}) == ExitCode::done);
  CHECK(world.run({"--version"}) == ExitCode::done);
  CHECK(world.run({"policy"}) == ExitCode::usage);
  CHECK(world.run({"nonsense"}) == ExitCode::usage);
  CHECK(world.opened.empty());
}

TEST_CASE("every command has examples in its help", "[app]") {
  for (const char* line :
       {"migrate up",     "migrate status", "migrate sql",    "target add",    "target list",
        "target show",    "target check",   "target install", "target remove", "target pause",
        "target resume",  "policy apply",   "policy diff",    "policy list",   "policy show",
        "policy preview", "policy enable",  "policy disable", "policy next",   "policy run",
        "policy remove",  "enqueue",        "run list",       "run show",      "run watch",
        "run cancel",     "task list",      "task show",      "task why",      "task cancel",
        "task retry",     "task release",   "worker list",    "worker show",   "pause",
        "resume",         "policy run",     "task snooze",    "dead list",     "dead show",
        "dead retry",     "dead discard",   "tenant set",     "tenant list",   "tenant remove",
        "doctor"}) {
    FakeWorld world;
    std::vector<std::string> arguments;
    std::istringstream words(line);
    for (std::string word; words >> word;) arguments.push_back(word);
    arguments.emplace_back("--help");
    CHECK(world.run(arguments) == ExitCode::done);
    CHECK(contains(world.out.str(), std::string("\n  lethe ") + line));
  }
}

TEST_CASE("a usage error is one line that says where help is", "[app]") {
  FakeWorld world;
  CHECK(world.run({"target", "add", "app"}) == ExitCode::usage);
  CHECK(world.err.str() == "lethe: --url is required; see lethe target add --help\n");
}

TEST_CASE("a command without its verb lists the verbs", "[app]") {
  FakeWorld world;
  CHECK(world.run({"worker"}) == ExitCode::usage);
  CHECK(world.err.str() ==
        "lethe: which one of list, show, quiet, resume, stop; see lethe worker --help\n");
}

TEST_CASE("global options are taken before and after the subcommand", "[app]") {
  FakeWorld world;
  CHECK(world.run({"--output", "json", "run", "list"}) == ExitCode::done);
  CHECK(world.run({"run", "list", "--output", "json", "--database", "service=x"}) ==
        ExitCode::done);
  CHECK(world.out.str() == "[]\n[]\n");
  CHECK(world.opened == std::vector<std::string>{"service=from-environment", "service=x"});
}

TEST_CASE("a password on the command line is refused and not repeated", "[app]") {
  FakeWorld world;
  CHECK(world.run({"run", "list", "--database", "postgresql://ana:geheim@db/x"}) ==
        ExitCode::usage);
  CHECK(contains(world.err.str(), "--database: must not hold a password"));
  CHECK_FALSE(contains(world.err.str(), "geheim"));
  CHECK(world.opened.empty());
}

TEST_CASE("an unreachable control database is exit 69", "[app]") {
  FakeWorld world;
  world.is_unreachable = true;
  CHECK(world.run({"run", "list"}) == ExitCode::unreachable);
  CHECK(world.err.str() == "lethe: cannot reach the control database: no route\n");
}

TEST_CASE("an unknown schema stops every command but migrate", "[app]") {
  FakeWorld world;
  world.migrations.is_known = false;
  CHECK(world.run({"worker", "list"}) == ExitCode::bad_config);
  CHECK(world.run({"policy", "list"}) == ExitCode::bad_config);
  CHECK(world.run({"migrate"}) == ExitCode::done);
  CHECK(world.run({"migrate", "status"}) == ExitCode::done);
  CHECK(world.run({"migrate", "sql"}) == ExitCode::done);
  CHECK(contains(world.out.str(), "CREATE TABLE x ();\n"));
}

TEST_CASE("unknown things are exit 4", "[app]") {
  FakeWorld world;
  world.add_target("app");
  world.add_policy(sample_policy("executions-90d"));
  CHECK(world.run({"policy", "show", "exections"}) == ExitCode::not_found);
  CHECK(world.err.str() == "lethe: no policy 'exections'; did you mean 'executions-90d'?\n");
  for (const char* noun : {"run", "task", "worker", "target"})
    CHECK(world.run({noun, "show", "7x"}) == ExitCode::not_found);
  CHECK(world.run({"run", "list", "--policy", "nope"}) == ExitCode::not_found);
}

TEST_CASE("an unreachable target is not stored unless asked for", "[app]") {
  FakeWorld world;
  world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(world.run({"target", "add", "app", "--url", "service=app"}) == ExitCode::unreachable);
  CHECK(world.err.str() == "lethe: cannot reach target 'app': connection refused\n");
  CHECK(world.log.empty());
  CHECK(world.run({"target", "add", "app", "--url", "service=app", "--no-connect"}) ==
        ExitCode::done);
  CHECK(world.log == Log{"put target app"});
}

TEST_CASE("target add tells what is left to do and nothing when all is well", "[app]") {
  FakeWorld world;
  auto& findings = world.connector.behaviours["service=app"].findings;
  findings = {{false, "schema lethe is not installed", "run: lethe target install NAME"}};
  CHECK(world.run({"target", "add", "app", "--url", "service=app"}) == ExitCode::done);
  CHECK(world.out.str() ==
        "target app was added; schema lethe is not installed, run: lethe target install app\n");
  findings = {{true, "schema lethe is installed", ""}};
  world.out.str("");
  CHECK(world.run({"target", "add", "app", "--url", "service=app"}) == ExitCode::done);
  CHECK(world.out.str() == "target app was added\n");
}

TEST_CASE("a target's name and URL are checked before anything else", "[app]") {
  FakeWorld world;
  CHECK(world.run({"target", "add", "A b", "--url", "service=app"}) == ExitCode::usage);
  CHECK(world.run({"target", "add", "app", "--url", "password=x"}) == ExitCode::bad_config);
  CHECK(world.log.empty());
}

TEST_CASE("a target with a problem is exit 3", "[app]") {
  FakeWorld world;
  world.add_target("app");
  auto& findings = world.connector.behaviours["service=app"].findings;
  findings = {{true, "it answers", ""}};
  CHECK(world.run({"target", "check", "app"}) == ExitCode::done);
  findings.push_back({false, "schema lethe is missing", "lethe target install app"});
  CHECK(world.run({"target", "check", "app"}) == ExitCode::refused);
  CHECK(contains(world.out.str(),
                 "problem  schema lethe is missing\n         lethe target install app\n"));
}

TEST_CASE("task why answers for live and for ended tasks", "[app]") {
  FakeWorld world;
  TaskRow task;
  task.id = "T1";
  task.state = "cancelled";
  world.tasks.rows.push_back(task);
  CHECK(world.run({"task", "why", "T1"}) == ExitCode::done);
  world.tasks.situation = TaskSituation{};
  world.tasks.situation->state = "ready";
  world.tasks.situation->target = "app";
  CHECK(world.run({"task", "why", "T1", "--output", "json"}) == ExitCode::done);
  CHECK(world.out.str() ==
        "cancelled at \n[\n  {\"id\":\"T1\",\"state\":\"ready\",\"why\":\"ready, but no running "
        "worker "
        "serves target app\"}\n]\n");
}

TEST_CASE("worker list shows the lanes", "[app]") {
  FakeWorld world;
  WorkerRow worker;
  worker.lanes = "urgent,normal";
  worker.targets = "app";
  world.fleet.rows = {worker};
  CHECK(world.run({"worker", "list", "--output", "json"}) == ExitCode::done);
  CHECK(contains(world.out.str(), "\"last_seen_ms\":0,\"lanes\":[\"urgent\",\"normal\"]}"));
  world.out.str("");
  CHECK(world.run({"worker", "show", "0"}) == ExitCode::done);
  CHECK(contains(world.out.str(), "  urgent,normal\n"));
}

TEST_CASE("cancel retry snooze and release reach the right task", "[app]") {
  FakeWorld world;
  TaskRow task;
  task.id = "T1";
  world.tasks.rows.push_back(task);
  for (const char* verb : {"cancel", "retry", "release"})
    CHECK(world.run({"task", verb, "T1"}) == ExitCode::done);
  CHECK(world.run({"task", "snooze", "T1", "--for", "2h"}) == ExitCode::done);
  CHECK(world.run({"task", "snooze", "T1", "--for", "soon"}) == ExitCode::usage);
  CHECK(world.run({"task", "cancel", "T9"}) == ExitCode::not_found);
  CHECK(world.log == Log{"cancel T1", "retry T1", "release T1", "snooze T1 0 mons 7200 secs"});
}

TEST_CASE("a state that no task has is a usage error", "[app]") {
  FakeWorld world;
  CHECK(world.run({"task", "list", "--state", "done"}) == ExitCode::usage);
}

}  // namespace
}  // namespace lethe::cli::test
