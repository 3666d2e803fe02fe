#pragma once

#include <chrono>

#include "common/control/scheduler_store.hpp"
#include "scheduler/lead.hpp"
#include "scheduler/rest.hpp"

namespace lethe::scheduler {

/// Duty: takes tasks back from workers that died or hung. Thread safety: none.
class RescueDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  RescueDuty(SchedulerStore& store, const Clock& clock, std::chrono::milliseconds worker_ttl)
      : store_(store), worker_ttl_(worker_ttl), rest_(clock) {}

  /// One round. Errors: StoreError.
  void run_once(const Lead& lead);

 private:
  void rescue(const Lead& lead, bool deadlines);

  SchedulerStore& store_;
  const std::chrono::milliseconds worker_ttl_;
  int looks_ = 0;
  Rest rest_;  // after a look at deadlines
};

}  // namespace lethe::scheduler
