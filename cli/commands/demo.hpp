#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe demo` to the tree.
void add_demo(const Command& root);

}  // namespace lethe::cli
