#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>

#include "common/clock.hpp"
#include "common/control/fleet_statistics.hpp"
#include "common/random.hpp"
#include "common/supervision/supervision.hpp"
#include "scheduler/leader_status.hpp"

namespace lethe::scheduler {

/// Counts the fleet at an interval, while this scheduler leads: whoever asks gets what was counted
/// last, so that asking costs the database nothing. Runs on a thread of its own with a connection
/// of its own, so that a slow count holds up no duty.
class FleetWatch {
 public:
  struct Options {
    std::chrono::milliseconds interval{15'000};
    LoopMark mark{};  ///< of the counts; rests while somebody else leads
  };

  /// All are borrowed and must outlive the object; `store` and `random` are its own thread's.
  FleetWatch(const Options& options, Clock& clock, Random& random, const LeaderStatus& status,
             StatisticsStore& store)
      : options_(options), clock_(clock), random_(random), status_(status), store_(store) {}

  /// Counts again and again until `stop` is requested.
  void run(const std::stop_token& stop);
  /// One count, if this scheduler leads. Logs a failure.
  void run_once();

  /// What was counted last. Nothing while this scheduler does not lead, and when the count is older
  /// than three intervals. From any thread.
  [[nodiscard]] std::optional<FleetStatistics> statistics() const;

 private:
  void keep(std::optional<FleetStatistics> statistics);

  const Options options_;
  Clock& clock_;
  Random& random_;
  const LeaderStatus& status_;
  StatisticsStore& store_;
  bool leads_ = false;  // at the last turn

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::optional<FleetStatistics> statistics_;
  Clock::time_point counted_at_;
};

}  // namespace lethe::scheduler
