#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe worker` to the tree.
void add_worker(const Command& root);

}  // namespace lethe::cli
