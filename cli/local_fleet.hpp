#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/process/child_process.hpp"
#include "common/process/private_cluster.hpp"

namespace lethe::cli {

/// How many daemons a fleet has.
struct FleetSize {
  std::int64_t workers = 2;  ///< 1..16
  std::int64_t slots = 2;    ///< 1..16, tasks that each worker may hold
};

/// A fleet of real processes on this machine: a private PostgreSQL server with the databases
/// `control` and `app`, one scheduler, some workers. Everything is gone with the object. Construct
/// it on the main thread. Not safe to share between threads.
class LocalFleet {
 public:
  /// Starts the server with both databases, empty. Throws UserError when something that is needed
  /// is not installed, before anything was started.
  explicit LocalFleet(const FleetSize& size);
  LocalFleet(const LocalFleet&) = delete;
  LocalFleet& operator=(const LocalFleet&) = delete;
  ~LocalFleet();

  [[nodiscard]] const FleetSize& size() const noexcept { return size_; }
  [[nodiscard]] std::string control_url() const { return cluster_.url("control"); }
  [[nodiscard]] std::string target_url() const { return cluster_.url("app"); }
  /// Holds the data and the logs of all processes.
  [[nodiscard]] const std::filesystem::path& directory() const { return cluster_.directory(); }

  /// Needs the control schema. Returns as soon as the programs have been loaded.
  void start_daemons();

  /// What has ended by itself, with the last line of its log; "" while everything runs.
  [[nodiscard]] std::string trouble();

  /// Lets the daemons finish their batches, ends them and the server, removes the directory. Does
  /// nothing the second time.
  void stop();

 private:
  struct Daemon {
    std::string name;
    std::filesystem::path log;
    ChildProcess process;
  };
  /// Where the scheduler is reached: a file that only this fleet may open.
  [[nodiscard]] std::string endpoint(const std::string& who) const;
  void start(const std::string& name, const std::vector<std::string>& argv);

  FleetSize size_;
  std::filesystem::path scheduler_program_;
  std::filesystem::path worker_program_;
  PrivateCluster cluster_;
  std::vector<Daemon> daemons_;  // last, so that they end before the server
};

}  // namespace lethe::cli
