#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// `lethe top`: the whole fleet on one screen.
void add_top(const Command& root);

}  // namespace lethe::cli
