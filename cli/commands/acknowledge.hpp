#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// `lethe clock acknowledge`.
void add_clock(const Command& root);

/// `lethe target acknowledge NAME`, below `lethe target`.
void add_acknowledge_of_target(const Command& target);

}  // namespace lethe::cli
