#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "common/clock.hpp"
#include "common/random.hpp"
#include "common/tasks/task_queue.hpp"
#include "common/tasks/task_runner.hpp"
#include "worker/next_step.hpp"
#include "worker/presence.hpp"

namespace lethe::worker {

/// A leased task together with its run, ready for one step. The run is shared by all tasks of that
/// run, on several threads, and never changes.
struct Job {
  LeasedTask task;
  std::shared_ptr<const RunContext> run;
};

/// Carries out one step of one task: reads its payload, asks the runner for one transaction and
/// decides how the lease ends. Used by one thread, but for cancel().
class Executor {
 public:
  /// `clock` and `presence` are borrowed and must outlive the executor.
  Executor(Clock& clock, const Presence& presence, std::unique_ptr<TaskRunner> runner,
           std::chrono::milliseconds batch_target)
      : clock_(clock),
        presence_(presence),
        runner_(std::move(runner)),
        batch_target_(batch_target) {}

  /// How the job's lease ends; nothing when it is lost already. A task that an operator cancelled
  /// does not reach the target any more.
  [[nodiscard]] std::optional<Settlement> execute(const Job& job);

  /// Lets the runner close what was not used for a while. Cheap: call it between any two jobs.
  void tidy();

  /// Gives up the step in hand, and every later one. From any thread.
  void cancel() noexcept {
    given_up_ = true;
    runner_->cancel();
  }

 private:
  [[nodiscard]] StepResult step(const Job& job, StepFacts& facts);
  [[nodiscard]] StepResult plan(const Job& job);
  [[nodiscard]] StepResult clean(const Job& job, const TaskPayload& payload, StepFacts& facts);

  Clock& clock_;
  const Presence& presence_;
  SeededRandom random_;
  const std::unique_ptr<TaskRunner> runner_;
  const std::chrono::milliseconds batch_target_;
  Clock::time_point tidied_at_;
  std::atomic<bool> given_up_{false};
};

}  // namespace lethe::worker
