#pragma once

#include <cstdint>

#include "cli/services.hpp"

namespace lethe::cli {

/// Counts what a run of the policy made now would take, says so on standard error, and records that
/// the actor agrees to it. Returns the rows. Throws UserError (refused) for a policy whose function
/// alone knows what it does, and when somebody changed the policy meanwhile.
std::int64_t acknowledge_policy(Services& services, const PolicyRow& row);

}  // namespace lethe::cli
