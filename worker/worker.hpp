#pragma once

#include <chrono>
#include <stop_token>

#include "common/clock.hpp"
#include "common/random.hpp"
#include "common/schedule/clock_watch.hpp"
#include "common/supervision/supervision.hpp"
#include "common/tasks/task_queue.hpp"
#include "worker/channel.hpp"
#include "worker/dispatcher.hpp"
#include "worker/executor_pool.hpp"
#include "worker/heartbeat.hpp"
#include "worker/watchdog.hpp"

namespace lethe::worker {

struct WorkerOptions {
  Heartbeat::Options heartbeat;
  ExecutorPool::Options pool;
  Dispatcher::Options dispatcher;
  Watchdog::Options watchdog;
  Channel::Options channel;
  ClockLimits clock{};
  /// After so long without a committed heartbeat the worker gives its registration up. The
  /// scheduler declares a worker lost after worker_ttl_seconds, which is never below 25.
  std::chrono::milliseconds presence_trust{20'000};
};

/// What a worker borrows. The registry and the clock's store are used by the heartbeat's thread,
/// the queue by the caller's.
struct WorkerPorts {
  Clock& clock;
  TaskQueue& queue;
  WorkerRegistry& registry;
  RunnerFactory make_runner;
  ClockStore& clock_store;
  ControlClient& control;  ///< used by the channel's thread
  Supervision& supervision;
  WorkerMetrics& metrics;
};

/// Registers, works until `drain` is requested or an operator wants it to stop, settles what is in
/// hand, says goodbye, returns. `cancel` makes it hurry. Heartbeats go on until the last executor
/// has ended. Errors: none of the stores; whatever else is thrown is a defect and passes through.
void run_worker(const WorkerOptions& options, const WorkerPorts& ports,
                const std::stop_token& drain, const std::stop_token& cancel);

}  // namespace lethe::worker
