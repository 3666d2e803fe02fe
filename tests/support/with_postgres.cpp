// with_postgres [--set name=value]... -- command [args...]
//
// Runs a command with a private PostgreSQL server and ends with the command's exit code. The
// command finds the server in LETHE_TEST_DATABASE, a libpq connection string, and the directory of
// its programs in LETHE_PG_BINDIR.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "common/process/private_cluster.hpp"
#include "common/user_error.hpp"

namespace {

constexpr std::chrono::milliseconds signal_poll{50};

struct Arguments {
  lethe::ClusterOptions cluster;
  std::vector<std::string> command;
};

Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  std::size_t next = 0;
  for (; next + 1 < words.size() && words[next] == "--set"; next += 2) {
    const std::string& setting = words[next + 1];
    const std::size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw lethe::UserError(lethe::ExitCode::usage,
                             fmt::format("--set {}: give it as name=value", setting));
    }
    arguments.cluster.settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  if (next + 1 >= words.size() || words[next] != "--") {
    throw lethe::UserError(lethe::ExitCode::usage,
                           "usage: with_postgres [--set name=value]... -- command [args...]");
  }
  arguments.command.assign(words.begin() + static_cast<std::ptrdiff_t>(next) + 1, words.end());
  return arguments;
}

int run(const Arguments& arguments, const sigset_t& forwarded) {
  const lethe::PrivateCluster cluster(arguments.cluster);
  lethe::SpawnOptions options;
  options.environment = {{"LETHE_TEST_DATABASE", cluster.url()},
                         {"LETHE_PG_BINDIR", cluster.bin_dir()}};
  lethe::ChildProcess command = lethe::ChildProcess::spawn(arguments.command, options);
  while (true) {
    if (const std::optional<int> exit_code = command.wait_for(signal_poll)) return *exit_code;
    const timespec no_wait{.tv_sec = 0, .tv_nsec = 0};
    const int number = sigtimedwait(&forwarded, nullptr, &no_wait);
    if (number > 0) command.signal(number);
  }
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t forwarded;
  sigemptyset(&forwarded);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&forwarded, number);
  pthread_sigmask(SIG_BLOCK, &forwarded, nullptr);
  try {
    return run(parse({argv + 1, argv + argc}), forwarded);
  } catch (const lethe::UserError& error) {
    fmt::print(stderr, "with_postgres: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "with_postgres: {}\n", error.what());
    return static_cast<int>(lethe::ExitCode::failed);
  }
}
