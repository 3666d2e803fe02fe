#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe target` to the tree.
void add_target(const Command& root);

}  // namespace lethe::cli
