#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/tasks/task_queue.hpp"

namespace lethe::worker {

/// What the registry thinks of this worker, as the heartbeat learned it, and whether this worker
/// still goes by it. Shared by the heartbeat, the watchdog, the dispatcher and the executors; safe
/// from any thread. Never waits for anything but its mutex, except in wait_beat() and
/// wait_stops().
///
/// A registration ends once and for all: declared lost by the registry, or given up by this worker.
/// Whatever is heard of it later changes nothing.
class Presence {
 public:
  /// A registration is trusted for `trust` after its last heartbeat that was committed. Shorter
  /// than the time after which the scheduler declares a worker lost.
  explicit Presence(std::chrono::milliseconds trust) : trust_(trust) {}

  /// Registered at `at`, taken before the call was made.
  void registered(WorkerId worker, Clock::time_point at);
  /// A heartbeat of `worker` made at `at` was committed; `cancelled` are its tasks that must stop.
  /// `stopped` are those of them whose statement in flight is not waited for.
  void beaten(WorkerId worker, Clock::time_point at, const std::vector<TaskId>& cancelled,
              const std::vector<TaskId>& stopped = {});
  /// The registry declared `worker` lost.
  void lost(WorkerId worker);
  /// `worker` is not used any more; the heartbeat says goodbye for it and registers anew.
  void give_up(WorkerId worker);
  /// Gives up a registration that is not trusted any more, and returns it; else nothing.
  std::optional<WorkerId> give_up_when_silent(Clock::time_point now);
  /// The registry knows that `worker`, which was given up, is gone.
  void left(WorkerId worker);

  /// 0 when not registered.
  [[nodiscard]] WorkerId worker() const;
  /// The registration while it can be trusted, else nothing.
  [[nodiscard]] std::optional<WorkerId> trusted(Clock::time_point now) const;
  /// The registration that was given up and has not left yet; 0 when there is none.
  [[nodiscard]] WorkerId given_up() const;
  /// The next heartbeat is not to wait for its time: there is something to learn.
  void ask_for_beat();
  /// Waits until one is due, because it was asked for or a registration was given up, for at most
  /// `duration`, or until `stop` is requested.
  void wait_beat(std::chrono::milliseconds duration, const std::stop_token& stop);
  [[nodiscard]] bool is_cancelled(const TaskId& task) const;
  [[nodiscard]] bool is_stopped(const TaskId& task) const;
  /// Waits until a beat has brought tasks to stop that no beat had before, for at most `duration`,
  /// or until `stop` is requested.
  void wait_stops(std::chrono::milliseconds duration, const std::stop_token& stop);

  /// What operators want of this worker; stays when it registers anew.
  void set_wanted(Wanted wanted) { wanted_ = wanted; }
  [[nodiscard]] Wanted wanted() const { return wanted_; }

  void set_busy(std::int32_t slots) { busy_ = slots; }
  [[nodiscard]] std::int32_t busy() const { return busy_; }
  void set_draining() { draining_ = true; }
  [[nodiscard]] bool draining() const { return draining_; }

 private:
  [[nodiscard]] bool is_trusted(Clock::time_point now) const;  // with mutex_ locked
  void end_registration();                                     // with mutex_ locked

  const std::chrono::milliseconds trust_;
  std::atomic<std::int32_t> busy_{0};
  std::atomic<bool> draining_{false};
  std::atomic<Wanted> wanted_{Wanted::running};

  mutable std::mutex mutex_;
  std::condition_variable_any beat_due_;
  std::condition_variable_any stops_came_;
  // guarded by mutex_
  WorkerId worker_;
  WorkerId given_up_;
  Clock::time_point last_beat_;
  std::set<TaskId> cancelled_;
  std::set<TaskId> stopped_;
  bool beat_asked_ = false;
  bool has_new_stops_ = false;
};

}  // namespace lethe::worker
