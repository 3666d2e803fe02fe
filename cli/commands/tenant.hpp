#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe tenant` to the tree.
void add_tenant(const Command& root);

}  // namespace lethe::cli
