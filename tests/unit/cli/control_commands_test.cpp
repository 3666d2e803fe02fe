// worker quiet|resume|stop, cancel --now, keys, events, top.

#include <functional>
#include <nlohmann/json.hpp>

#include "cli/event_feed.hpp"
#include "cli/top_view.hpp"
#include "proto/control_codec.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/control_messages.hpp"
#include "tests/unit/cli/fake_world.hpp"

using namespace lethe;
using namespace lethe::cli;
using namespace lethe::cli::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void add_worker_row(FakeWorld& world) {
  WorkerRow row;
  row.id = 3;
  row.instance = "host:42";
  row.phase = "running";
  row.slots = 4;
  row.busy = 1;
  world.fleet.rows.push_back(row);
}

}  // namespace

TEST_CASE("a worker is told to be quiet and to go on and to stop", "[control_commands]") {
  FakeWorld world;
  add_worker_row(world);
  for (const std::string verb : {"quiet", "resume", "stop"})
    CHECK(world.run({"worker", verb, "3"}) == ExitCode::done);
  CHECK(world.log == Log{"worker.quiet 3 by ana@host", "worker.resume 3 by ana@host",
                         "worker.stop 3 by ana@host"});
  CHECK(world.run({"worker", "quiet", "4"}) == ExitCode::not_found);
}

TEST_CASE("an order says whether it is felt at once or with the next heartbeat",
          "[control_commands]") {
  FakeWorld world;
  add_worker_row(world);
  CHECK(world.run({"worker", "quiet", "3"}) == ExitCode::done);
  CHECK(contains(world.out.str(), "next heartbeat"));
  world.schedulers.addresses.push_back({.holder = "s", .workers = "ipc:///x"});
  CHECK(world.run({"worker", "quiet", "3", "--output", "json"}) == ExitCode::done);
  CHECK(contains(world.out.str(), R"("felt":"at_once")"));
}

TEST_CASE("an order whose answer got lost is repeated under the same id", "[control_commands]") {
  FakeWorld world;
  add_worker_row(world);
  world.commands.lost_answers = 1;
  CHECK(world.run({"worker", "stop", "3"}) == ExitCode::done);
  REQUIRE(world.commands.ids.size() == 2);
  CHECK(world.commands.ids.at(0) == world.commands.ids.at(1));
}

TEST_CASE("an order fails before it is given or not at all", "[control_commands]") {
  FakeWorld world;
  add_worker_row(world);
  world.schedulers.is_unreachable = true;
  CHECK(world.run({"worker", "stop", "3"}) != ExitCode::done);
  CHECK(world.commands.ids.empty());
}

TEST_CASE("an order that is refused ends with the reason", "[control_commands]") {
  FakeWorld world;
  add_worker_row(world);
  world.commands.answer = {.code = "refused", .detail = "worker 3 is not registered any more"};
  CHECK(world.run({"worker", "quiet", "3"}) == ExitCode::refused);
  CHECK(contains(world.err.str(), "not registered any more"));
}

TEST_CASE("cancel with --now is an order and without it is not", "[control_commands]") {
  FakeWorld world;
  world.add_run("cleaning");
  TaskRow task;
  task.id = "T1";
  world.tasks.rows.push_back(task);
  CHECK(world.run({"run", "cancel", "R1", "--now"}) == ExitCode::done);
  CHECK(world.run({"task", "cancel", "T1", "--now"}) == ExitCode::done);
  CHECK(world.run({"run", "cancel", "R1"}) == ExitCode::done);
  CHECK(world.run({"task", "cancel", "T1"}) == ExitCode::done);
  CHECK(world.log == Log{"run.cancel R1 by ana@host", "task.cancel T1 by ana@host", "cancel run R1",
                         "cancel T1"});
}

TEST_CASE("keys are made and allowed and listed and revoked", "[control_commands]") {
  FakeWorld world;
  CHECK(world.run({"keys", "generate", "w.key"}) == ExitCode::done);
  CHECK(world.opened.empty());  // needs no database
  CHECK(world.run({"keys", "generate", "w.key"}) == ExitCode::refused);
  CHECK(world.run({"keys", "allow", "w", "--role", "worker", "--file", "w.key"}) == ExitCode::done);
  CHECK(world.run({"keys", "allow", "ana", "--role", "operator", "--key", std::string(40, 'x')}) ==
        ExitCode::done);
  CHECK(world.run({"keys", "list"}) == ExitCode::done);
  CHECK(contains(world.out.str(), "operator"));
  CHECK(world.run({"keys", "revoke", "w"}) == ExitCode::done);
  CHECK(world.run({"keys", "revoke", "w"}) == ExitCode::not_found);
}

