#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "common/clock.hpp"
#include "common/ids.hpp"

namespace lethe::worker {

/// What the registry thinks of this worker, as the heartbeat learned it. Shared by the heartbeat,
/// the dispatcher and the executors; safe from any thread. Never waits for anything but its mutex.
class Presence {
 public:
  /// A registration is trusted for `trust` after its last heartbeat that succeeded. Shorter than
  /// the time after which the scheduler declares a worker lost.
  explicit Presence(std::chrono::milliseconds trust) : trust_(trust) {}

  /// Registered at `at`, taken before the call was made.
  void registered(WorkerId worker, Clock::time_point at);
  /// A heartbeat made at `at` succeeded; `cancelled` are this worker's tasks that must stop.
  void beaten(Clock::time_point at, const std::vector<TaskId>& cancelled);
  /// The registry declared this worker lost.
  void lost();

  /// 0 when not registered.
  [[nodiscard]] WorkerId worker() const;
  /// The registration while it can be trusted, else nothing.
  [[nodiscard]] std::optional<WorkerId> trusted(Clock::time_point now) const;
  [[nodiscard]] bool is_cancelled(const TaskId& task) const;

  void set_busy(std::int32_t slots) { busy_ = slots; }
  [[nodiscard]] std::int32_t busy() const { return busy_; }
  void set_draining() { draining_ = true; }
  [[nodiscard]] bool draining() const { return draining_; }

 private:
  const std::chrono::milliseconds trust_;
  std::atomic<std::int32_t> busy_{0};
  std::atomic<bool> draining_{false};

  mutable std::mutex mutex_;
  // guarded by mutex_
  WorkerId worker_;
  Clock::time_point last_beat_;
  std::set<TaskId> cancelled_;
};

}  // namespace lethe::worker
