#include "worker/worker.hpp"

#include <thread>

#include "worker/presence.hpp"

namespace lethe::worker {

void run_worker(const WorkerOptions& options, const WorkerPorts& ports,
                const std::stop_token& drain, const std::stop_token& cancel) {
  Presence presence(options.presence_trust);
  SeededRandom heartbeat_random;
  ClockWatch clock_watch(options.clock, ports.clock, ports.clock_store);
  Heartbeat::Options heartbeat_options = options.heartbeat;
  heartbeat_options.clock_watch = &clock_watch;
  Heartbeat heartbeat(heartbeat_options, ports.clock, heartbeat_random, ports.registry, presence);
  {
    std::jthread beats([&heartbeat](const std::stop_token& stop) { heartbeat.run(stop); });
    ExecutorPool pool(options.pool, ports.clock, presence, ports.make_runner);
    Watchdog watchdog(options.watchdog, ports.clock, presence, pool);
    std::jthread watch([&watchdog](const std::stop_token& stop) { watchdog.run(stop); });
    SeededRandom random;
    Dispatcher dispatcher(options.dispatcher, ports.clock, random, ports.queue, pool, presence);
    dispatcher.run(drain, cancel);
  }  // the watchdog ends first, then the executors, then the heartbeat
  heartbeat.leave();
}

}  // namespace lethe::worker
