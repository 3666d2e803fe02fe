#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// lethe archive list|verify|restore|prune
void add_archive(const Command& root);

}  // namespace lethe::cli
