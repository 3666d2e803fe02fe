#include "cli/symptoms.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

WorkerRow worker(std::int64_t id, const std::string& lanes, const std::string& targets = "") {
  WorkerRow row;
  row.id = id;
  row.instance = "host:42";
  row.phase = "running";
  row.last_seen_ms = 900;
  row.lanes = lanes;
  row.targets = targets;
  return row;
}

/// One target, one policy, one worker: nothing is wrong.
struct Healthy {
  FakeWorld world;
  Healthy() {
    world.add_target("app");
    world.add_policy(sample_policy("p"));
    world.fleet.rows = {worker(1, "urgent,normal,bulk")};
  }
  /// The only line that doctor writes besides the cure.
  std::string complaint(ExitCode expected) {
    world.out.str("");
    CHECK(world.run({"doctor"}) == expected);
    const std::string text = world.out.str();
    return text.substr(0, text.find('\n'));
  }
};

TEST_CASE("doctor finds nothing in a healthy fleet", "[doctor]") {
  Healthy healthy;
  CHECK(healthy.complaint(ExitCode::done) == "nothing is wrong");
  CHECK(healthy.world.run({"doctor", "--output", "json"}) == ExitCode::done);
  CHECK(healthy.world.out.str() == "nothing is wrong\n[]\n");
}

TEST_CASE("doctor tells when nobody works", "[doctor]") {
  Healthy healthy;
  healthy.world.fleet.rows.clear();
  CHECK(healthy.complaint(ExitCode::failed) == "problem  no worker runs");
  healthy.world.fleet.rows = {worker(1, "normal")};
  healthy.world.fleet.rows[0].last_seen_ms = 125'000;
  CHECK(healthy.world.run({"doctor"}) == ExitCode::failed);
  CHECK(contains(healthy.world.out.str(),
                 "warning  worker 1 (host:42) has not been heard of for 2 min 5 s\n"));
}

TEST_CASE("doctor names the lane and the target that no worker serves", "[doctor]") {
  Healthy healthy;
  healthy.world.fleet.rows = {worker(1, "urgent,bulk"), worker(2, "normal", "web")};
  CHECK(healthy.world.run({"doctor"}) == ExitCode::failed);
  CHECK(healthy.world.out.str() ==
        "problem  policy p uses lane normal, which no running worker of target app takes\n"
        "         start a worker for it: lethe-worker --lanes normal\n");
  healthy.world.fleet.rows = {worker(2, "normal", "web")};
  CHECK(healthy.complaint(ExitCode::failed) ==
        "problem  policy p is for target app, which no running worker serves");
}

TEST_CASE("doctor tells of ready tasks that nobody takes", "[doctor]") {
  Healthy healthy;
  TaskRow task;
  task.target = "app";
  task.lane = "whale";
  healthy.world.tasks.rows = {task};
  CHECK(healthy.complaint(ExitCode::failed) ==
        "problem  1 task is ready in lane whale of target app, and no running worker takes it");
  healthy.world.tasks.rows = {task, task};
  CHECK(healthy.complaint(ExitCode::failed) ==
        "problem  2 tasks are ready in lane whale of target app, and no running worker takes "
        "them");
}

TEST_CASE("doctor notices that no scheduler fires", "[doctor]") {
  Healthy healthy;
  PolicyRow& policy = healthy.world.policies.rows[0];
  policy.next_fire_at = "1970-12-31T23:58:30.000000Z";  // 90 s ago: it may still come
  CHECK(healthy.complaint(ExitCode::done) == "nothing is wrong");
  policy.next_fire_at = "1970-12-31T23:57:00.000000Z";
  CHECK(healthy.complaint(ExitCode::failed) ==
        "problem  policy p was due and has not fired, so no scheduler is at work");
  policy.paused = true;
  CHECK(healthy.complaint(ExitCode::done) == "nothing is wrong");
}

TEST_CASE("doctor does not stumble over a policy that it cannot read", "[doctor]") {
  Healthy healthy;
  healthy.world.policies.rows[0].spec_text = "{}";
  healthy.world.dead.add("T1", "p", "x");
  CHECK(healthy.complaint(ExitCode::failed).find("problem  policy 'p': ") == 0);
  CHECK(contains(healthy.world.out.str(), "1 task will not be tried again without you"));
}

TEST_CASE("doctor warns of pauses and dead letters and failed runs without failing", "[doctor]") {
  Healthy healthy;
  healthy.world.fleet.pause_rows = {
      {{PauseScope::tenant, "acme"}, "ana", "2026-11-21T03:00:00.000000Z", "incident 42"}};
  healthy.world.dead.add("T1", "p", "x");
  healthy.world.policies.rows[0].last_state = "failed";
  healthy.world.policies.rows[0].last_run = "R1";
  CHECK(healthy.world.run({"doctor"}) == ExitCode::done);
  CHECK(healthy.world.out.str() ==
        "warning  the last run of policy p is failed\n"
        "         its reason: lethe run show R1\n"
        "warning  tenant acme is paused, by ana since 2026-11-21 03:00:00Z: incident 42\n"
        "         lethe resume --tenant acme\n"
        "warning  1 task will not be tried again without you\n"
        "         their reasons: lethe dead list; then lethe dead retry or discard\n");
}

