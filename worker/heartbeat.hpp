#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/random.hpp"
#include "common/schedule/clock_watch.hpp"
#include "common/supervision/supervision.hpp"
#include "common/tasks/task_queue.hpp"
#include "worker/presence.hpp"

namespace lethe::worker {

/// Registers this worker, says at a fixed pace that it is alive, and registers it anew when the
/// registry has declared it lost or the worker itself gave its registration up. Runs on a thread of
/// its own, with a connection of its own, so that nothing that the other threads wait for makes the
/// worker look dead.
class Heartbeat {
 public:
  struct Options {
    WorkerInfo info;
    std::chrono::milliseconds interval{5'000};
    ClockWatch* clock_watch = nullptr;  ///< borrowed; looks with every beat. Null: nobody does
    /// Called on its thread when operators want something else of this worker than before.
    std::function<void(Wanted)> on_wanted{};
    /// Called on its thread with every beat, with who can be reached. Empty: nobody wants to know.
    std::function<void(std::vector<SchedulerAddress>)> on_schedulers{};
    LoopMark mark{};  ///< of its beats
  };

  /// All are borrowed and must outlive the heartbeat; `registry` and `random` are its own thread's.
  Heartbeat(Options options, Clock& clock, Random& random, WorkerRegistry& registry,
            Presence& presence)
      : options_(std::move(options)),
        clock_(clock),
        random_(random),
        registry_(registry),
        presence_(presence) {}

  /// Returns once `stop` is requested. Call leave() afterwards.
  void run(const std::stop_token& stop);

  /// One look at the clock and at who can be reached, and one registration or beat. A registration
  /// that was given up leaves first, so that its tasks are rescued at once. Errors: StoreError; the
  /// next call goes on where this one failed.
  void run_once();

  /// Says goodbye, so that what is still leased can be rescued at once. Logs a failure.
  void leave();

 private:
  void register_worker();
  void beat_or_register();
  void obey(Wanted wanted);
  void goodbye_of_given_up();

  const Options options_;
  Clock& clock_;
  Random& random_;
  WorkerRegistry& registry_;
  Presence& presence_;
  WorkerId registered_{};  // the newest registration, whatever became of it
};

}  // namespace lethe::worker
