#pragma once

#include "common/policies/policy.hpp"
#include "common/policies/yaml_reader.hpp"

namespace lethe {

/// Most rows that a second may be limited to.
inline constexpr std::int64_t rows_per_second_max = 1'000'000'000;

/// Reads a policy's key `batch`. Errors: as YamlValue::fail.
[[nodiscard]] BatchRule read_batch(const YamlValue& value);

}  // namespace lethe