TEST_CASE("doctor tells of tenants whose limits keep them from running", "[doctor]") {
  Healthy healthy;
  healthy.world.tenants.rows = {{"app", "acme", 100, 0, ""}, {"app", "big", 100, 4, "whale"}};
  CHECK(healthy.world.run({"doctor"}) == ExitCode::done);
  CHECK(contains(healthy.world.out.str(), "warning  tenant acme of target app may run nothing\n"));
  CHECK(contains(healthy.world.out.str(), "lethe-worker --lanes whale\n"));
}

TEST_CASE("doctor puts problems first and counts a target out of reach as one", "[doctor]") {
  Healthy healthy;
  healthy.world.add_target("web");
  healthy.world.dead.add("T1", "p", "x");
  healthy.world.connector.behaviours["service=web"].is_unreachable = true;
  healthy.world.connector.behaviours["service=app"].findings = {
      {false, "schema lethe is not installed", "run: lethe target install NAME"}};
  CHECK(healthy.world.run({"doctor", "--output", "json"}) == ExitCode::failed);
  CHECK(healthy.world.out.str() ==
        "[\n"
        "  {\"severity\":\"problem\",\"what\":\"target app: schema lethe is not installed\","
        "\"cure\":\"run: lethe target install app\"},\n"
        "  {\"severity\":\"problem\",\"what\":\"cannot reach target 'web': connection refused\","
        "\"cure\":\"try lethe target check web\"},\n"
        "  {\"severity\":\"warning\",\"what\":\"1 task will not be tried again without you\","
        "\"cure\":\"their reasons: lethe dead list; then lethe dead retry or discard\"}\n"
        "]\n");
}

TEST_CASE("doctor shows broken invariants and fails", "[doctor]") {
  Healthy healthy;
  CHECK(healthy.world.run({"doctor", "--invariants"}) == ExitCode::done);
  CHECK(healthy.world.out.str() == "all invariants hold\n");
  healthy.world.inspector.violations = {{"cap_exceeded", "app", "5 of 4"}};
  CHECK(healthy.world.run({"doctor", "--invariants", "--output", "json"}) == ExitCode::failed);
  CHECK(contains(healthy.world.out.str(),
                 "[\n  {\"rule\":\"cap_exceeded\",\"object\":\"app\",\"detail\":\"5 of 4\"}\n]\n"));
}

TEST_CASE("doctor compares the totals of runs with the ledgers", "[doctor]") {
  Healthy healthy;
  CHECK(healthy.world.run({"doctor", "--totals"}) == ExitCode::done);
  CHECK(healthy.world.inspector.asked_runs == 100);
  CHECK(healthy.world.out.str() == "no run that has ended deleted anything\n");
  healthy.world.out.str("");
  healthy.world.inspector.totals = {{"R1", "app", 5'000, 2}, {"R2", "app", 5'000, 2}};
  healthy.world.connector.behaviours["service=app"].ledger = {.batches = 2, .rows = 5'000};
  CHECK(healthy.world.run({"doctor", "--totals", "--limit", "7"}) == ExitCode::done);
  CHECK(healthy.world.inspector.asked_runs == 7);
  CHECK(healthy.world.out.str() ==
        "the totals of 2 runs agree with the ledgers of their targets\n");
  healthy.world.inspector.totals[1].rows = 4'000;
  CHECK(healthy.world.run({"doctor", "--totals"}) == ExitCode::failed);
  CHECK(contains(healthy.world.out.str(),
                 "problem  run R2 counts 4,000 rows in 2 batches, the ledger of target app 5,000 "
                 "rows in 2 batches\n"));
}

TEST_CASE("totals of a target that is away or gone are told and not a crash", "[doctor]") {
  Healthy healthy;
  healthy.world.inspector.totals = {{"R1", "app", 5, 1}, {"R2", "gone", 5, 1}};
  healthy.world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(healthy.world.run({"doctor", "--totals"}) == ExitCode::failed);
  CHECK(contains(healthy.world.out.str(), "problem  cannot reach target 'app'"));
  CHECK(contains(healthy.world.out.str(), "warning  no target 'gone'"));
  healthy.world.connector.behaviours["service=app"] = {};
  healthy.world.connector.behaviours["service=app"].ledger = {.batches = 1, .rows = 5};
  CHECK(healthy.world.run({"doctor", "--totals"}) == ExitCode::done);
}

TEST_CASE("doctor does one thing at a time", "[doctor]") {
  FakeWorld world;
  CHECK(world.run({"doctor", "--totals", "--invariants"}) == ExitCode::usage);
  CHECK(world.run({"doctor", "--limit", "5"}) == ExitCode::usage);
  CHECK(world.opened.empty());
}

}  // namespace
}  // namespace lethe::cli::test
