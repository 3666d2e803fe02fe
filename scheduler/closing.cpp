#include "scheduler/closing.hpp"

#include "common/logging.hpp"
#include "scheduler/rounds.hpp"

namespace lethe::scheduler {

void ClosingDuty::run_once(const Term& term) {
  const auto runs = in_rounds(100, [&](std::int32_t max) { return store_.close_runs(term, max); });
  if (runs > 0) log_event(LogLevel::info, "runs_moved_on", {{"runs", runs}});
}

}  // namespace lethe::scheduler
