#pragma once

#include <chrono>
#include <stop_token>

#include "common/clock.hpp"
#include "common/supervision/supervision.hpp"
#include "worker/executor_pool.hpp"
#include "worker/presence.hpp"

namespace lethe::worker {

/// Stops what this worker may not do any more. There are two timers, and neither replaces the
/// other:
///
/// * The **heartbeat** finds dead workers. Here is its other end: a worker that has not committed
///   one for a while gives its registration up and cancels its SQL, before the scheduler gives its
///   tasks to others.
/// * The **lease's deadline** finds hung ones. A worker may live and one of its steps still never
///   end; that step's SQL is cancelled when the time of its lease is over.
///
/// Runs on a thread of its own and asks no database but to cancel, so that neither a hung heartbeat
/// nor a hung dispatcher keeps it from its work.
class Watchdog {
 public:
  struct Options {
    std::chrono::milliseconds interval{500};  ///< between two looks
    LoopMark mark{};                          ///< of its looks
  };

  /// All are borrowed and must outlive the watchdog.
  Watchdog(const Options& options, Clock& clock, Presence& presence, ExecutorPool& pool)
      : options_(options), clock_(clock), presence_(presence), pool_(pool) {}

  /// Looks again and again until `stop` is requested.
  void run(const std::stop_token& stop);

  /// One look at both timers.
  void run_once();

 private:
  const Options options_;
  Clock& clock_;
  Presence& presence_;
  ExecutorPool& pool_;
};

}  // namespace lethe::worker
