#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// `lethe report`.
void add_report(const Command& root);

}  // namespace lethe::cli
