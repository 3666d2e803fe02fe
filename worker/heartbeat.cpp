#include "worker/heartbeat.hpp"

#include <algorithm>

#include "common/logging.hpp"
#include "common/store_error.hpp"

namespace lethe::worker {

namespace {

constexpr std::chrono::milliseconds retry_pause{1'000};

void log_failure(const StoreError& error) {
  const bool ours = error.failure() == Failure::rejected;
  log_event(ours ? LogLevel::error : LogLevel::warn, "heartbeat_failed",
            {{"failure", to_string(error.failure())}, {"error", error.what()}});
}

}  // namespace

void Heartbeat::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto pause = options_.interval;
    try {
      run_once();
    } catch (const StoreError& error) {
      log_failure(error);
      pause = std::min(pause, jittered(retry_pause, random_));
    }
    clock_.wait_for(pause, stop);
  }
}

void Heartbeat::run_once() {
  const WorkerId worker = presence_.worker();
  if (worker == WorkerId{}) {
    // While draining nothing is leased any more, so there is nothing to register for.
    if (!presence_.draining()) register_worker();
    return;
  }
  const auto before = clock_.now();
  const BeatReply reply = registry_.beat(worker, presence_.busy(), presence_.draining());
  if (reply.known) return presence_.beaten(before, reply.cancelled);
  log_event(LogLevel::warn, "worker_lost", {{"worker", worker.value}});
  presence_.lost();
  if (!presence_.draining()) register_worker();
}

void Heartbeat::register_worker() {
  const auto before = clock_.now();
  const WorkerId worker = registry_.register_worker(options_.info);
  presence_.registered(worker, before);
  log_event(LogLevel::info, "worker_registered",
            {{"worker", worker.value}, {"instance", options_.info.instance}});
}

void Heartbeat::leave() {
  const WorkerId worker = presence_.worker();
  if (worker == WorkerId{}) return;
  try {
    registry_.leave(worker);
  } catch (const StoreError& error) {
    log_failure(error);  // the registry finds out by itself
  }
}

}  // namespace lethe::worker
