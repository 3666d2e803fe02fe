#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe task` to the tree.
void add_task(const Command& root);

}  // namespace lethe::cli
