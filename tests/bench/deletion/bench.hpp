#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/deletion/tables.hpp"
#include "tests/bench/samples.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::bench {

struct DeletionOptions {
  std::int64_t rows = 2'000'000;  ///< of the table
  int repeats = 3;                ///< of comparisons, of which the median counts
};

/// The processes that do a run.
struct FleetShape {
  int workers = 2;
  int slots = 2;        ///< of each worker
  int max_running = 4;  ///< batches that the target lets run at once; 4 without a word
};

/// What all scenarios share: a control database and a target, prepared. Not thread-safe; for the
/// main thread.
class Bench {
 public:
  explicit Bench(const DeletionOptions& options);

  [[nodiscard]] const DeletionOptions& options() const { return options_; }
  [[nodiscard]] test::Fleet& fleet() { return fleet_; }
  [[nodiscard]] test::TestDatabase& target() { return fleet_.target(); }
  [[nodiscard]] Tables& tables() { return tables_; }

  /// Starts a scheduler and workers with their usual settings, and when they are up lets `lethe`
  /// make a run and wait for its end (`command` is `enqueue` or `policy run`). Then stops them.
  /// Returns elapsed_s (the run's finished_at - started_at, verification included), batches,
  /// worker_peak_mb (the largest), scheduler_peak_mb, and for the JSON file: run, strategy and
  /// seconds, where they went. Throws std::runtime_error when the run is not satisfied in half an
  /// hour.
  Json run_fleet(const FleetShape& shape, const std::vector<std::string>& command);
  /// The same for `lethe enqueue` of public.t.
  Json clean_by_fleet(const FleetShape& shape, const std::string& age);

  /// {elapsed_s, rows} of one statement in the target, outside of a transaction, on a connection of
  /// its own; of several it is the last one's rows.
  Json run_sql(const std::string& statement);

  /// Makes the table, lets `work` delete what is older than `age`, and checks that exactly that is
  /// gone. Returns what `work` did with rows_per_second and rows. Throws std::runtime_error when
  /// other rows are left.
  Json measure(const TableShape& shape, const std::string& age, const std::function<Json()>& work);

 private:
  void stop(std::vector<test::Daemon*> daemons);

  DeletionOptions options_;
  test::Fleet fleet_;
  Tables tables_;
};

/// Numbers that have elapsed_s, with rows_per_second and rows before them.
[[nodiscard]] Json with_rows(const Json& numbers, std::int64_t rows);

}  // namespace lethe::bench
