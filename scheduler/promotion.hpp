#pragma once

#include "common/control/scheduler_store.hpp"
#include "scheduler/lead.hpp"

namespace lethe::scheduler {

/// Duty: makes scheduled tasks ready once their time has come, by the control database's clock.
/// Thread safety: none.
class PromotionDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  explicit PromotionDuty(SchedulerStore& store) : store_(store) {}

  /// One round. Errors: StoreError.
  void run_once(const Lead& lead);

 private:
  SchedulerStore& store_;
};

}  // namespace lethe::scheduler
