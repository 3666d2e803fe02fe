#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe run` to the tree.
void add_run(const Command& root);

}  // namespace lethe::cli