TEST_CASE("a key that cannot be allowed is refused by the field", "[control_commands]") {
  const auto refused = [](std::vector<std::string> arguments, const std::string& field) {
    FakeWorld world;
    arguments.insert(arguments.begin(), {"keys", "allow"});
    CHECK(world.run(arguments) == ExitCode::usage);
    CHECK(contains(world.err.str(), field));
    CHECK(world.log.empty());
  };
  const std::string key(40, 'x');
  refused({"w", "--role", "admin", "--key", key}, "--role");
  refused({"w", "--role", "worker", "--key", "short"}, "--key");
  refused({"w", "--role", "worker"}, "--file");
  refused({"w", "--role", "worker", "--key", key, "--file", "f"}, "--file");
  refused({"Not A Name", "--role", "worker", "--key", key}, "NAME");
}

TEST_CASE("events are lines of JSON that name what happened", "[control_commands]") {
  FakeWorld world;
  world.schedulers.addresses.push_back({.holder = "s", .events = "ipc:///x"});
  for (const wire::Envelope& envelope : lethe::test::sample_envelopes())
    world.control.frames.push_back(wire::encode(envelope));
  world.control.frames.push_back("garbage");
  world.control_key_file = "viewer.key";
  CHECK(world.run({"events", "--topic", "run.", "--limit", "9"}) == ExitCode::done);
  CHECK(world.control.subscribed == std::vector<std::string>{"viewer.key|run."});
  std::istringstream lines(world.out.str());
  std::string last;
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) last = line;
  CHECK(count == 9);
  const auto event = nlohmann::json::parse(last);
  CHECK(event.at("event") == "progress");
  CHECK(event.at("rows") == 70'000);
  CHECK(event.at("at") == "2025-11-24T16:00:00.000000Z");
}

TEST_CASE("events that nobody publishes are an error that says what to set", "[control_commands]") {
  FakeWorld world;
  CHECK(world.run({"events"}) == ExitCode::failed);
  CHECK(contains(world.err.str(), "control_events"));
}

TEST_CASE("events over tcp without keys are only for who asks for them", "[control_commands]") {
  FakeWorld world;
  world.schedulers.addresses.push_back({.holder = "s", .events = "tcp://h:7403"});
  const auto tail = [&] {
    world.control.frames = {wire::encode({.sequence = 1, .message = wire::ReadyEvent{}})};
    return world.run({"events", "--limit", "1"});
  };
  CHECK(tail() == ExitCode::failed);
  CHECK(contains(world.err.str(), "--insecure"));
  world.control_insecure = true;
  CHECK(tail() == ExitCode::done);
  world.control_insecure = false;
  world.control.frames = {wire::encode({.sequence = 1, .message = wire::ReadyEvent{}})};
  CHECK(world.run({"events", "--limit", "1", "--insecure"}) == ExitCode::done);
}

TEST_CASE("a socket that cannot be had is an error like any other", "[control_commands]") {
  FakeWorld world;
  world.schedulers.addresses.push_back({.holder = "s", .events = "ipc:///x"});
  world.control.failures = 1;
  CHECK(world.run({"events"}) == ExitCode::failed);
  CHECK(contains(world.err.str(), "no socket"));
}

namespace {

/// A feed that is subscribed, and what comes through each of its subscriptions.
struct Feed {
  FakeWorld world;
  std::vector<std::uint64_t> heard;

  /// Receives after each step of a script.
  void run(const std::vector<std::function<void(FakeWorld&)>>& steps) {
    world.schedulers.addresses.push_back({.holder = "s", .events = "ipc:///x"});
    world.with_services([&](Services& services) {
      EventFeed feed(services, {.key_file = "", .topic = ""});
      REQUIRE(feed.connect());
      for (const auto& step : steps) {
        step(world);
        for (const wire::Envelope& event : feed.receive(std::chrono::milliseconds(0)))
          heard.push_back(event.sequence);
      }
    });
  }
  static std::function<void(FakeWorld&)> brings(std::size_t which,
                                                std::vector<std::uint64_t> numbers) {
    return [which, numbers](FakeWorld& world) {
      for (const std::uint64_t number : numbers)
        world.control.waiting.at(which)->push_back(
            wire::encode({.sequence = number, .message = wire::ReadyEvent{}}));
    };
  }
};

void eleven_silent_seconds(FakeWorld& world) { world.clock.wait_for(std::chrono::seconds(11), {}); }

}  // namespace

