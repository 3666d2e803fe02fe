#pragma once

#include "common/config/settings.hpp"

namespace lethe {

/// Settings that mean the same in every daemon.
[[nodiscard]] SettingSpec database_setting();
[[nodiscard]] SettingSpec clock_gap_setting();
[[nodiscard]] SettingSpec log_level_setting();
[[nodiscard]] SettingSpec log_format_setting();
/// Where probes and metrics are served (common/http): address and port.
[[nodiscard]] SettingSpec http_address_setting();
[[nodiscard]] SettingSpec http_port_setting();

/// The control plane: the file with this process's keys, and whether it does without.
[[nodiscard]] SettingSpec control_key_setting();
[[nodiscard]] SettingSpec control_insecure_setting();

}  // namespace lethe
