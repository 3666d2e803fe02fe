#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/policies/policy.hpp"
#include "common/policies/yaml_reader.hpp"

namespace lethe {

inline constexpr std::int64_t guard_rows_max = 1'000'000'000'000'000;

/// Reads a policy's keys that say how much a run may take away: max_fraction, max_rows_per_run,
/// acknowledge_above, approval. The policy's action must have been read. Refuses as YamlValue::fail
/// does.
void read_guards(const YamlMap& map, Policy& policy);

/// "0.8" as millionths, 1..1'000'000. Throws std::invalid_argument with the cure.
[[nodiscard]] std::int64_t parse_fraction(std::string_view text);

/// Millionths as parse_fraction() reads them, without zeros at the end.
[[nodiscard]] std::string fraction_text(std::int64_t ppm);

}  // namespace lethe
