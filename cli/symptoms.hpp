#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/services.hpp"
#include "common/control/operator_store.hpp"
#include "common/schedule/schedule.hpp"

namespace lethe::cli {

enum class Severity {
  problem,  ///< work does not get done, or something is not as it must be
  warning,  ///< somebody should know
};
[[nodiscard]] const char* to_string(Severity severity) noexcept;

/// One thing that is wrong, in words.
struct Symptom {
  Severity severity = Severity::problem;
  std::string what;
  std::string cure;  ///< mostly a command to run
};

/// What the control database says of the fleet at one moment.
struct FleetSnapshot {
  Instant now{};  ///< the control database's clock
  std::vector<WorkerRow> workers;
  std::vector<TargetRow> targets;
  std::vector<PolicyRow> policies;
  std::vector<TenantLimits> tenants;
  std::vector<TaskRow> ready;  ///< tasks that a worker could take, at most 1000
  std::vector<FleetStore::PauseRow> pauses;
  std::int64_t dead = 0;
};

[[nodiscard]] FleetSnapshot take_snapshot(Stores& stores);

/// What is wrong with the fleet as far as the control database tells; empty when nothing is. Pure.
[[nodiscard]] std::vector<Symptom> fleet_symptoms(const FleetSnapshot& fleet);

/// What is wrong with the targets themselves. One that cannot be reached is a symptom.
[[nodiscard]] std::vector<Symptom> target_symptoms(Services& services,
                                                   const std::vector<TargetRow>& targets);

struct TotalsCheck {
  std::int64_t runs = 0;  ///< that were compared
  std::vector<Symptom> symptoms;
};

/// Compares the newest `runs_max` (1..10000) ended runs that deleted something with the ledgers of
/// their targets.
[[nodiscard]] TotalsCheck check_totals(Services& services, std::int32_t runs_max);

}  // namespace lethe::cli
