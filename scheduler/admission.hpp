#pragma once

#include "common/control/scheduler_store.hpp"
#include "scheduler/lead.hpp"
#include "scheduler/rest.hpp"

namespace lethe::scheduler {

/// Duty: moves the heads of the lanes, so that leasing never reads what was leased before.
/// Thread safety: none.
class LanesDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  explicit LanesDuty(SchedulerStore& store) : store_(store) {}

  /// One round. Errors: StoreError.
  void run_once(const Lead& lead) { store_.advance_lanes(lead.term); }

 private:
  SchedulerStore& store_;
};

/// Duty: counts admitted tasks anew, for a worker that dies between the end of a lease and its
/// delivery to admission takes that knowledge with it. Admission stands still meanwhile, so it
/// rests after a long one. Thread safety: none.
class RecountDuty {
 public:
  /// Both are borrowed and must outlive the duty.
  RecountDuty(SchedulerStore& store, const Clock& clock) : store_(store), rest_(clock) {}

  /// One round. Errors: StoreError.
  void run_once(const Lead& lead) {
    if (rest_.is_over()) rest_.after([&] { store_.recount(lead.term, lead.keep); });
  }

 private:
  SchedulerStore& store_;
  Rest rest_;
};

}  // namespace lethe::scheduler
