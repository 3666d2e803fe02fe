#include "common/config/daemon.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>

#include "common/config/command_line.hpp"
#include "common/config/settings_file.hpp"
#include "common/logging.hpp"
#include "common/store_error.hpp"
#include "common/user_error.hpp"

namespace lethe {

namespace {

constexpr int exit_defect = 70;  // EX_SOFTWARE

std::optional<std::string> environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

int run(const Daemon& daemon, int argc, char** argv) {
  const CommandLine line = parse_command_line(daemon, argc, argv);
  if (line.text) {
    fmt::print("{}", *line.text);
    return static_cast<int>(ExitCode::done);
  }
  const std::string text = line.file.empty() ? std::string() : read_settings_file(line.file);
  const Settings settings = read_settings(
      daemon.settings,
      {.file = line.file, .file_text = text, .environment = environment, .flags = line.flags});
  if (daemon.check) daemon.check(settings);
  if (line.print_config) fmt::print("{}", settings.print());
  if (line.print_config || line.check_config) return static_cast<int>(ExitCode::done);
  const LogFormat format = log_format_from(settings.text("log_format"));
  start_logging(daemon.program, log_level_from(settings.text("log_level")), format);
  log_event(LogLevel::info, "started",
            {{"version", daemon.version}, {"instance", instance_name()}});
  try {
    daemon.run(settings);
  } catch (const UserError& error) {
    if (format == LogFormat::text) throw;
    // Whoever reads the log reads JSON only.
    log_event(LogLevel::error, "refused_to_start",
              {{"exit_code", static_cast<int>(error.code())}, {"error", error.what()}});
    return static_cast<int>(error.code());
  }
  log_event(LogLevel::info, "stopped", {});
  return static_cast<int>(ExitCode::done);
}

}  // namespace

int daemon_main(const Daemon& daemon, int argc, char** argv) {
  try {
    return run(daemon, argc, argv);
  } catch (const UserError& error) {
    fmt::print(stderr, "{}: {}\n", daemon.program, error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    log_event(LogLevel::error, "defect", {{"error", error.what()}});
    return exit_defect;
  }
}

bool wait_for_control(Migrations& migrations, Clock& clock, Random& random,
                      const std::stop_token& stop) {
  constexpr std::chrono::milliseconds pause_max{10'000};
  std::chrono::milliseconds pause{500};
  while (!stop.stop_requested()) {
    try {
      migrations.require_known();
      return true;
    } catch (const StoreError& error) {
      const bool ours = error.failure() == Failure::rejected;
      log_event(ours ? LogLevel::error : LogLevel::warn, "control_unreachable",
                {{"failure", to_string(error.failure())},
                 {"error", error.what()},
                 {"pause_ms", pause.count()}});
    }
    clock.wait_for(jittered(pause, random), stop);
    pause = std::min(pause_max, pause * 2);
  }
  return false;
}

std::string instance_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host = {'?'};
  return fmt::format("{}:{}", host.data(), getpid());
}

}  // namespace lethe
