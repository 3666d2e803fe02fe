#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "common/policies/policy.hpp"

namespace lethe {

/// The words of the file format and the stored JSON, in the order of `enum class Comparison`.
inline constexpr std::array<std::string_view, 10> comparison_names{
    "eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte", "is_null", "like_prefix"};

/// Nothing when `name` is not among comparison_names.
[[nodiscard]] std::optional<Comparison> find_comparison(std::string_view name);

}  // namespace lethe
