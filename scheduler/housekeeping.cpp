#include "scheduler/housekeeping.hpp"

namespace lethe::scheduler {

void HousekeepingDuty::run_once(const Term& term) { store_.keep_house(term, days_); }

}  // namespace lethe::scheduler
