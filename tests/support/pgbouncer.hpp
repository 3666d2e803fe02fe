#pragma once

#include <filesystem>
#include <string>

#include "common/process/child_process.hpp"

namespace lethe::test {

/// What a client of PgBouncer keeps of its server connection (pool_mode).
enum class PoolMode { session, transaction, statement };

/// A PgBouncer of its own in front of the server named by LETHE_TEST_DATABASE, on a Unix socket in
/// a directory of its own; it shares out two server connections per database. Runs as the server's
/// user, because it refuses to run as root, and logs in as that server's superuser. Stopped and
/// removed on destruction. For the main thread only (see SpawnOptions::die_with_parent). Errors:
/// std::runtime_error that says what to install or quotes PgBouncer's log.
class PgBouncer {
 public:
  static constexpr int server_connections = 2;

  explicit PgBouncer(PoolMode mode = PoolMode::transaction);

  /// The connection string that leads through the pooler to the database that `url` leads to
  /// directly. The database must be there already.
  [[nodiscard]] std::string url(const std::string& url) const;
  /// What it has said so far.
  [[nodiscard]] std::string log() const;

 private:
  /// Removed with the object.
  class Directory {
   public:
    Directory();
    ~Directory();
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

   private:
    std::filesystem::path path_;
  };

  void wait_until_ready();

  Directory directory_;
  ChildProcess process_;
};

}  // namespace lethe::test
