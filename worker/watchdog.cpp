#include "worker/watchdog.hpp"

#include "common/logging.hpp"

namespace lethe::worker {

void Watchdog::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    presence_.wait_stops(options_.interval, stop);
    run_once();
  }
}

void Watchdog::run_once() {
  const auto now = clock_.now();
  if (const auto worker = presence_.give_up_when_silent(now))
    log_event(LogLevel::warn, "worker_silent", {{"worker", worker->value}});
  // Again and again: a statement may begin between two looks.
  pool_.cancel_lapsed(now);
  options_.mark.succeeded();
}

}  // namespace lethe::worker
