#include "scheduler/closing.hpp"

#include "common/logging.hpp"
#include "scheduler/rounds.hpp"

namespace lethe::scheduler {

void ClosingDuty::run_once(const Lead& lead) {
  const auto runs =
      in_rounds(lead, 100, [&](std::int32_t max) { return store_.close_runs(lead.term, max); });
  if (runs > 0) log_event(LogLevel::info, "runs_moved_on", {{"runs", runs}});
}

}  // namespace lethe::scheduler
