#pragma once

#include <string_view>

#include "common/policies/policy.hpp"
#include "common/policies/yaml_reader.hpp"

namespace lethe {

/// Reads a policy's keys that say how its rows go: strategy, partitions, quarantine. The policy's
/// rule (timestamp, where, tenant) must have been read. Refuses as YamlValue::fail does.
void read_strategy(const YamlMap& map, Policy& policy);

/// True when partitions all of whose rows are to go are dropped or quarantined, where that can be.
[[nodiscard]] bool drops_partitions(const Policy& policy) noexcept;

/// Why no partition at all may go as a whole under this policy's rule; "" when one may. Says
/// nothing of the table. Whoever drops a partition asks this first.
[[nodiscard]] std::string_view drop_obstacle(const Policy& policy) noexcept;

/// The words of a policy file. Throw std::invalid_argument for another one.
[[nodiscard]] StrategyChoice parse_strategy(std::string_view text);
[[nodiscard]] Partitions parse_partitions(std::string_view text);
[[nodiscard]] const char* to_string(StrategyChoice strategy) noexcept;
[[nodiscard]] const char* to_string(Partitions partitions) noexcept;

}  // namespace lethe
