#pragma once

#include <future>
#include <string>
#include <variant>

#include "common/db/pg_task_runner.hpp"
#include "proto/task_payload.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

namespace lethe::test {

/// The first clean task of a run that has been planned, leased, and what one batch of it needs. A
/// test changes `context` to say what the control database would.
struct OneBatch {
  using Answer = std::variant<BatchDone, TargetTrouble>;

  RunDriver fleet;
  LeasedTask task;
  RunContext context;

  OneBatch(TestDatabase& database, const Policy& policy) : fleet(database) {
    fleet.start(policy);
    const auto plan = fleet.lease();
    REQUIRE(plan);
    REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
    const auto leased = fleet.lease();
    REQUIRE(leased);
    task = *leased;
    const auto found = fleet.queue().run_context(task.run, task.kind);
    REQUIRE(found);
    context = *found;
  }

  /// Does the batch, of `size` rows, with a connection of its own.
  Answer run(std::int64_t size = 1'000) const {
    const auto payload = std::get<TaskPayload>(decode_task_payload(task.payload));
    db::PgTaskRunner runner("lethe-one-batch", db::Superusers::allow, std::chrono::seconds(25));
    return runner.clean(context, task.lease, payload, size);
  }
  [[nodiscard]] std::future<Answer> begin() const {
    return std::async(std::launch::async, [this] { return run(); });
  }
};

}  // namespace lethe::test
