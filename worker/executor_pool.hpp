#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "common/supervision/supervision.hpp"
#include "worker/executor.hpp"
#include "worker/worker_metrics.hpp"

namespace lethe::worker {

/// A step that ended.
struct FinishedJob {
  LeaseToken lease;
  RunId run;
  TaskKind kind = TaskKind::clean;
  std::optional<Settlement> settlement;  ///< nothing: the lease is lost, there is nothing to settle
};

using RunnerFactory = std::function<std::unique_ptr<TaskRunner>()>;

/// A fixed number of executors, each with its own thread and runner. Both of its queues together
/// never hold more than one job per slot. Used by one thread, but for what cancels; the executors
/// are the others.
///
/// An executor has no catch: a runner reports trouble as a value, so anything that is thrown is a
/// defect and ends the process.
class ExecutorPool {
 public:
  struct Options {
    std::int32_t slots = 4;  ///< 1..64
    std::chrono::milliseconds batch_target{250};
    WorkerMetrics* metrics = nullptr;  ///< borrowed; null: nobody counts
    std::vector<LoopMark> marks{};     ///< of the executors, one per slot; empty: nobody looks
  };

  /// `clock` and `presence` are borrowed and must outlive the pool.
  ExecutorPool(const Options& options, Clock& clock, const Presence& presence,
               const RunnerFactory& make_runner);
  /// Waits for the steps in hand; what did not start is dropped.
  ~ExecutorPool() = default;
  ExecutorPool(const ExecutorPool&) = delete;
  ExecutorPool& operator=(const ExecutorPool&) = delete;

  /// Slots without a job. A finished job keeps its slot until it is taken.
  [[nodiscard]] std::int32_t free_slots() const;

  /// Starts a job. There must be a free slot.
  void submit(Job job);

  /// What ended since the last call, in the order in which it ended; may be empty.
  [[nodiscard]] std::vector<FinishedJob> take_finished();

  /// Waits until a job has ended or somebody has nudged, for at most `duration`, or until `stop` is
  /// requested.
  void wait_finished(std::chrono::milliseconds duration, const std::stop_token& stop);

  /// Ends one wait_finished(), now or when it comes. From any thread.
  void nudge();

  /// Gives up the steps in hand, and every later one; they end soon, and are settled as usual. From
  /// any thread.
  void cancel_running() noexcept;

  /// The same for those steps in hand whose leases do not hold at `now`, and for them only.
  void cancel_lapsed(Clock::time_point now) noexcept;

 private:
  void run(Executor& executor, const LoopMark& mark, const std::stop_token& stop);
  [[nodiscard]] std::optional<Job> wait_for_job(const std::stop_token& stop);

  const Options options_;
  std::vector<std::unique_ptr<Executor>> executors_;  // constant after construction

  mutable std::mutex mutex_;
  std::condition_variable_any job_came_;
  std::condition_variable_any job_ended_;
  // guarded by mutex_
  std::deque<Job> jobs_;
  std::vector<FinishedJob> finished_;
  std::int32_t taken_slots_ = 0;
  bool nudged_ = false;

  std::vector<std::jthread> threads_;  // last, so that they end before what they use is destroyed
};

}  // namespace lethe::worker
