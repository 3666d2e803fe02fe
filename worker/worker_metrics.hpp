#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/metrics/counters.hpp"
#include "common/tasks/task_queue.hpp"

namespace lethe::worker {

/// What one worker counts of its own work. Safe from any thread.
class WorkerMetrics {
 public:
  WorkerMetrics();

  void took(std::size_t leases) { leases_ += leases; }
  /// A settlement was answered. One that took effect counts once, however often it is repeated.
  void settled(const Settlement& settlement, Settled answer);
  void set_slots(std::int32_t slots) { slots_ = slots; }
  void step_began() { ++busy_; }
  /// `fenced`: the target's fence refused it, for the lease had been lost before.
  void step_ended(bool fenced);

  [[nodiscard]] MetricFamilies families() const;

 private:
  std::atomic<std::uint64_t> leases_{0};
  LabelledCounter settlements_;
  LabelledCounter rows_;
  LabelledCounter fenced_;
  Histogram batches_;
  std::atomic<std::int32_t> busy_{0};
  std::atomic<std::int32_t> slots_{0};
};

/// A queue that counts what passes through it. Thread safety and errors: the queue's.
class CountedQueue final : public TaskQueue {
 public:
  /// Both are borrowed and must outlive the object.
  CountedQueue(TaskQueue& queue, WorkerMetrics& metrics) : queue_(queue), metrics_(metrics) {}

  Exchange exchange(const std::vector<Settlement>& settlements,
                    const std::optional<LeaseRequest>& request) override;
  void catch_up() override { queue_.catch_up(); }
  std::optional<RunContext> run_context(const RunId& run, TaskKind kind) override {
    return queue_.run_context(run, kind);
  }

 private:
  TaskQueue& queue_;
  WorkerMetrics& metrics_;
};

}  // namespace lethe::worker
