#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/control/target_database.hpp"
#include "common/policies/policy.hpp"

namespace lethe::cli {

/// A hold as somebody typed it.
struct HoldOptions {
  std::string target;
  std::optional<std::string> table;
  std::optional<std::string> tenant;
  std::vector<std::string> matches;
  std::string reason;
};

/// What it asks of the target. `policies` are those of the target: a tenant is looked for in the
/// columns that they name for one. Pure. Throws UserError (usage, or bad_config where the policies
/// do not fit) that names the option and says what to do.
[[nodiscard]] NewHold hold_from(const HoldOptions& options, const std::vector<Policy>& policies);

/// What a hold keeps, for people: "rows of public.t with tenant acme and case = 7".
[[nodiscard]] std::string hold_text(const Hold& hold);

/// Policies whose rows a hold on a tenant of the whole target keeps only if their table happens to
/// have one of its columns, because they name none themselves.
[[nodiscard]] std::vector<std::string> policies_without_tenant(const std::vector<Policy>& policies);

}  // namespace lethe::cli
