#pragma once

#include <string>

#include "common/config/settings.hpp"
#include "scheduler/scheduler.hpp"

namespace lethe::scheduler {

/// Every setting of the scheduler; users read of them in docs/configuration.md.
[[nodiscard]] SettingTable setting_table();

/// Where the control plane is served. All "": nowhere.
struct ControlSettings {
  std::string workers;
  std::string operators;
  std::string events;
  std::string host;
  std::string key_file;
  [[nodiscard]] bool is_served() const {
    return !workers.empty() || !operators.empty() || !events.empty();
  }
  /// Over tcp without keys.
  [[nodiscard]] bool is_open_to_all() const;
};

/// Throws UserError (bad_config) for endpoints that go together with nothing: tcp without a key
/// file unless it is allowed, a wildcard without a host to tell others.
[[nodiscard]] ControlSettings control_settings(const Settings& settings);

/// What the settings mean. `settings` must have been read with setting_table().
[[nodiscard]] SchedulerOptions scheduler_options(const Settings& settings, std::string holder);

}  // namespace lethe::scheduler
