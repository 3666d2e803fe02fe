#pragma once

#include "common/policies/policy.hpp"
#include "common/policies/yaml_reader.hpp"

namespace lethe {

/// Why not all rows that the policy takes could be copied, and the cure: children go along, a
/// function is called, or partitions go as a whole. "" when all can be.
[[nodiscard]] std::string archive_obstacle(const Policy& policy);

/// Reads the key `archive` of a policy of which everything else is known. Throws UserError as
/// YamlValue::fail, also where archive_obstacle() has something to say.
[[nodiscard]] ArchiveRule read_archive(const YamlValue& value, const Policy& policy);

}  // namespace lethe
