#include "worker/worker.hpp"

#include <cstdint>
#include <thread>
#include <vector>

#include "worker/presence.hpp"

namespace lethe::worker {

namespace {

using namespace std::chrono_literals;

/// A beat that fails is tried again at once, so that a fifth of these is a warning already.
constexpr LoopLimits heartbeat_limits{.success = 30s, .turn = 120s};
/// Longer than any exchange with the queue takes, its retries' pauses included.
constexpr LoopLimits dispatcher_limits{.success = 60s, .turn = 180s};
/// It cancels statements, which may mean connecting to servers that do not answer.
constexpr LoopLimits watchdog_limits{.success = 60s, .turn = 300s};
/// Counted from the end of the lease: nothing that an executor does may outlast it for long.
constexpr LoopLimits executor_limits{.success = 60s, .turn = 300s};

std::vector<LoopMark> executor_marks(Supervision& supervision, std::int32_t slots) {
  std::vector<LoopMark> marks;
  for (std::int32_t i = 0; i < slots; ++i)
    marks.push_back(supervision.add("executor", executor_limits));
  return marks;
}

}  // namespace

void run_worker(const WorkerOptions& options, const WorkerPorts& ports,
                const std::stop_token& drain, const std::stop_token& cancel) {
  Presence presence(options.presence_trust);
  SeededRandom heartbeat_random;
  ClockWatch clock_watch(options.clock, ports.clock, ports.clock_store);
  Heartbeat::Options heartbeat_options = options.heartbeat;
  heartbeat_options.clock_watch = &clock_watch;
  heartbeat_options.mark = ports.supervision.add("heartbeat", heartbeat_limits);
  Heartbeat heartbeat(heartbeat_options, ports.clock, heartbeat_random, ports.registry, presence);
  {
    std::jthread beats([&heartbeat](const std::stop_token& stop) { heartbeat.run(stop); });
    ExecutorPool::Options pool_options = options.pool;
    pool_options.metrics = &ports.metrics;
    pool_options.marks = executor_marks(ports.supervision, options.pool.slots);
    ports.metrics.set_slots(options.pool.slots);
    ExecutorPool pool(pool_options, ports.clock, presence, ports.make_runner);
    Watchdog::Options watchdog_options = options.watchdog;
    watchdog_options.mark = ports.supervision.add("watchdog", watchdog_limits);
    Watchdog watchdog(watchdog_options, ports.clock, presence, pool);
    std::jthread watch([&watchdog](const std::stop_token& stop) { watchdog.run(stop); });
    SeededRandom random;
    Dispatcher::Options dispatcher_options = options.dispatcher;
    dispatcher_options.mark = ports.supervision.add("dispatcher", dispatcher_limits);
    CountedQueue queue(ports.queue, ports.metrics);
    Dispatcher dispatcher(dispatcher_options, ports.clock, random, queue, pool, presence);
    dispatcher.run(drain, cancel);
  }  // the watchdog ends first, then the executors, then the heartbeat
  heartbeat.leave();
}

}  // namespace lethe::worker
