#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/db/control_database.hpp"
#include "common/db/pg_scheduler_store.hpp"
#include "common/db/pg_target_database.hpp"
#include "common/db/pg_task_queue.hpp"
#include "common/db/pg_worker_registry.hpp"
#include "common/random.hpp"
#include "tests/support/test_database.hpp"
#include "worker/executor.hpp"

namespace lethe::test {

/// A whole fleet in one thread, on one database that is control and target at once: starts runs
/// and works on their tasks one batch at a time, so that a test decides what happens in between.
class RunDriver {
 public:
  /// A batch waits for a lock at most `lock_timeout`; long where a test wants it to wait.
  /// Guards judge no run unless a test is about them.
  explicit RunDriver(TestDatabase& database,
                     std::chrono::milliseconds lock_timeout = std::chrono::milliseconds(500),
                     worker::Guards guards = worker::Guards::off);

  /// Starts an ad-hoc run of `policy`, whose target becomes this database.
  std::string start(Policy policy);
  /// Stores `policy` as the next epoch of its name, gate first, as `policy apply` does.
  void apply(Policy policy);
  /// Starts a run of a stored policy.
  std::string start_stored(const std::string& name);

  /// Leases at most one task; nothing when none is ready.
  std::optional<LeasedTask> lease();
  /// Does one step of a leased task; how its lease should end, or nothing when it is lost.
  std::optional<Settlement> step(const LeasedTask& task);
  Settled settle(const Settlement& settlement);

  /// Leases, steps and settles until no task is ready or scheduled, at most `batches_max` times,
  /// and returns the run as it is then. Scheduled tasks are made ready at once.
  RunRow work_off(const std::string& run, int batches_max = 10'000);
  RunRow run(const std::string& id);

  db::ControlDatabase& control() { return control_; }
  db::PgTaskQueue& queue() { return queue_; }
  db::PgWorkerRegistry& registry() { return registry_; }
  db::PgSchedulerStore& scheduler() { return scheduler_; }
  db::PgTargetDatabase& target() { return target_; }
  WorkerId worker() const { return worker_; }
  /// A leader's term, taken at the first call.
  Term term();
  /// Counts every target anew, in that term.
  void recount() {
    scheduler_.recount(term(), [] { return true; });
  }

 private:
  TestDatabase& database_;
  SystemClock clock_;
  SeededRandom random_{42};
  IdMaker ids_{clock_, random_};
  db::ControlDatabase control_;
  db::Session queue_session_;
  db::PgTaskQueue queue_{queue_session_, ids_, clock_};
  db::PgWorkerRegistry registry_{queue_session_};
  db::Session scheduler_session_;
  db::PgSchedulerStore scheduler_{scheduler_session_, ids_};
  db::PgTargetDatabase target_;
  WorkerId worker_;
  worker::Presence presence_{std::chrono::hours(1)};
  std::unique_ptr<worker::Executor> executor_;
  std::optional<Term> term_;
};

}  // namespace lethe::test
