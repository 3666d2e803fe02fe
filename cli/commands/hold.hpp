#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// lethe hold add|list|release
void add_hold(const Command& root);

}  // namespace lethe::cli
