#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "common/process/child_process.hpp"
#include "common/process/private_cluster.hpp"

namespace lethe::test {

/// A copy of a server's files, as a backup of the file system makes it, that can be started beside
/// it. Goes away with the original's directory, and must be destroyed before it.
class CopiedCluster {
 public:
  /// Copies what the original has now; nobody may write to it meanwhile.
  explicit CopiedCluster(const PrivateCluster& original)
      : bin_(original.bin_dir()), home_(original.directory()), copy_(home_ / "copy") {
    struct stat owner {};
    if (stat((home_ / "data").c_str(), &owner) != 0) throw std::runtime_error("no data directory");
    if (geteuid() == 0) options_.as_user = UserIds{.uid = owner.st_uid, .gid = owner.st_gid};
    execute(original.url(), "CHECKPOINT");
    run({"cp", "-a", home_ / "data", copy_});
    run({"rm", "-f", copy_ / "postmaster.pid"});
    run({"mkdir", "-m", "700", home_ / "socket"});
  }

  /// Starts the server; as one that takes over from the original when `promoted`.
  void start(bool promoted = false) {
    if (promoted) run({"touch", copy_ / "standby.signal"});
    options_.stdout_file = home_ / "copy.log";
    options_.stderr_file = home_ / "copy.log";
    options_.stop_signal = SIGINT;  // it does not wait for sessions to end
    server_ = ChildProcess::spawn(
        {bin_ / "postgres", "-D", copy_, "-c", "fsync=off", "-c", "listen_addresses=", "-c",
         "port=5432", "-c", "unix_socket_directories=" + (home_ / "socket").string()},
        options_);
    await("SELECT 1");
    if (promoted) execute(url(), "SELECT pg_promote()");
    await("CREATE TEMPORARY TABLE it_takes_writes ()");
  }

  /// A connection string for a database of the copy.
  [[nodiscard]] std::string url(const std::string& database = "postgres") const {
    return "host=" + (home_ / "socket").string() + " port=5432 user=postgres dbname=" + database;
  }

 private:
  static void execute(const std::string& url, const std::string& sql) {
    pqxx::connection connection(url);
    pqxx::nontransaction(connection).exec(sql);
  }
  void run(const std::vector<std::string>& argv) const {
    ChildProcess child = ChildProcess::spawn(argv, options_);
    if (child.wait_for(std::chrono::seconds(60)) != 0) throw std::runtime_error(argv.at(0));
  }
  void await(const std::string& sql) const {
    for (int turn = 0;; ++turn) {
      try {
        return execute(url(), sql);
      } catch (const std::exception&) {
        if (turn == 600) throw;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    }
  }

  std::filesystem::path bin_;
  std::filesystem::path home_;
  std::filesystem::path copy_;
  SpawnOptions options_;
  std::optional<ChildProcess> server_;
};

}  // namespace lethe::test
