#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// `lethe why`.
void add_row_why(const Command& root);

}  // namespace lethe::cli
