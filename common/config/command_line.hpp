#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/config/daemon.hpp"

namespace lethe {

/// What a daemon was called with.
struct CommandLine {
  std::string file;  ///< --config; "" when there is none
  bool check_config = false;
  bool print_config = false;
  std::map<std::string, std::vector<std::string>> flags;  ///< settings, by key; only those given
  std::optional<std::string> text;                        ///< --help or --version: print it and end
};

/// Reads the flags: the common ones and one for each setting that has a flag. Throws UserError
/// (usage) for what is no flag. Values are not checked here.
[[nodiscard]] CommandLine parse_command_line(const Daemon& daemon, int argc,
                                             const char* const* argv);

}  // namespace lethe
