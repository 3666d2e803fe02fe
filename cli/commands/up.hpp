#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe up` to the tree.
void add_up(const Command& root);

}  // namespace lethe::cli
