#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// `lethe events`: what happens in the fleet, as JSON lines.
void add_events(const Command& root);

}  // namespace lethe::cli
