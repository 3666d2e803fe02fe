#include "scheduler/scheduler.hpp"

#include <string>
#include <vector>

#include "scheduler/admission.hpp"
#include "scheduler/closing.hpp"
#include "scheduler/expiry.hpp"
#include "scheduler/firing.hpp"
#include "scheduler/housekeeping.hpp"
#include "scheduler/promotion.hpp"
#include "scheduler/rescue.hpp"

namespace lethe::scheduler {

namespace {

using namespace std::chrono_literals;

template <class AnyDuty>
Duty every(std::chrono::milliseconds interval, const std::string& name, AnyDuty& duty,
           std::chrono::milliseconds retry_max = 60s) {
  return {.name = name,
          .interval = interval,
          .run_once = [&duty](const Lead& lead) { duty.run_once(lead); },
          .retry_max = retry_max};
}

}  // namespace

void run_scheduler(const SchedulerOptions& options, const SchedulerPorts& ports,
                   const std::stop_token& stop) {
  CountedStore store(ports.store, ports.metrics);
  ClockWatch clock(options.clock, ports.clock, ports.clock_store);
  FiringDuty firing(store, ports.metrics);
  PromotionDuty promotion(store);
  RescueDuty rescue(store, ports.clock, options.worker_ttl);
  ExpiryDuty expiry(store);
  ClosingDuty closing(store);
  LanesDuty lanes(store);
  RecountDuty recount(store, ports.clock);
  HousekeepingDuty housekeeping(store, options.keep);
  // The clock first: what it shows decides what is due.
  const std::vector<Duty> duties{
      {.name = "clock", .interval = 1s, .run_once = [&clock](const Lead&) { clock.run_once(); }},
      every(500ms, "firing", firing, 10s),  // an instant is too late after a minute
      every(200ms, "promotion", promotion),
      every(2s, "rescue", rescue),
      every(10s, "expiry", expiry),
      every(500ms, "closing", closing),
      every(250ms, "lanes", lanes),
      every(60s, "recount", recount),
      every(1h, "housekeeping", housekeeping)};
  LeaderDuties leader(options.leader, ports.clock, ports.random, ports.leadership, duties,
                      {.supervision = ports.supervision, .status = ports.status});
  leader.run(stop);
}

}  // namespace lethe::scheduler
