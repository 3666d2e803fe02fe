#include "common/policies/comparison.hpp"

#include <algorithm>
#include <cstddef>

#include "common/policies/policy_json.hpp"

namespace lethe {

std::optional<Comparison> find_comparison(std::string_view name) {
  const auto found = std::find(comparison_names.begin(), comparison_names.end(), name);
  if (found == comparison_names.end()) return std::nullopt;
  return static_cast<Comparison>(found - comparison_names.begin());
}

const char* to_string(Comparison comparison) noexcept {
  return comparison_names[static_cast<std::size_t>(comparison)].data();
}

}  // namespace lethe
