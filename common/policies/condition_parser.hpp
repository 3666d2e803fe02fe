#pragma once

#include "common/policies/policy.hpp"
#include "common/policies/yaml_reader.hpp"

namespace lethe {

/// Reads the value of `where`. Columns and operators keep the file's order, and a branch with one
/// child becomes that child, so that one text has one meaning and one JSON. Throws UserError for
/// an empty condition and beyond the limits: 64 comparisons, 1000 values in one of them, 64 KiB in
/// a value, 16 levels.
[[nodiscard]] Condition parse_condition(const YamlValue& where);

/// The text of a value that goes to a database: at most 64 KiB without a zero byte. Refuses as
/// YamlValue::fail does, null too.
[[nodiscard]] std::string value_text(const YamlValue& value);

}  // namespace lethe
