#include "scheduler/fleet_watch.hpp"

#include <utility>

#include "common/logging.hpp"
#include "common/store_error.hpp"

namespace lethe::scheduler {

namespace {

constexpr int intervals_max = 3;  // older counts are not told
constexpr std::chrono::milliseconds standby{1'000};

}  // namespace

void FleetWatch::run(const std::stop_token& stop) {
  do run_once();
  while (clock_.wait_for(leads_ ? jittered(options_.interval, random_) : standby, stop));
}

void FleetWatch::run_once() {
  const bool led = std::exchange(leads_, status_.term(clock_.now()).has_value());
  if (!leads_) {
    options_.mark.rest();
    return keep(std::nullopt);
  }
  if (!led) options_.mark.resume();
  try {
    keep(store_.read());
    options_.mark.succeeded();
  } catch (const StoreError& error) {
    const bool ours = error.failure() == Failure::rejected;
    log_event(ours ? LogLevel::error : LogLevel::warn, "statistics_failed",
              {{"failure", to_string(error.failure())}, {"error", error.what()}});
    options_.mark.failed(error.what());
  }
}

void FleetWatch::keep(std::optional<FleetStatistics> statistics) {
  const std::lock_guard lock(mutex_);
  statistics_ = std::move(statistics);
  counted_at_ = clock_.now();
}

std::optional<FleetStatistics> FleetWatch::statistics() const {
  const auto now = clock_.now();
  if (!status_.term(now)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (now - counted_at_ > intervals_max * options_.interval) return std::nullopt;
  return statistics_;
}

}  // namespace lethe::scheduler
