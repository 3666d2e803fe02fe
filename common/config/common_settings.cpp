#include "common/config/common_settings.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "common/policies/text_rules.hpp"

namespace lethe {

namespace {

std::string address_problem(const std::vector<std::string>& texts) {
  in6_addr parsed{};
  const char* const text = texts.front().c_str();
  if (inet_pton(AF_INET, text, &parsed) == 1 || inet_pton(AF_INET6, text, &parsed) == 1) return "";
  return fmt::format(
      "{} is not an address of IPv4 or IPv6; write 127.0.0.1, or 0.0.0.0 for every one of this "
      "machine",
      shown(texts.front()));
}

}  // namespace

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

SettingSpec log_format_setting() {
  return {.key = "log_format",
          .flag = "--log-format",
          .kind = SettingKind::choice,
          .unit = "format",
          .choices = {"text", "json"},
          .fallback = "text",
          .help = "form of each line of the log"};
}

SettingSpec http_address_setting() {
  return {.key = "http_address",
          .flag = "--http-address",
          .kind = SettingKind::text,
          .unit = "address",
          .problem = address_problem,
          .fallback = "127.0.0.1",
          .help = "where /livez, /readyz and /metrics are served, to anybody who can reach it"};
}

SettingSpec http_port_setting() {
  return {.key = "http_port",
          .flag = "--http-port",
          .unit = "port",
          .min = 0,
          .max = 65'535,
          .fallback = "0",
          .help = "port of these; 0: they are not served"};
}

}  // namespace lethe
