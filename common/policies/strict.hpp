#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/policies/policy.hpp"
#include "common/policies/yaml_reader.hpp"

namespace lethe {

/// True when each batch of the policy finds out anew, with the table locked, what keep_min keeps.
[[nodiscard]] bool keeps_strictly(const Policy& policy) noexcept;

/// Why a policy that keeps_strictly() cannot, and what to do; "" when it can.
[[nodiscard]] std::string strict_problem(const Policy& policy);

/// Refuses `strict` or `tenant.strict` where strict_problem() has something to say. The whole
/// policy must have been read. Throws as YamlValue::fail does.
void check_strict(const YamlMap& map, const Policy& policy);

/// The words of a target's key on_failover: true for continue, false for freeze. Throws
/// std::invalid_argument for another one.
[[nodiscard]] bool parse_on_failover(std::string_view text);

inline constexpr std::int64_t clock_skew_seconds_max = 3'600;

}  // namespace lethe
