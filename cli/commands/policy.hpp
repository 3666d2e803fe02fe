#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe policy` to the tree.
void add_policy(const Command& root);

/// Adds `apply` and `diff` to `lethe policy`.
void add_policy_files(const Command& policy);

/// Adds `explain` to `lethe policy`.
void add_policy_explain(const Command& policy);

/// Adds `enable`, `disable`, `remove` and `run` to `lethe policy`.
void add_policy_changes(const Command& policy);

/// Adds `acknowledge` and `approve` to `lethe policy`.
void add_policy_guards(const Command& policy);

}  // namespace lethe::cli
