#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <vector>

#include "common/store_error.hpp"
#include "common/tasks/task_queue.hpp"

namespace lethe::test {

/// The registry in memory. Safe to share; wait_until() lets a test wait for a state.
class MemoryWorkerRegistry final : public WorkerRegistry {
 public:
  Registration register_worker(const WorkerInfo& info) override {
    const std::lock_guard lock(mutex_);
    refuse_when_unreachable();
    last_info = info;
    running.insert(++last_id);
    changed_.notify_all();
    return {.worker = WorkerId{last_id},
            .wanted = info.previous == WorkerId{} ? info.wanted : wanted};
  }
  BeatReply beat(WorkerId worker, std::int32_t, bool is_draining) override {
    if (before_beat) before_beat();
    std::unique_lock lock(mutex_);
    refuse_when_unreachable();
    changed_.wait(lock, [this] { return !hangs_; });
    ++beats;
    draining = is_draining;
    changed_.notify_all();
    return {.known = running.count(worker.value) > 0,
            .wanted = wanted,
            .cancelled = cancelled,
            .stopped = stopped};
  }
  void leave(WorkerId worker) override {
    const std::lock_guard lock(mutex_);
    refuse_when_unreachable();
    running.erase(worker.value);
    left.push_back(worker.value);
    changed_.notify_all();
  }

  std::vector<SchedulerAddress> schedulers() override {
    const std::lock_guard lock(mutex_);
    return addresses;
  }

  void want(Wanted what) {
    const std::lock_guard lock(mutex_);
    wanted = what;
  }
  void stop(const TaskId& task) {
    const std::lock_guard lock(mutex_);
    cancelled.push_back(task);
    stopped.push_back(task);
  }
  void lose_all() {
    const std::lock_guard lock(mutex_);
    running.clear();
  }
  void set_unreachable(bool is) {
    const std::lock_guard lock(mutex_);
    unreachable_ = is;
  }
  /// While it hangs no heartbeat returns; those that wait are committed afterwards.
  void set_hanging(bool is) {
    const std::lock_guard lock(mutex_);
    hangs_ = is;
    changed_.notify_all();
  }
  void cancel(const TaskId& task) {
    const std::lock_guard lock(mutex_);
    cancelled.push_back(task);
  }
  template <class Ready>
  void wait_until(Ready ready) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ready(*this); });
  }

  // Read these in wait_until() or when the worker has ended.
  std::set<std::int64_t> running;
  std::vector<std::int64_t> left;
  std::vector<TaskId> cancelled;
  std::vector<TaskId> stopped;
  std::vector<SchedulerAddress> addresses;
  Wanted wanted = Wanted::running;
  std::int64_t last_id = 0;
  WorkerInfo last_info;
  std::function<void()> before_beat{};
  int beats = 0;
  bool draining = false;
  int refused = 0;

 private:
  void refuse_when_unreachable() {
    if (!unreachable_) return;
    ++refused;
    changed_.notify_all();
    throw StoreError(Failure::connection_lost, "workers", "08006", "no connection");
  }

  bool unreachable_ = false;
  bool hangs_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace lethe::test
