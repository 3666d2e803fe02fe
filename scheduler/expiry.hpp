#pragma once

#include "common/control/scheduler_store.hpp"
#include "scheduler/lead.hpp"

namespace lethe::scheduler {

/// Duty: ends tasks that are past their deadline. Thread safety: none.
class ExpiryDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  explicit ExpiryDuty(SchedulerStore& store) : store_(store) {}

  /// One round. Errors: StoreError.
  void run_once(const Lead& lead);

 private:
  SchedulerStore& store_;
};

}  // namespace lethe::scheduler
