#include "worker/config.hpp"

#include <fmt/format.h>

#include <chrono>
#include <set>
#include <utility>

#include "common/config/common_settings.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe::worker {

namespace {

SettingSpec slots_setting() {
  return {.key = "slots",
          .flag = "--slots",
          .unit = "tasks",
          .min = 1,
          .max = 64,
          .fallback = "4",
          .help = "tasks worked on at once; each may hold one connection per target"};
}

SettingSpec targets_setting() {
  return {.key = "targets",
          .flag = "--target",
          .kind = SettingKind::list,
          .unit = "names",
          .help = "work for these targets only; none named: for all"};
}

std::string lanes_problem(const std::vector<std::string>& lanes) {
  std::set<std::string> seen;
  for (const std::string& lane : lanes) {
    if (!is_name(lane))
      return fmt::format(
          "{} is not a lane; write 1 to 63 of a-z 0-9 _ . - and start with a letter or digit",
          shown(lane));
    if (!seen.insert(lane).second)
      return fmt::format("{} is named twice; write each lane once", shown(lane));
  }
  return "";
}

SettingSpec lanes_setting() {
  return {.key = "lanes",
          .flag = "--lanes",
          .kind = SettingKind::list,
          .unit = "names",
          .min = 1,
          .problem = lanes_problem,
          .fallback = "urgent,normal,bulk",
          .help = "lanes to lease from, the preferred one first"};
}

std::chrono::milliseconds seconds(const Settings& settings, const std::string& key) {
  return std::chrono::seconds(settings.number(key));
}

std::chrono::milliseconds milliseconds(const Settings& settings, const std::string& key) {
  return std::chrono::milliseconds(settings.number(key));
}

}  // namespace

SettingTable setting_table() {
  return {database_setting(),
          slots_setting(),
          targets_setting(),
          lanes_setting(),
          {.key = "lease_seconds",
           .unit = "seconds",
           .min = 30,
           .max = 3600,
           .fallback = "120",
           .help = "how long a task is leased; longer than any batch takes"},
          {.key = "heartbeat_seconds",
           .unit = "seconds",
           .min = 1,
           .max = 10,
           .fallback = "5",
           .help = "pause between two signs of life"},
          {.key = "idle_poll_ms",
           .unit = "milliseconds",
           .min = 10,
           .max = 60'000,
           .fallback = "500",
           .help = "pause between two looks for tasks when there is nothing to do"},
          {.key = "batch_target_ms",
           .unit = "milliseconds",
           .min = 10,
           .max = 10'000,
           .fallback = "250",
           .help = "how long one delete transaction should take; batch sizes follow it"},
          {.key = "drain_seconds",
           .unit = "seconds",
           .min = 1,
           .max = 3600,
           .fallback = "25",
           .help = "after the first signal, how long batches in hand may take to end"},
          clock_gap_setting(),
          {.key = "superuser",
           .kind = SettingKind::choice,
           .unit = "choice",
           .choices = {"refuse", "allow"},
           .fallback = "refuse",
           .help = "whether to work in targets as a superuser, whose rights triggers would have"},
          control_key_setting(),
          control_insecure_setting(),
          http_address_setting(),
          http_port_setting(),
          log_level_setting(),
          log_format_setting()};
}

WorkerOptions worker_options(const Settings& settings, WorkerInfo info) {
  WorkerOptions options;
  info.slots = static_cast<std::int32_t>(settings.number("slots"));
  info.targets = settings.list("targets");
  info.lanes = settings.list("lanes");
  options.heartbeat = {.info = std::move(info), .interval = seconds(settings, "heartbeat_seconds")};
  options.pool.slots = options.heartbeat.info.slots;
  options.pool.batch_target = milliseconds(settings, "batch_target_ms");
  options.dispatcher = {.lease_length = seconds(settings, "lease_seconds"),
                        .idle_poll = milliseconds(settings, "idle_poll_ms"),
                        .drain_timeout = seconds(settings, "drain_seconds"),
                        .lanes = options.heartbeat.info.lanes,
                        .targets = options.heartbeat.info.targets};
  options.channel.info = options.heartbeat.info;
  options.clock.gap = std::chrono::hours(settings.number("clock_gap_hours"));
  return options;
}

}  // namespace lethe::worker
