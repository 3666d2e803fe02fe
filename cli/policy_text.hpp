#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/policies/policy.hpp"

namespace lethe::cli {

/// What a policy says, key by key as in a policy file and in that order; keys that say nothing are
/// left out. For people and for comparison.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> policy_fields(const Policy& policy);

/// A condition in words, e.g. "status in (done, failed) and not (owner is null)"; "" for every row.
[[nodiscard]] std::string condition_text(const Condition& condition);

/// One key that differs.
struct FieldChange {
  std::string field;
  std::string before;  ///< "" when it was not there
  std::string after;   ///< "" when it is gone
};

/// What turns `before` into `after`, in the order of policy_fields.
[[nodiscard]] std::vector<FieldChange> policy_changes(const Policy& before, const Policy& after);

}  // namespace lethe::cli
