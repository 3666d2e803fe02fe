#pragma once

#include <string>

#include "common/config/settings.hpp"
#include "worker/worker.hpp"

namespace lethe::worker {

/// Every setting of the worker; users read of them in docs/configuration.md.
[[nodiscard]] SettingTable setting_table();

/// What the settings mean. `settings` must have been read with setting_table().
[[nodiscard]] WorkerOptions worker_options(const Settings& settings, WorkerInfo info);

}  // namespace lethe::worker
