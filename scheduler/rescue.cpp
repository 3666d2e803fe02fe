#include "scheduler/rescue.hpp"

#include "common/logging.hpp"
#include "scheduler/rounds.hpp"

namespace lethe::scheduler {

void RescueDuty::run_once(const Lead& lead) {
  // Lost workers at every look; hung ones, whose leases last minutes, at every fifth.
  constexpr int looks_per_deadline = 5;
  const bool deadlines = looks_++ % looks_per_deadline == 0 && rest_.is_over();
  if (deadlines) {
    rest_.after([&] { rescue(lead, true); });
  } else {
    rescue(lead, false);
  }
}

void RescueDuty::rescue(const Lead& lead, bool deadlines) {
  in_rounds(lead, 1'000, [&](std::int32_t max) {
    const auto rescues = store_.rescue(lead.term, worker_ttl_, max, deadlines);
    for (const Rescue& rescue : rescues)
      log_event(rescue.dead ? LogLevel::error : LogLevel::warn,
                rescue.dead ? "task_poisoned" : "task_rescued",
                {{"task", rescue.task},
                 {"run", rescue.run},
                 {"worker", rescue.worker},
                 {"why", rescue.why}});
    return static_cast<std::int32_t>(rescues.size());
  });
}

}  // namespace lethe::scheduler
