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
    try {
      run_once();
      options_.mark.succeeded();
      presence_.wait_beat(options_.interval, stop);
    } catch (const StoreError& error) {
      log_failure(error);
      options_.mark.failed(error.what());
      clock_.wait_for(std::min(options_.interval, jittered(retry_pause, random_)), stop);
    }
  }
}

void Heartbeat::run_once() {
  // First, so that nothing is leased before somebody has looked.
  if (options_.clock_watch != nullptr) options_.clock_watch->run_once();
  goodbye_of_given_up();
  beat_or_register();
  // Last: nothing above may depend on it.
  if (options_.on_schedulers) options_.on_schedulers(registry_.schedulers());
}

void Heartbeat::beat_or_register() {
  const WorkerId worker = presence_.worker();
  if (worker == WorkerId{}) {
    // While draining nothing is leased any more, so there is nothing to register for.
    if (!presence_.draining()) register_worker();
    return;
  }
  const auto before = clock_.now();
  const BeatReply reply = registry_.beat(worker, presence_.busy(), presence_.draining());
  if (reply.known) {
    presence_.beaten(worker, before, reply.cancelled, reply.stopped);
    return obey(reply.wanted);
  }
  log_event(LogLevel::warn, "worker_lost", {{"worker", worker.value}});
  presence_.lost(worker);
  if (!presence_.draining()) register_worker();
}

void Heartbeat::register_worker() {
  // The last registration may have been given up a moment ago: before it has left, somebody could
  // still ask something of it that the new one would not know.
  goodbye_of_given_up();
  const auto before = clock_.now();
  WorkerInfo info = options_.info;
  info.wanted = presence_.wanted();
  info.previous = registered_;
  const Registration registration = registry_.register_worker(info);
  registered_ = registration.worker;
  presence_.registered(registration.worker, before);
  log_event(LogLevel::info, "worker_registered",
            {{"worker", registration.worker.value}, {"instance", options_.info.instance}});
  obey(registration.wanted);
}

void Heartbeat::obey(Wanted wanted) {
  if (wanted == presence_.wanted()) return;
  presence_.set_wanted(wanted);
  log_event(LogLevel::info, "worker_wanted",
            {{"worker", presence_.worker().value}, {"wanted", to_string(wanted)}});
  if (options_.on_wanted) options_.on_wanted(wanted);
}

void Heartbeat::goodbye_of_given_up() {
  const WorkerId worker = presence_.given_up();
  if (worker == WorkerId{}) return;
  registry_.leave(worker);
  presence_.left(worker);
}

void Heartbeat::leave() {
  presence_.give_up(presence_.worker());
  try {
    goodbye_of_given_up();
  } catch (const StoreError& error) {
    log_failure(error);  // the registry finds out by itself
  }
}

}  // namespace lethe::worker
