#pragma once

#include <cstdint>

#include "common/control/scheduler_store.hpp"

namespace lethe::scheduler {

/// Duty: creates and drops partitions of the history and forgets old workers. Thread safety: none.
class HousekeepingDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  explicit HousekeepingDuty(SchedulerStore& store, std::int32_t history_days)
      : store_(store), history_days_(history_days) {}

  /// One round. Errors: StoreError.
  void run_once(const Term& term);

 private:
  SchedulerStore& store_;
  const std::int32_t history_days_;
};

}  // namespace lethe::scheduler
