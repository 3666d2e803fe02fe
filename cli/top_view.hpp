#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "common/control/fleet_statistics.hpp"
#include "common/control/operator_store.hpp"

namespace lethe::cli {

/// The fleet at one moment.
struct FleetView {
  std::vector<WorkerRow> workers;
  std::vector<RunRow> runs;    ///< open ones, the newest of them where there are many
  std::int64_t open_runs = 0;  ///< all of them, at least as many as `runs`
  std::vector<PolicyStatistics> policies;
  std::vector<TargetRow> targets;
  std::vector<FleetStore::PauseRow> pauses;
  std::map<std::string, std::int64_t> rates;  ///< rows per second, by run; where it is known
};

/// Reads the fleet again and again and measures how fast its runs go. Thread safety: none.
class FleetGauge {
 public:
  /// `at` is when the rows were read.
  void measure(FleetView& view, Clock::time_point at);

 private:
  std::map<std::string, RateMeter> meters_;  ///< by run; of open runs only
};

/// How long a run still takes at this pace; nothing when nobody can tell.
[[nodiscard]] std::optional<std::chrono::seconds> time_left(const RunRow& run,
                                                            std::optional<std::int64_t> rate);

/// The view for people: totals, runs, policies by lag, workers, targets, at most `lines` lines or
/// as few as make sense. Pure.
[[nodiscard]] std::string top_text(const FleetView& view, int lines);

/// The view for programs: one object. Pure.
[[nodiscard]] Record top_record(const FleetView& view);

}  // namespace lethe::cli
