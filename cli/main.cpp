#include <pwd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "common/archive/file_archive.hpp"
#include "common/clock.hpp"
#include "common/db/connection_string.hpp"
#include "common/db/control_database.hpp"
#include "common/db/demo_data.hpp"
#include "common/db/target_connector.hpp"
#include "common/logging.hpp"
#include "common/random.hpp"
#include "common/shutdown_signal.hpp"
#include "common/transport/zmq_control_access.hpp"

namespace {

constexpr const char* application_name = "lethe";
constexpr int columns_default = 80;
constexpr int columns_min = 20;
constexpr int lines_default = 24;

/// "" when it is not set.
std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no thread exists yet
  return value == nullptr ? "" : value;
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

/// Who acts, for the audit: $LETHE_ACTOR, else the user of this process at this host.
std::string find_actor() {
  std::string chosen = variable("LETHE_ACTOR");
  if (!chosen.empty()) return chosen;
  const passwd* user = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe): no thread exists yet
  const std::string name = user == nullptr ? std::to_string(geteuid()) : user->pw_name;
  return name + "@" + host_name();
}

/// The terminal's width, for whoever has none $COLUMNS.
int find_columns(const winsize& size) {
  if (size.ws_col >= columns_min) return size.ws_col;
  const std::string text = variable("COLUMNS");
  int columns = 0;
  std::from_chars(text.data(), text.data() + text.size(), columns);
  return columns >= columns_min ? columns : columns_default;
}

lethe::cli::Terminal find_terminal() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  return {.in = isatty(STDIN_FILENO) == 1,
          .out = isatty(STDOUT_FILENO) == 1,
          .err = isatty(STDERR_FILENO) == 1,
          .colour = variable("NO_COLOR").empty(),
          .columns = find_columns(size),
          .lines = size.ws_row > 0 ? size.ws_row : lines_default};
}

}  // namespace

int main(int argc, char** argv) {
  // What people need to know is written by the commands.
  lethe::start_logging(application_name, lethe::LogLevel::error);
  lethe::SystemClock clock;
  lethe::SeededRandom random;
  lethe::archive::FileArchive archive;
  lethe::transport::ZmqControlAccess access;
  lethe::db::PgTargetConnector connector(application_name);
  std::unique_ptr<lethe::db::ControlDatabase> control;
  std::unique_ptr<lethe::ShutdownSignal> signals;

  const auto open = [&](const std::string& connection) -> lethe::cli::Stores {
    lethe::db::check_control_connection(connection);
    control =
        std::make_unique<lethe::db::ControlDatabase>(connection, application_name, clock, random);
    return {control->targets(),   control->policies(),   control->runs(),       control->tasks(),
            control->dead(),      control->tenants(),    control->fleet(),      control->audit(),
            control->inspector(), control->proof(),      control->migrations(), control->commands(),
            control->keys(),      control->schedulers(), control->statistics()};
  };
  // Only from here on are signals blocked: until then Ctrl-C ends the process as everybody expects.
  const auto interrupted = [&] {
    if (signals == nullptr) signals = std::make_unique<lethe::ShutdownSignal>();
    return signals->drain();
  };
  lethe::cli::Environment environment{
      .open = open,
      .connector = connector,
      .clock = clock,
      .in = std::cin,
      .out = std::cout,
      .err = std::cerr,
      .terminal = find_terminal(),
      .actor = find_actor(),
      .database = variable("LETHE_DATABASE_URL"),
      .interrupted = interrupted,
      .demo_data =
          [](const std::string& connection) {
            return std::make_unique<lethe::db::PgDemoData>(connection, application_name);
          },
      .archive = &archive,
      .control = &access,
      .control_key_file = variable("LETHE_CONTROL_KEY_FILE"),
      .control_insecure = variable("LETHE_CONTROL_INSECURE") == "allow"};
  return static_cast<int>(
      lethe::cli::run_app(std::vector<std::string>(argv + 1, argv + argc), environment));
}
