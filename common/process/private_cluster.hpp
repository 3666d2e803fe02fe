#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/process/child_process.hpp"

namespace lethe {

class PrivateDirectory;

struct ClusterOptions {
  /// Server settings, e.g. {"fsync", "off"}. Where the server listens cannot be changed.
  std::vector<std::pair<std::string, std::string>> settings{};
  std::chrono::milliseconds start_limit{60'000};  ///< how long the server may take to answer
};

/// A PostgreSQL server of our own, gone with the object or, when this process is killed, with the
/// process. It asks for no password ("trust"): it listens on nothing but a Unix socket inside a
/// directory of mode 0700, so whoever can reach it could read its files anyway, and a password
/// would only have to be stored next to them.
///
/// Also removes the directories that killed predecessors left behind.
///
/// Construct it on the main thread (see SpawnOptions::die_with_parent). PostgreSQL refuses to run
/// as root, so under root the server runs as `postgres`, or `nobody` where there is no such user.
/// Not safe to share between threads.
class PrivateCluster {
 public:
  /// Returns when the server answers, about a second later. Throws UserError, with the end of the
  /// server's log, when it cannot be created, and when no server is installed.
  explicit PrivateCluster(const ClusterOptions& options = {});

  PrivateCluster(const PrivateCluster&) = delete;
  PrivateCluster& operator=(const PrivateCluster&) = delete;
  ~PrivateCluster();

  /// Ends every session and the server and removes the directory. Does nothing the second time.
  /// Afterwards there is no directory and no url.
  void stop();

  /// A libpq connection string for a database of this server, as its superuser.
  [[nodiscard]] std::string url(const std::string& database = "postgres") const;
  /// Throws UserError with the server's message, e.g. when the database is there already.
  void create_database(const std::string& name) const;

  [[nodiscard]] const std::filesystem::path& bin_dir() const noexcept { return bin_dir_; }
  /// Holds the socket, the data and the logs.
  [[nodiscard]] const std::filesystem::path& directory() const noexcept;
  [[nodiscard]] pid_t server_pid() const noexcept { return server_.pid(); }
  /// False once the server has ended by itself.
  [[nodiscard]] bool running() { return server_.running(); }

 private:
  [[nodiscard]] ChildProcess spawn(const std::vector<std::string>& argv) const;
  void initialize() const;
  [[nodiscard]] ChildProcess start_server(const ClusterOptions& options) const;
  void wait_until_ready(std::chrono::milliseconds limit);
  [[nodiscard]] std::string log_tail() const;

  std::filesystem::path bin_dir_;
  std::optional<UserIds> server_user_;  // nothing: ours
  std::unique_ptr<PrivateDirectory> directory_;
  ChildProcess server_;  // last, so that the server stops before its directory is removed
};

/// The directory of `initdb` and `postgres`: $LETHE_PG_BINDIR, else the highest version under
/// /usr/lib/postgresql, else `pg_config --bindir`, else PATH. Throws UserError when there is none.
[[nodiscard]] std::filesystem::path find_server_programs();

}  // namespace lethe
