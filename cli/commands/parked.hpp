#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe parked` to the tree.
void add_parked(const Command& root);

}  // namespace lethe::cli
