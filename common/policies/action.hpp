#pragma once

#include <cstddef>
#include <string>

#include "common/policies/policy.hpp"

namespace lethe {

/// Columns that one action may set.
inline constexpr std::size_t set_columns_max = 16;

/// Why `policy` may not set `column`, together with the cure; "" when nothing in the policy itself
/// forbids it. A row whose time or tenant changed would be another row to the next look at it.
[[nodiscard]] std::string set_problem(const Policy& policy, const std::string& column);

/// `schema.function` for people, quoted as in SQL where it must be.
[[nodiscard]] std::string to_text(const FunctionName& name);

}  // namespace lethe
