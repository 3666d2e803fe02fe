#pragma once

#include "cli/command.hpp"

namespace lethe::cli {

/// `lethe ledger list and verify`.
void add_ledger(const Command& root);

}  // namespace lethe::cli
