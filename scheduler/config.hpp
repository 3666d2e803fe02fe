#pragma once

#include <string>

#include "common/config/settings.hpp"
#include "scheduler/scheduler.hpp"

namespace lethe::scheduler {

/// Every setting of the scheduler; users read of them in docs/configuration.md.
[[nodiscard]] SettingTable setting_table();

/// What the settings mean. `settings` must have been read with setting_table().
[[nodiscard]] SchedulerOptions scheduler_options(const Settings& settings, std::string holder);

}  // namespace lethe::scheduler
