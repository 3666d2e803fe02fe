#include "scheduler/config.hpp"

#include <chrono>
#include <utility>

#include "common/config/common_settings.hpp"

namespace lethe::scheduler {

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
