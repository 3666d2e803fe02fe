#pragma once

#include <string>
#include <vector>

#include "cli/services.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {

/// The command `lethe`: reads the arguments (without the program's name), runs the command, and
/// turns every failure of ours into one line on `environment.err`. Other exceptions are defects and
/// pass through.
[[nodiscard]] ExitCode run_app(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace lethe::cli
