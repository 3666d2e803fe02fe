#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// `lethe audit list and verify`.
void add_audit(const Command& root);

}  // namespace lethe::cli
