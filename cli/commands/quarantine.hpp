#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe quarantine` to the tree of commands.
void add_quarantine(const Command& root);

}  // namespace lethe::cli
