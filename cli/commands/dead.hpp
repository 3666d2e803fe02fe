#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe dead` to the tree.
void add_dead(const Command& root);

}  // namespace lethe::cli
