#pragma once

#include "common/control/scheduler_store.hpp"
#include "scheduler/lead.hpp"

namespace lethe::scheduler {

/// Duty: moves on runs that have no live task, which a crash between two transactions can leave.
/// Thread safety: none.
class ClosingDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  explicit ClosingDuty(SchedulerStore& store) : store_(store) {}

  /// One round. Errors: StoreError.
  void run_once(const Lead& lead);

 private:
  SchedulerStore& store_;
};

}  // namespace lethe::scheduler
