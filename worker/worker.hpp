#pragma once

#include <stop_token>

#include "common/clock.hpp"
#include "common/random.hpp"
#include "common/tasks/task_queue.hpp"
#include "worker/dispatcher.hpp"
#include "worker/executor_pool.hpp"
#include "worker/heartbeat.hpp"

namespace lethe::worker {

struct WorkerOptions {
  Heartbeat::Options heartbeat;
  ExecutorPool::Options pool;
  Dispatcher::Options dispatcher;
};

/// What a worker borrows. The registry is used by the heartbeat's thread, the queue by the
/// caller's.
struct WorkerPorts {
  Clock& clock;
  TaskQueue& queue;
  WorkerRegistry& registry;
  RunnerFactory make_runner;
};

/// Registers, works until `drain` is requested, settles what is in hand, says goodbye, returns.
/// `cancel` makes it hurry. Heartbeats go on until the last executor has ended. Errors: none of the
/// stores; whatever else is thrown is a defect and passes through.
void run_worker(const WorkerOptions& options, const WorkerPorts& ports,
                const std::stop_token& drain, const std::stop_token& cancel);

}  // namespace lethe::worker
