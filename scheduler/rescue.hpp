#pragma once

#include <chrono>

#include "common/clock.hpp"
#include "common/control/scheduler_store.hpp"

namespace lethe::scheduler {

/// Duty: takes tasks back from workers that died or hung. Thread safety: none.
class RescueDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  RescueDuty(SchedulerStore& store, const Clock& clock, std::chrono::milliseconds worker_ttl)
      : store_(store), clock_(clock), worker_ttl_(worker_ttl) {}

  /// One round. Errors: StoreError.
  void run_once(const Term& term);

 private:
  SchedulerStore& store_;
  const Clock& clock_;
  const std::chrono::milliseconds worker_ttl_;
  int looks_ = 0;
  Clock::time_point next_deadlines_{};
};

}  // namespace lethe::scheduler
