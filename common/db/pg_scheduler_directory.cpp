#include "common/db/pg_scheduler_directory.hpp"

#include "common/db/queries.gen.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

void PgSchedulerDirectory::announce(const SchedulerAddress& address, const std::string& version) {
  run_once(session_, "schedulers_announce", queries::schedulers_announce,
           Params::of(address.holder, version, address.workers, address.operators, address.events,
                      address.public_key));
}

void PgSchedulerDirectory::withdraw(const std::string& holder) {
  run_once(session_, "schedulers_withdraw", queries::schedulers_withdraw, Params::of(holder));
}

std::vector<SchedulerAddress> PgSchedulerDirectory::live() {
  std::vector<SchedulerAddress> addresses;
  for (const auto& row :
       run_once(session_, "schedulers_live", queries::schedulers_live, Params(), Effect::reads))
    addresses.push_back({.holder = text(row, "holder"),
                         .workers = text(row, "workers"),
                         .operators = text(row, "operators"),
                         .events = text(row, "events"),
                         .public_key = text(row, "public_key")});
  return addresses;
}

}  // namespace lethe::db
