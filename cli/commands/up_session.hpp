#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "cli/command.hpp"
#include "cli/local_fleet.hpp"
#include "cli/services.hpp"

namespace lethe::cli {

/// `--workers` and `--slots`; what was not typed is the default.
struct FleetOptions {
  std::optional<std::int64_t> workers;
  std::optional<std::int64_t> slots;

  void add_to(const Command& command);
  [[nodiscard]] FleetSize size() const;
};

/// A fleet on this machine with a registered and prepared target `app`, for as long as the object
/// lives. From its construction on Ctrl-C and SIGTERM no longer end the process: check() and
/// pause() report them by an exception, so that everything is taken down on the way out.
class UpSession {
 public:
  static constexpr const char* target_name = "app";

  /// Starts everything but the daemons. `typed` is borrowed. Throws UserError (usage) when the
  /// command line named a control database.
  UpSession(Services& typed, const FleetSize& size);

  [[nodiscard]] LocalFleet& fleet() noexcept { return *fleet_; }
  /// Those of the private control database.
  [[nodiscard]] Services& services() noexcept { return *services_; }

  /// Returns when every worker has registered.
  void start_daemons();

  /// Throws UserError (failed) when somebody asked to stop, or when a part has ended by itself.
  void check();
  /// Waits; then the same.
  void pause(std::chrono::milliseconds duration);

  /// Tells people how to use the fleet.
  void describe();
  /// Waits until somebody asks to stop, and takes the fleet down. Throws UserError (failed) when a
  /// part ends by itself.
  void serve();

  /// A step, for people: standard output, or standard error where that holds JSON.
  void say(const std::string& text);

 private:
  void prepare_databases();
  void check_parts();

  Services& typed_;
  std::stop_token interrupted_;
  std::optional<Services> services_;
  std::unique_ptr<LocalFleet> fleet_;  // last, so that it ends first
};

}  // namespace lethe::cli
