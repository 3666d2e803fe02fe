#include "scheduler/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <utility>

#include "common/config/common_settings.hpp"
#include "common/policies/text_rules.hpp"
#include "common/user_error.hpp"

namespace lethe::scheduler {

namespace {

constexpr std::size_t ipc_path_max = 100;  // the system has room for 107

bool is_tcp(const std::string& endpoint) { return endpoint.rfind("tcp://", 0) == 0; }

std::string port_problem(const std::string& port) {
  if (port == "*") return "";
  std::int32_t number = 0;
  const char* const end = port.data() + port.size();
  const auto [stop, error] = std::from_chars(port.data(), end, number);
  const bool fits = error == std::errc() && stop == end && number >= 1 && number <= 65'535;
  return fits ? "" : "its port must be 1 to 65535";
}

/// "tcp://host:port", "tcp://[v6]:port" or "ipc:///path"; "" is none.
std::string endpoint_problem(const std::vector<std::string>& texts) {
  const std::string& text = texts.front();
  if (text.empty()) return "";
  const std::string cure = "write tcp://ADDRESS:PORT, such as tcp://127.0.0.1:7401, or ipc:///PATH";
  if (text.rfind("ipc:///", 0) == 0)
    return text.size() <= ipc_path_max
               ? ""
               : fmt::format("the path of {} is too long; use at most {} bytes", shown(text),
                             ipc_path_max - 6);
  const auto colon = text.rfind(':');
  if (!is_tcp(text) || colon == std::string::npos || colon < 7)
    return fmt::format("{} is no endpoint; {}", shown(text), cure);
  const std::string problem = port_problem(text.substr(colon + 1));
  return problem.empty() ? "" : fmt::format("{}: {}; {}", shown(text), problem, cure);
}

std::string host_problem(const std::vector<std::string>& texts) {
  const bool is_clean = std::all_of(texts.front().begin(), texts.front().end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == ':';
  });
  return is_clean ? "" : fmt::format("{} is no host name or address", shown(texts.front()));
}

SettingSpec endpoint_setting(const std::string& who, const std::string& what) {
  return {.key = "control_" + who,
          .kind = SettingKind::text,
          .unit = "endpoint",
          .problem = endpoint_problem,
          .help = "where " + what + ": tcp://ADDRESS:PORT or ipc:///PATH; none: nowhere"};
}

bool is_everywhere(const std::string& endpoint) {
  for (const char* any : {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"})
    if (endpoint.rfind(any, 0) == 0) return true;
  return false;
}

}  // namespace

SettingTable setting_table() {
  return {database_setting(),
          {.key = "term_seconds",
           .unit = "seconds",
           .min = 5,
           .max = 300,
           .fallback = "15",
           .help = "length of a term; another scheduler takes over after at most this"},
          {.key = "tick_ms",
           .unit = "milliseconds",
           .min = 10,
           .max = 5'000,
           .fallback = "200",
           .help = "pause between two looks at what is due"},
          {.key = "worker_ttl_seconds",
           .unit = "seconds",
           .min = 25,
           .max = 3'600,
           .fallback = "30",
           .help = "a worker that was not heard of for so long is lost"},
          {.key = "history_days",
           .unit = "days",
           .min = 1,
           .max = 3'650,
           .fallback = "14",
           .help = "how long finished tasks are kept"},
          {.key = "dead_days",
           .unit = "days",
           .min = 1,
           .max = 3'650,
           .fallback = "30",
           .help = "how long dead letters are kept"},
          clock_gap_setting(),
          endpoint_setting("workers", "workers connect"),
          endpoint_setting("operators", "commands are taken"),
          endpoint_setting("events", "events are published"),
          {.key = "control_host",
           .kind = SettingKind::text,
           .unit = "host",
           .problem = host_problem,
           .help = "what others call this machine, where an endpoint is tcp on every address"},
          control_key_setting(),
          control_insecure_setting(),
          {.key = "statistics_seconds",
           .unit = "seconds",
           .min = 1,
           .max = 3'600,
           .fallback = "15",
           .help = "pause between two looks of the leader at what it tells as metrics"},
          http_address_setting(),
          http_port_setting(),
          log_level_setting(),
          log_format_setting()};
}

bool ControlSettings::is_open_to_all() const {
  return key_file.empty() && (is_tcp(workers) || is_tcp(operators) || is_tcp(events));
}

ControlSettings control_settings(const Settings& settings) {
  ControlSettings control{.workers = settings.text("control_workers"),
                          .operators = settings.text("control_operators"),
                          .events = settings.text("control_events"),
                          .host = settings.text("control_host"),
                          .key_file = settings.text("control_key_file")};
  const bool may_be_open = settings.text("control_insecure") == "allow";
  for (const std::string* endpoint : {&control.workers, &control.operators, &control.events}) {
    if (is_everywhere(*endpoint) && control.host.empty())
      throw UserError(ExitCode::bad_config,
                      fmt::format("{} is every address of this machine; set control_host to the "
                                  "name by which others reach it",
                                  *endpoint));
    if (!is_tcp(*endpoint) || !control.key_file.empty() || may_be_open) continue;
    throw UserError(ExitCode::bad_config,
                    fmt::format("{} needs keys: set control_key_file to a file made by lethe keys "
                                "generate, or use ipc:///PATH; --insecure does without",
                                *endpoint));
  }
  return control;
}

SchedulerOptions scheduler_options(const Settings& settings, std::string holder) {
  SchedulerOptions options;
  options.leader.holder = std::move(holder);
  options.leader.term = std::chrono::seconds(settings.number("term_seconds"));
  options.leader.tick = std::chrono::milliseconds(settings.number("tick_ms"));
  options.worker_ttl = std::chrono::seconds(settings.number("worker_ttl_seconds"));
  options.keep.history = static_cast<std::int32_t>(settings.number("history_days"));
  options.keep.dead = static_cast<std::int32_t>(settings.number("dead_days"));
  options.clock.gap = std::chrono::hours(settings.number("clock_gap_hours"));
  return options;
}

}  // namespace lethe::scheduler
