#pragma once

#include <string>

#include "cli/output.hpp"
#include "common/control/target_database.hpp"
#include "common/policies/policy.hpp"

namespace lethe::cli {

/// What a run of the policy would do and why, as `policy explain` tells programs.
[[nodiscard]] Record explanation_record(const Policy& policy, const Explanation& explanation);

/// The same for people.
[[nodiscard]] std::string explanation_text(const Policy& policy, const Explanation& explanation);

}  // namespace lethe::cli
