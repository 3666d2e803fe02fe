#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lethe {

/// How many there are, by a name of a closed set.
using NamedCounts = std::vector<std::pair<std::string, std::int64_t>>;

struct LaneStatistics {
  std::string lane;
  std::int64_t busy = 0;      ///< leased tasks
  std::int64_t ready = 0;     ///< admitted ones that wait for a worker
  double oldest_seconds = 0;  ///< since the oldest of these is ready; 0 when there is none
};

struct WorkerStatistics {
  std::string phase;  ///< "running" or "draining"
  std::int64_t workers = 0;
  std::int64_t slots = 0;
  std::int64_t busy = 0;
};

struct PolicyStatistics {
  std::string name;
  std::string target;
  /// Since the policy as it is now was last proved satisfied: no row is overdue by more. Since it
  /// was made so where it never was, which proves nothing of its rows.
  double lag_seconds = 0;
  bool failing = false;  ///< its last run that ended was neither satisfied nor cancelled
  std::optional<double> inserts_per_second{};  ///< by the table's statistics; nothing: unknown
  std::optional<double> deletes_per_second{};  ///< by the runs; nothing: unknown
};

/// The whole fleet, as the control database knows it. Counts end at 100,000.
struct FleetStatistics {
  NamedCounts tasks;                      ///< by state
  NamedCounts runs;                       ///< open ones, by state
  NamedCounts dead;                       ///< dead letters, by why
  NamedCounts brakes;                     ///< what holds the fleet back
  std::vector<LaneStatistics> lanes;      ///< at most 100
  std::vector<WorkerStatistics> workers;  ///< by phase
  /// Enabled ones, at most 1,000: those that fail first, then those with the longest lag.
  std::vector<PolicyStatistics> policies;
  /// Transactions since the oldest of what holds VACUUM up here: snapshots and transactions, of
  /// this database and of replicas, prepared transactions, slots. 0: nothing does.
  std::int64_t xmin_age = 0;
  /// Since the oldest transaction that does so began; nothing: there is none, or this role may not
  /// see since when one of them does.
  std::optional<double> oldest_transaction_seconds{};
};

/// PORT: what is counted of the fleet. Cheap statements, none of which reads a target. Thread
/// safety: none. Errors: StoreError.
class StatisticsStore {
 public:
  virtual ~StatisticsStore() = default;
  virtual FleetStatistics read() = 0;
  /// A part of it: open runs by state.
  virtual NamedCounts open_runs() = 0;
  /// A part of it: how policies fare.
  virtual std::vector<PolicyStatistics> policies() = 0;
};

}  // namespace lethe
