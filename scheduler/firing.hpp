#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/control/scheduler_store.hpp"

namespace lethe::scheduler {

/// What is due of one policy: the newest instant runs, the older ones (at most the newest 999) were
/// missed. Nothing when no instant lies between the policy's cursor and now, or when it has no
/// schedule. Throws std::invalid_argument for a policy that cannot be read. Pure.
[[nodiscard]] std::optional<Firing> plan_firing(const DuePolicy& due);

/// Duty: makes the runs of policies whose time has come. Exactly one run per policy and instant:
/// the database's unique key decides, however many schedulers believe that they lead.
/// A policy that cannot be fired is logged and does not stop the others. Thread safety: none.
class FiringDuty {
 public:
  /// `store` is borrowed and must outlive the duty.
  explicit FiringDuty(SchedulerStore& store) : store_(store) {}

  /// One round. Errors: StoreError.
  void run_once(const Term& term);

 private:
  void fire_or_refuse(const Term& term, const DuePolicy& due);
  void fire(const Term& term, const DuePolicy& due);
  void refuse(const DuePolicy& due, const std::string& why);

  SchedulerStore& store_;
  std::map<std::string, std::int64_t> refused_;  ///< policy and epoch of which the log knows
};

}  // namespace lethe::scheduler
