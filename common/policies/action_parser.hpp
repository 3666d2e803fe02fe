#pragma once

#include "common/policies/policy.hpp"
#include "common/policies/yaml_reader.hpp"

namespace lethe {

/// Reads the value of `action`: delete, {set: {column: value}} or {call: schema.function}. Refuses
/// as YamlValue::fail does.
[[nodiscard]] Action parse_action(const YamlValue& value);

/// Refuses what does not go together with the action of a policy that was read from `map`: setting
/// a column by which its rows are judged, and rules about rows beside a function, which would not
/// follow them.
void check_action(const YamlMap& map, const Policy& policy);

}  // namespace lethe
