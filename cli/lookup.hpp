#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/services.hpp"
#include "common/policies/policy.hpp"
#include "common/schedule/schedule.hpp"

namespace lethe::cli {

// Things by name. Each throws UserError (not_found), with the nearest name where names are chosen
// by people.

[[nodiscard]] TargetRow find_target(Stores& stores, const std::string& name);
[[nodiscard]] PolicyRow find_policy(Stores& stores, const std::string& name);
[[nodiscard]] RunRow find_run(Stores& stores, const std::string& id);
[[nodiscard]] TaskRow find_task(Stores& stores, const std::string& id);
[[nodiscard]] DeadRow find_dead(Stores& stores, const std::string& id);
[[nodiscard]] WorkerRow find_worker(Stores& stores, const std::string& id);

/// What a row's spec says. Throws UserError (failed) when this program cannot read it.
[[nodiscard]] Policy stored_policy(const PolicyRow& row);

/// The policy's first firing after `now`; nothing when it runs only by hand. Throws UserError
/// (bad_config) that starts with `field` for a schedule that cannot be read.
[[nodiscard]] std::optional<Instant> next_firing(const Policy& policy, Instant now,
                                                 const std::string& field);

/// Whether there is a pause of exactly this policy. A pause of its target or of everything closes
/// the target's own gate, and must not be left behind in the policy's.
[[nodiscard]] bool is_paused_itself(Stores& stores, const PolicyRow& policy);

}  // namespace lethe::cli
