#include "cli/local_fleet.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <system_error>

#include "common/user_error.hpp"

namespace lethe::cli {
namespace {

namespace fs = std::filesystem;

/// A worker gives its batches 25 s after the first signal.
constexpr std::chrono::milliseconds drain_limit{30'000};
constexpr std::chrono::milliseconds kill_grace{2'000};
constexpr std::int64_t spare_connections = 20;

/// The program of this name beside our own.
fs::path sibling(const std::string& name) {
  std::error_code unreadable;
  const fs::path directory = fs::read_symlink("/proc/self/exe", unreadable).parent_path();
  fs::path program = directory / name;
  if (access(program.c_str(), X_OK) == 0) return program;
  throw UserError(ExitCode::failed,
                  fmt::format("{} is not in {}, where this program lies; install or build all of "
                              "Lethe",
                              name, directory.string()));
}

/// The data live as long as the process, so nothing is gained by making them survive a crash.
ClusterOptions cluster_options(const FleetSize& size) {
  const std::int64_t daemon_connections = size.workers * (size.slots + 2);
  ClusterOptions options;
  options.settings = {{"fsync", "off"},
                      {"synchronous_commit", "off"},
                      {"full_page_writes", "off"},
                      {"max_connections", std::to_string(spare_connections + daemon_connections)}};
  return options;
}

std::string last_line(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string last = "its log is empty";
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

LocalFleet::LocalFleet(const FleetSize& size)
    : size_(size),
      scheduler_program_(sibling("lethe-scheduler")),
      worker_program_(sibling("lethe-worker")),
      cluster_(cluster_options(size)) {
  cluster_.create_database("control");
  cluster_.create_database("app");
}

LocalFleet::~LocalFleet() { stop(); }

std::string LocalFleet::endpoint(const std::string& who) const {
  return "ipc://" + (directory() / ("control-" + who)).string();
}

void LocalFleet::start(const std::string& name, const std::vector<std::string>& argv) {
  SpawnOptions options;
  // What is set for other daemons of this machine must not reach ours.
  options.environment = {{"LETHE_DATABASE_URL", control_url()},
                         {"LETHE_TARGETS", ""},
                         {"LETHE_LANES", ""},
                         {"LETHE_SUPERUSER", "allow"},  // the private server has no other role
                         {"LETHE_IDLE_POLL_MS", "100"},
                         {"LETHE_CONTROL_KEY_FILE", ""},
                         {"LETHE_CONTROL_WORKERS", endpoint("workers")},
                         {"LETHE_CONTROL_OPERATORS", endpoint("operators")},
                         {"LETHE_CONTROL_EVENTS", endpoint("events")}};
  options.working_directory = directory();
  options.stdout_file = directory() / (name + ".log");
  options.stderr_file = options.stdout_file;
  try {
    daemons_.push_back(
        {.name = name, .log = options.stdout_file, .process = ChildProcess::spawn(argv, options)});
  } catch (const std::system_error& error) {
    throw UserError(ExitCode::failed, error.what());
  }
}

void LocalFleet::start_daemons() {
  start("scheduler", {scheduler_program_});
  for (std::int64_t number = 1; number <= size_.workers; ++number)
    start(fmt::format("worker-{}", number),
          {worker_program_, "--slots", std::to_string(size_.slots)});
}

std::string LocalFleet::trouble() {
  constexpr std::chrono::milliseconds no_wait{0};
  for (Daemon& daemon : daemons_) {
    if (const auto exit_code = daemon.process.wait_for(no_wait))
      return fmt::format("{} has ended ({}); the last line of its log: {}", daemon.name, *exit_code,
                         last_line(daemon.log));
  }
  if (!cluster_.running()) return "the private PostgreSQL server has ended";
  return "";
}

void LocalFleet::stop() {
  for (Daemon& daemon : daemons_) daemon.process.signal(SIGTERM);
  for (Daemon& daemon : daemons_) {
    if (!daemon.process.wait_for(drain_limit)) daemon.process.stop(kill_grace);
  }
  daemons_.clear();
  cluster_.stop();
}

}  // namespace lethe::cli
