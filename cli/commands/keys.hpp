#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// `lethe keys`: who may connect to the control plane, and as what.
void add_keys(const Command& root);

}  // namespace lethe::cli
