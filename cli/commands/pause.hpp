#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe pause` and `lethe resume`, the kill switch, to the tree.
void add_pause(const Command& root);

/// Adds `pause NAME` and `resume NAME` to `lethe target`.
void add_pause_of_target(const Command& target);

}  // namespace lethe::cli