TEST_CASE("no event is lost or told twice while a silent feed subscribes anew",
          "[control_commands]") {
  Feed feed;
  feed.run({Feed::brings(0, {1}), eleven_silent_seconds, Feed::brings(0, {2, 3}),
            [](FakeWorld& world) {
              Feed::brings(0, {4, 5})(world);
              Feed::brings(1, {3, 4, 5})(world);
            },
            Feed::brings(1, {6})});
  CHECK(feed.world.control.subscribed.size() == 2);
  CHECK(feed.heard == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("a new subscription that hears nothing does not replace the old one",
          "[control_commands]") {
  Feed feed;
  std::vector<std::uint64_t> many;
  for (std::uint64_t i = 2; i < 1'100; ++i) many.push_back(i);
  feed.run({Feed::brings(0, {1}), eleven_silent_seconds, Feed::brings(0, many),
            Feed::brings(0, {1'100})});
  CHECK(feed.heard.size() == 1'100);
}

TEST_CASE("events go on while the control database is away", "[control_commands]") {
  Feed feed;
  feed.run({Feed::brings(0, {1}),
            [](FakeWorld& world) {
              world.schedulers.is_unreachable = true;
              eleven_silent_seconds(world);
            },
            Feed::brings(0, {2}),
            [](FakeWorld& world) {
              world.schedulers.is_unreachable = false;
              world.control.failures = 1;
              eleven_silent_seconds(world);
            },
            Feed::brings(0, {3})});
  CHECK(feed.heard == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("top shows workers and runs and what holds targets back", "[control_commands]") {
  FakeWorld world;
  add_worker_row(world);
  world.add_run("cleaning");
  world.add_target("app");
  world.targets.rows.front().paused = true;
  CHECK(world.run({"top", "--once"}) == ExitCode::done);
  CHECK(contains(world.out.str(), "1 worker, 1 of 4 slots busy; 1 run open"));
  CHECK(contains(world.out.str(), "host:42"));
  CHECK(contains(world.out.str(), "paused"));
  FakeWorld json;
  add_worker_row(json);
  CHECK(json.run({"top", "--once", "--output", "json"}) == ExitCode::done);
  const auto view = nlohmann::json::parse(json.out.str());
  CHECK(view.at(0).at("workers").at(0).at("busy") == 1);
  CHECK(view.at(0).at("runs").empty());
}

TEST_CASE("top shows how late policies are and targets that cannot be reached",
          "[control_commands]") {
  FakeWorld world;
  world.add_target("app");
  world.targets.rows.front().circuit_until = "2026-11-21T03:00:00.000000Z";
  world.statistics.statistics.policies.push_back(
      {.name = "logs-90d", .target = "app", .lag_seconds = 86'401.5, .failing = true});
  CHECK(world.run({"top", "--once", "--output", "json"}) == ExitCode::done);
  const auto view = nlohmann::json::parse(world.out.str()).at(0);
  CHECK(view.at("policies").at(0).at("policy") == "logs-90d");
  CHECK(view.at("policies").at(0).at("lag_seconds") == 86'401);
  CHECK(view.at("policies").at(0).at("failing") == true);
  CHECK(contains(view.at("targets").at(0).at("throttle").get<std::string>(), "not reached"));
  world.out.str("");
  CHECK(world.run({"top", "--once"}) == ExitCode::done);
  CHECK(contains(world.out.str(), "86,401"));
  CHECK(contains(world.out.str(), "not reached"));
}

TEST_CASE("top counts the runs that it does not show", "[control_commands]") {
  FakeWorld world;
  world.add_run("cleaning");
  world.statistics.statistics.runs = {{"cleaning", 1'200}, {"planned", 3}};
  CHECK(world.run({"top", "--once"}) == ExitCode::done);
  CHECK(contains(world.out.str(), "1,203 runs open"));
  CHECK(contains(world.out.str(), "... and 1,202 more runs"));
  CHECK(contains(world.out.str(), "at least 0 rows/s"));
}

TEST_CASE("top lives through a restart of the database and says so", "[control_commands]") {
  FakeWorld world;
  world.terminal.out = true;
  world.clock.waits_left = 4;
  world.add_run("cleaning");
  world.statistics.failing = {3, 4};
  CHECK(world.run({"top"}) == ExitCode::done);
  CHECK(world.statistics.looks == 5);
  const std::string last = world.out.str().substr(world.out.str().rfind("\x1b[J"));
  CHECK(contains(world.out.str(), "does not answer: server gone"));
  CHECK_FALSE(contains(last, "does not answer"));
}

TEST_CASE("top ends where it cannot begin or may not look or is to look once",
          "[control_commands]") {
  FakeWorld first;
  first.terminal.out = true;
  first.statistics.failing = {1};
  CHECK(first.run({"top"}) == ExitCode::unreachable);
  FakeWorld rights;
  rights.terminal.out = true;
  rights.statistics.failing = {2};
  rights.statistics.failure = Failure::rejected;
  CHECK(rights.run({"top"}) == ExitCode::failed);
  FakeWorld once;
  once.terminal.out = true;
  once.statistics.failing = {2};
  CHECK(once.run({"top", "--once"}) == ExitCode::unreachable);
}

TEST_CASE("top tells the pace of a run and how long it still takes", "[control_commands]") {
  FleetGauge gauge;
  FleetView view;
  RunRow run;
  run.id = "R";
  run.rows = 1'000;
  run.estimated_rows = 11'000;
  view.runs = {run};
  gauge.measure(view, Clock::time_point{});
  CHECK(view.rates.empty());
  view.runs.front().rows = 2'000;
  gauge.measure(view, Clock::time_point{std::chrono::seconds(1)});
  CHECK(view.rates.at("R") == 1'000);
  CHECK(time_left(view.runs.front(), 1'000) == std::chrono::seconds(10));
  CHECK_FALSE(time_left(view.runs.front(), 0));
  CHECK_FALSE(time_left(view.runs.front(), std::nullopt));
  view.runs.front().rows = 12'000;
  CHECK_FALSE(time_left(view.runs.front(), 1'000));
}
