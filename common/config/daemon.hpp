#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "common/clock.hpp"
#include "common/config/settings.hpp"
#include "common/control/target_database.hpp"
#include "common/random.hpp"

namespace lethe {

/// A daemon as its main() describes it.
struct Daemon {
  std::string program;      ///< e.g. "lethe-worker"
  std::string description;  ///< one line, for --help
  std::string version;
  SettingTable settings;  ///< must have log_level and log_format
  /// Whether the settings go together. Errors: UserError (bad_config). Empty: nothing to check.
  std::function<void(const Settings&)> check{};
  /// Works until it is told to stop. Errors: UserError; anything else is a defect.
  std::function<void(const Settings&)> run;
};

/// The whole of main(): reads flags, environment and file, answers --help, --version,
/// --check-config and --print-config, starts the log, runs. Returns the process's exit code:
/// ExitCode, or 70 for a defect, which is logged.
[[nodiscard]] int daemon_main(const Daemon& daemon, int argc, char** argv);

/// Waits until the control database answers and its schema is one that this program knows, or
/// until `stop` is requested; then it returns false. Logs each failed attempt, which are at most
/// every few seconds after the first ones. Throws UserError (bad_config) that names the command
/// to run when the schema is another.
[[nodiscard]] bool wait_for_control(Migrations& migrations, Clock& clock, Random& random,
                                    const std::stop_token& stop);

/// host:pid of this process, for people.
[[nodiscard]] std::string instance_name();

}  // namespace lethe
