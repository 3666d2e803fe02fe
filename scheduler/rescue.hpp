#pragma once

#include <chrono>

#include "common/control/scheduler_store.hpp"

namespace lethe::scheduler {

/// Duty: takes tasks back from workers that died or hung. Thread safety: none.
class RescueDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  explicit RescueDuty(SchedulerStore& store, std::chrono::milliseconds worker_ttl)
      : store_(store), worker_ttl_(worker_ttl) {}

  /// One round. Errors: StoreError.
  void run_once(const Term& term);

 private:
  SchedulerStore& store_;
  const std::chrono::milliseconds worker_ttl_;
  int looks_ = 0;
};

}  // namespace lethe::scheduler
