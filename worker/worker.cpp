#include "worker/worker.hpp"

#include <chrono>
#include <thread>

#include "worker/presence.hpp"

namespace lethe::worker {

namespace {

// The scheduler declares a worker lost after worker_ttl_seconds, which is never below 25.
constexpr std::chrono::milliseconds presence_trust{20'000};

}  // namespace

void run_worker(const WorkerOptions& options, const WorkerPorts& ports,
                const std::stop_token& drain, const std::stop_token& cancel) {
  Presence presence(presence_trust);
  SeededRandom heartbeat_random;
  Heartbeat heartbeat(options.heartbeat, ports.clock, heartbeat_random, ports.registry, presence);
  {
    std::jthread beats([&heartbeat](const std::stop_token& stop) { heartbeat.run(stop); });
    ExecutorPool pool(options.pool, ports.clock, presence, ports.make_runner);
    SeededRandom random;
    Dispatcher dispatcher(options.dispatcher, ports.clock, random, ports.queue, pool, presence);
    dispatcher.run(drain, cancel);
  }  // the executors end first, then the heartbeat
  heartbeat.leave();
}

}  // namespace lethe::worker
