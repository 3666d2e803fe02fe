#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe migrate` to the tree.
void add_migrate(const Command& root);

}  // namespace lethe::cli
