#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

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
  Clock::time_point end_by = Clock::time_point::max();  ///< a little before the lease's deadline
};

/// Whether runs are judged before they begin. Off in tests that are about something else.
enum class Guards { on, off };

/// Carries out one step of one task: reads its payload, asks the runner for one transaction and
/// decides how the lease ends. Used by one thread, but for what cancels.
class Executor {
 public:
  /// `clock` and `presence` are borrowed and must outlive the executor.
  Executor(Clock& clock, const Presence& presence, std::unique_ptr<TaskRunner> runner,
           std::chrono::milliseconds batch_target, Guards guards = Guards::on)
      : clock_(clock),
        presence_(presence),
        runner_(std::move(runner)),
        batch_target_(batch_target),
        guards_(guards) {}

  /// How the job's lease ends; nothing when it is lost already. A task that an operator cancelled
  /// does not reach the target any more, nor does one whose lease does not hold.
  [[nodiscard]] std::optional<Settlement> execute(const Job& job);

  /// Lets the runner close what was not used for a while. Cheap: call it between any two jobs.
  void tidy();

  /// Gives up the step in hand, and every later one. From any thread.
  void cancel() noexcept;

  /// Gives up the step in hand when its lease does not hold at `now`: the lease's time is over, or
  /// the registration under which it was taken is not trusted any more. Also stops what an operator
  /// wants stopped at once, and a cancelled vacuum, which may take as long as its lease. From any
  /// thread.
  void cancel_lapsed(Clock::time_point now) noexcept;

 private:
  /// Whether the step may begin; if so, it is the one in hand.
  [[nodiscard]] bool begin(const Job& job);
  /// Nothing is in hand any more. Whether the step was given up.
  bool end();
  /// Asks the target to cancel what runs there, on a thread of its own: one that hangs never
  /// answers. Needs mutex_. Does nothing while the last one is asked, or when nothing is in hand.
  void ask_to_cancel() noexcept;
  [[nodiscard]] bool holds(const Job& job, Clock::time_point now) const;
  [[nodiscard]] StepResult step(const Job& job, StepFacts& facts);
  [[nodiscard]] StepResult plan(const Job& job);
  /// How far the run may go, or why not.
  [[nodiscard]] std::variant<RowLimit, TargetTrouble> guard(const Job& job, const PlanFacts& facts);
  [[nodiscard]] StepResult vacuum(const Job& job);
  [[nodiscard]] StepResult clean(const Job& job, const TaskPayload& payload, StepFacts& facts);

  Clock& clock_;
  const Presence& presence_;
  SeededRandom random_;
  const std::unique_ptr<TaskRunner> runner_;
  const std::chrono::milliseconds batch_target_;
  const Guards guards_;
  Clock::time_point tidied_at_;

  std::mutex mutex_;
  // guarded by mutex_
  const Job* in_hand_ = nullptr;
  bool given_up_ = false;  // the step in hand
  bool stopping_ = false;
  bool cancelling_ = false;  // canceller_ is at it; no step ends before, so it never hits the next

  std::condition_variable cancel_ended_;
  std::jthread canceller_;  // changed under mutex_; last: it ends before what it uses is gone
};

}  // namespace lethe::worker
