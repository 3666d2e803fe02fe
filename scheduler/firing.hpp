#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/control/scheduler_store.hpp"
#include "common/store_error.hpp"
#include "scheduler/lead.hpp"
#include "scheduler/scheduler_metrics.hpp"

namespace lethe::scheduler {

/// What is due of one policy: the newest instant runs, the older ones (at most the newest 999) were
/// missed. Nothing when no instant lies between the policy's cursor and now, or when it has no
/// schedule. Throws std::invalid_argument for a policy that cannot be read. Pure.
[[nodiscard]] std::optional<Firing> plan_firing(const DuePolicy& due);

/// Duty: makes the runs of policies whose time has come. Exactly one run per policy and instant:
/// the database's unique key decides, however many schedulers believe that they lead.
/// A policy that cannot be fired is logged, counted and does not stop the others. Thread safety:
/// none.
class FiringDuty {
 public:
  /// Both are borrowed and must outlive the duty.
  FiringDuty(SchedulerStore& store, SchedulerMetrics& metrics) : store_(store), metrics_(metrics) {}

  /// One round. Errors: StoreError. Also, once every policy was tried, when a refusal cannot be
  /// about its policy alone, or ten or more and nothing but refusals came.
  void run_once(const Lead& lead);

 private:
  /// What came of one round.
  struct Round {
    std::size_t tried = 0;
    std::size_t refused = 0;
    std::string why{};                 ///< of the last refusal
    std::optional<StoreError> ours{};  ///< the first refusal that cannot be about its policy alone
  };

  /// Whether this scheduler still leads.
  bool try_one(const Term& term, const DuePolicy& due, Round& round);
  bool fire(const Term& term, const DuePolicy& due);
  void refuse(const DuePolicy& due, const std::string& why, Round& round);

  SchedulerStore& store_;
  SchedulerMetrics& metrics_;
  std::map<std::string, std::int64_t> refused_;  ///< policy and epoch of which the log knows
};

}  // namespace lethe::scheduler
