#include "common/config/common_settings.hpp"

namespace lethe {

SettingSpec database_setting() {
  return {.key = "database",
          .env = "LETHE_DATABASE_URL",
          .flag = "--database",
          .kind = SettingKind::connection,
          .unit = "connection string",
          .help = "control database; without it libpq's PG* variables count"};
}

SettingSpec clock_gap_setting() {
  return {.key = "clock_gap_hours",
          .unit = "hours",
          .min = 1,
          .max = 8'760,
          .fallback = "36",
          .help =
              "longest time that the whole fleet may be off; after a longer one a person has to "
              "say that no clock jumped"};
}

SettingSpec log_level_setting() {
  return {.key = "log_level",
          .flag = "--log-level",
          .kind = SettingKind::choice,
          .unit = "level",
          .choices = {"debug", "info", "warn", "error"},
          .fallback = "info",
          .help = "least level that is logged"};
}

SettingSpec control_key_setting() {
  return {.key = "control_key_file",
          .flag = "--control-key-file",
          .kind = SettingKind::text,
          .unit = "file",
          .help =
              "this process's keys, made by lethe keys generate; without it nothing is "
              "encrypted, and nothing is said over tcp"};
}

SettingSpec control_insecure_setting() {
  return {.key = "control_insecure",
          .flag = "--insecure",
          .bare = "allow",
          .kind = SettingKind::choice,
          .unit = "choice",
          .choices = {"refuse", "allow"},
          .fallback = "refuse",
          .help = "whether messages over tcp may go without keys, readable and open to everybody"};
}

}  // namespace lethe
