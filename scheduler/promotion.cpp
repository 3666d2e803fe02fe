#include "scheduler/promotion.hpp"

#include "common/logging.hpp"
#include "scheduler/rounds.hpp"

namespace lethe::scheduler {

void PromotionDuty::run_once(const Lead& lead) {
  const auto tasks =
      in_rounds(lead, 1'000, [&](std::int32_t max) { return store_.promote(lead.term, max); });
  if (tasks > 0) log_event(LogLevel::debug, "tasks_promoted", {{"tasks", tasks}});
}

}  // namespace lethe::scheduler
