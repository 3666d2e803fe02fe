#pragma once

#include "common/control/scheduler_store.hpp"
#include "scheduler/lead.hpp"

namespace lethe::scheduler {

/// Duty: creates and drops partitions of the history, forgets what is old. Thread safety: none.
class HousekeepingDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  HousekeepingDuty(SchedulerStore& store, const KeepDays& days) : store_(store), days_(days) {}

  /// One round. Errors: StoreError.
  void run_once(const Lead& lead);

 private:
  SchedulerStore& store_;
  const KeepDays days_;
};

}  // namespace lethe::scheduler
