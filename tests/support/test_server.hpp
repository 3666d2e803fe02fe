#pragma once

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/process/child_process.hpp"

namespace lethe::test {

/// A PostgreSQL server that a test stops, starts and puts another one in the place of. Listens on a
/// Unix socket only. For the main thread; gone with the object. Throws std::runtime_error when
/// something does not work.
class TestServer {
 public:
  /// How a server ends.
  enum class End : int {
    fast = SIGINT,        ///< it ends every session and writes all to disk
    immediate = SIGQUIT,  ///< it recovers from its log when it starts again
    crash = SIGKILL,
  };

  /// A new server, running.
  TestServer();
  /// A streaming copy of `primary`, running; every commit there waits for it from now on.
  explicit TestServer(const TestServer& primary);
  ~TestServer();
  TestServer& operator=(const TestServer&) = delete;

  void stop(End end);
  /// Starts it and waits until it answers.
  void start();
  /// The copy becomes a server of its own; returns when it takes writes.
  void promote() const;

  /// What libpq connects with, but for the database.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string socket_directory() const { return (home_ / "socket").string(); }

 private:
  [[nodiscard]] std::string program(const std::string& name) const;
  void make_home();
  void run(const std::vector<std::string>& argv) const;
  void execute(const std::string& sql) const;
  void await(const std::string& sql) const;

  std::filesystem::path bin_;
  std::filesystem::path home_;
  SpawnOptions options_;
  std::optional<ChildProcess> server_;
};

}  // namespace lethe::test
