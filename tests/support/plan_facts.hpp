#pragma once

#include <string>

#include "common/db/pg_task_runner.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"

namespace lethe::test {

/// What the plan of a run of `policy` made now finds out. The run is cancelled.
inline PlanFacts plan_facts(RunDriver& fleet, const Policy& policy) {
  fleet.start(policy);
  const auto task = fleet.lease();
  REQUIRE(task);
  const auto context = fleet.queue().run_context(task->run, task->kind);
  REQUIRE(context);
  db::PgTaskRunner runner("lethe-test");
  const auto looked = runner.look(*context, task->lease);
  if (const auto* trouble = std::get_if<TargetTrouble>(&looked)) FAIL(trouble->message);
  Settlement settlement;
  settlement.lease = task->lease;
  settlement.run = task->run;
  settlement.target = task->target;
  settlement.outcome = Outcome::cancel;
  REQUIRE(fleet.settle(settlement) == Settled::yes);
  return std::get<PlanFacts>(looked);
}

}  // namespace lethe::test
