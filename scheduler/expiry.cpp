#include "scheduler/expiry.hpp"

#include "common/logging.hpp"
#include "scheduler/rounds.hpp"

namespace lethe::scheduler {

void ExpiryDuty::run_once(const Lead& lead) {
  const auto tasks =
      in_rounds(lead, 1'000, [&](std::int32_t max) { return store_.expire(lead.term, max); });
  if (tasks > 0) log_event(LogLevel::warn, "tasks_expired", {{"tasks", tasks}});
}

}  // namespace lethe::scheduler
