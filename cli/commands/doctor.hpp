#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// Adds `lethe doctor` to the tree.
void add_doctor(const Command& root);

}  // namespace lethe::cli
