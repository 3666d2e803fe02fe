#pragma once

#include "common/config/settings.hpp"

namespace lethe {

/// Settings that mean the same in every daemon.
[[nodiscard]] SettingSpec database_setting();
[[nodiscard]] SettingSpec clock_gap_setting();
[[nodiscard]] SettingSpec log_level_setting();

}  // namespace lethe
