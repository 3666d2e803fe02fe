#include "scheduler/housekeeping.hpp"

namespace lethe::scheduler {

void HousekeepingDuty::run_once(const Lead& lead) { store_.keep_house(lead.term, days_); }

}  // namespace lethe::scheduler
