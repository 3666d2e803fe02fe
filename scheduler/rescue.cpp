#include "scheduler/rescue.hpp"

#include "common/logging.hpp"
#include "scheduler/rounds.hpp"

namespace lethe::scheduler {

void RescueDuty::run_once(const Term& term) {
  // Lost workers at every look; hung ones, whose leases last minutes, at every fifth, and for at
  // most two hundredths of the time: while an old snapshot is open, that look reads all leases
  // since.
  constexpr int looks_per_deadline = 5;
  constexpr int rests_per_look = 50;
  const auto begin = clock_.now();
  const bool deadlines = looks_++ % looks_per_deadline == 0 && begin >= next_deadlines_;
  in_rounds(1'000, [&](std::int32_t max) {
    const auto rescues = store_.rescue(term, worker_ttl_, max, deadlines);
    for (const Rescue& rescue : rescues)
      log_event(rescue.dead ? LogLevel::error : LogLevel::warn,
                rescue.dead ? "task_poisoned" : "task_rescued",
                {{"task", rescue.task},
                 {"run", rescue.run},
                 {"worker", rescue.worker},
                 {"why", rescue.why}});
    return static_cast<std::int32_t>(rescues.size());
  });
  if (deadlines) next_deadlines_ = clock_.now() + rests_per_look * (clock_.now() - begin);
}

}  // namespace lethe::scheduler
