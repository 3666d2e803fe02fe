#include "common/control/run_step.hpp"

#include "tests/support/catch.hpp"

using namespace lethe;
using namespace std::chrono_literals;

namespace {

RunProgress run_in(const std::string& state) {
  RunProgress progress;
  progress.state = state;
  return progress;
}

const VerifyOutcome clean{.clean = true, .left_in = ""};
const VerifyOutcome not_clean{.clean = false, .left_in = "public.events"};

}  // namespace

TEST_CASE("a run with a live task waits whatever else is known", "[run_step]") {
  RunProgress progress = run_in("cleaning");
  progress.has_live_tasks = true;
  progress.cancel_requested = true;
  progress.dead_reason = "no";
  CHECK(next_run_step(progress, clean).kind == RunStep::Kind::wait);
}

TEST_CASE("a cleaned run is verified before it is satisfied", "[run_step]") {
  CHECK(next_run_step(run_in("cleaning"), {}).kind == RunStep::Kind::verify);
  const RunStep step = next_run_step(run_in("verifying"), clean);
  CHECK(step.kind == RunStep::Kind::finish);
  CHECK(step.state == "satisfied");
  CHECK(step.error.empty());
}

TEST_CASE("a run with a dead task has failed with its reason", "[run_step]") {
  RunProgress progress = run_in("cleaning");
  progress.dead_reason = "permission denied";
  const RunStep step = next_run_step(progress, {});
  CHECK(step.state == "failed");
  CHECK(step.error == "permission denied");
  progress.state = "verifying";
  CHECK(next_run_step(progress, clean).state == "failed");
}

TEST_CASE("a run whose task expired is expired", "[run_step]") {
  RunProgress progress = run_in("cleaning");
  progress.dead_reason = "expired: the run's time is over";
  CHECK(next_run_step(progress, {}).state == "expired");
}

TEST_CASE("a cancelled run is cancelled and not satisfied", "[run_step]") {
  RunProgress progress = run_in("cleaning");
  progress.cancel_requested = true;
  CHECK(next_run_step(progress, {}).state == "cancelled");
  progress.cancel_requested = false;
  progress.cancelled_tasks = 2;
  const RunStep step = next_run_step(progress, clean);
  CHECK(step.state == "cancelled");
  CHECK(step.error == "2 of its tasks were cancelled");
}

TEST_CASE("a run that is not clean is planned again after a growing pause", "[run_step]") {
  RunProgress progress = run_in("verifying");
  auto last = 0ms;
  for (progress.passes = 0; progress.passes + 1 < passes_max; ++progress.passes) {
    const RunStep step = next_run_step(progress, not_clean);
    CHECK(step.kind == RunStep::Kind::plan_again);
    CHECK(step.delay > last);
    last = step.delay;
  }
}

TEST_CASE("a run that never gets clean fails and names where rows are left", "[run_step]") {
  RunProgress progress = run_in("verifying");
  progress.passes = passes_max - 1;
  progress.rows = 10;
  progress.pass_rows = 10;
  const RunStep step = next_run_step(progress, not_clean);
  CHECK(step.state == "failed");
  CHECK(step.error.find("deleted 0 rows") != std::string::npos);
  CHECK(step.error.find("public.events") != std::string::npos);
}

TEST_CASE("a run with parked rows fails once nothing else is left and says how to see them",
          "[run_step]") {
  RunProgress progress = run_in("verifying");
  progress.run = "R1";
  VerifyOutcome parked = clean;
  parked.parked = 1;
  parked.parked_why = "it is needed";
  RunStep step = next_run_step(progress, parked);
  CHECK(step.state == "failed");
  CHECK(step.error ==
        "1 row is parked: the database refuses to delete it; it said: it is needed; lethe parked "
        "list --run R1 shows it");
  parked.parked = 12;
  step = next_run_step(progress, parked);
  CHECK(step.error.find("12 rows are parked") == 0);
  parked.clean = false;
  CHECK(next_run_step(progress, parked).kind == RunStep::Kind::plan_again);
}

TEST_CASE("a run goes down a chain of rows for as long as each pass deletes some", "[run_step]") {
  RunProgress progress = run_in("verifying");
  VerifyOutcome chained = not_clean;
  chained.chained = true;
  progress.passes = passes_max + 10;
  progress.rows = 11;
  progress.pass_rows = 10;
  const RunStep step = next_run_step(progress, chained);
  CHECK(step.kind == RunStep::Kind::plan_again);
  CHECK(step.delay == 0ms);
  CHECK(next_run_step(progress, not_clean).state == "failed");
  progress.pass_rows = 11;
  CHECK(next_run_step(progress, chained).state == "failed");
  progress.pass_rows = 10;
  progress.passes = chain_passes_max - 1;
  CHECK(next_run_step(progress, chained).state == "failed");
}

TEST_CASE("a run that lost its tasks has failed rather than hang", "[run_step]") {
  for (const char* state : {"planned", "verifying"})
    CHECK(next_run_step(run_in(state), {}).state == "failed");
}

TEST_CASE("a clean run that is to vacuum does so when it has deleted something", "[run_step]") {
  VerifyOutcome wanted = clean;
  wanted.vacuum = true;
  RunProgress progress = run_in("verifying");
  CHECK(next_run_step(progress, wanted).state == "satisfied");
  progress.rows = 1;
  CHECK(next_run_step(progress, clean).state == "satisfied");
  CHECK(next_run_step(progress, wanted).kind == RunStep::Kind::vacuum);
  wanted.parked = 1;
  CHECK(next_run_step(progress, wanted).state == "failed");
  wanted.parked = 0;
  wanted.clean = false;
  CHECK(next_run_step(progress, wanted).kind == RunStep::Kind::plan_again);
}

TEST_CASE("a run that was verified is satisfied however its vacuum ends", "[run_step]") {
  RunProgress progress = run_in("vacuuming");
  progress.has_live_tasks = true;
  CHECK(next_run_step(progress, {}).kind == RunStep::Kind::wait);
  progress.has_live_tasks = false;
  CHECK(next_run_step(progress, {}).state == "satisfied");
  progress.cancel_requested = true;
  progress.cancelled_tasks = 1;
  CHECK(next_run_step(progress, {}).state == "satisfied");
  CHECK(next_run_step(progress, {}).no_vacuum == "cancelled");
  progress.dead_reason = "expired: not finished before its deadline";
  CHECK(next_run_step(progress, {}).state == "satisfied");
  CHECK(next_run_step(progress, {}).no_vacuum == progress.dead_reason);
  CHECK(next_run_step(progress, {}).error.empty());
}

TEST_CASE("a run that a guard refused ends as refused whatever else became of its tasks",
          "[run_step]") {
  RunProgress progress = run_in("cleaning");
  progress.refusal = "too much; look at it";
  progress.dead_reason = "expired: late";
  progress.cancel_requested = true;
  const RunStep step = next_run_step(progress, clean);
  CHECK(step.kind == RunStep::Kind::finish);
  CHECK(step.state == "refused");
  CHECK(step.error == "too much; look at it");
  progress.has_live_tasks = true;
  CHECK(next_run_step(progress, clean).kind == RunStep::Kind::wait);
}
