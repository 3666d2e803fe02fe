#pragma once

#include <chrono>
#include <stop_token>

#include "common/clock.hpp"
#include "common/control/scheduler_store.hpp"
#include "common/random.hpp"
#include "common/schedule/clock_watch.hpp"
#include "common/supervision/supervision.hpp"
#include "scheduler/leader_duties.hpp"
#include "scheduler/leader_status.hpp"
#include "scheduler/scheduler_metrics.hpp"

namespace lethe::scheduler {

struct SchedulerOptions {
  LeaderDuties::Options leader;
  std::chrono::milliseconds worker_ttl{30'000};
  KeepDays keep;
  ClockLimits clock{};
};

/// What a scheduler borrows; used by the calling thread only, but for the last three.
struct SchedulerPorts {
  Clock& clock;
  Random& random;
  Leadership& leadership;
  SchedulerStore& store;
  ClockStore& clock_store;
  Supervision& supervision;
  LeaderStatus& status;
  SchedulerMetrics& metrics;
};

/// Stands by or leads with all duties until `stop` is requested. Errors: none of the stores;
/// whatever else is thrown is a defect and passes through.
void run_scheduler(const SchedulerOptions& options, const SchedulerPorts& ports,
                   const std::stop_token& stop);

}  // namespace lethe::scheduler
