#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe enqueue` to the tree.
void add_enqueue(const Command& root);

}  // namespace lethe::cli
