#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/process/child_process.hpp"
#include "common/tasks/task_queue.hpp"
#include "tests/bench/load.hpp"
#include "tests/support/test_database.hpp"

namespace lethe::bench {

/// Lethe's queue in a database of its own, with one target and one open run per tenant.
struct QueueShape {
  int tenants = 100;
  int max_running = 1000;      ///< of the target
  int tenant_max_running = 4;  ///< of each tenant
  bool with_scheduler = true;  ///< a real lethe-scheduler does its duties meanwhile
};

/// Constructed on the main thread. Errors: whatever libpqxx, StoreError and std::system_error say.
class OwnQueue {
 public:
  explicit OwnQueue(const QueueShape& shape);

  [[nodiscard]] test::TestDatabase& database() { return database_; }

  /// Puts waiting tasks in by one statement, then vacuums and admits as many as may run.
  void fill_evenly(std::int64_t tasks);
  /// The same with `first` tasks for the first tenant and `others` for every other one.
  void fill_unevenly(std::int64_t first, std::int64_t others);

  /// A worker that leases `per_call` tasks at once and settles them as done with its next call.
  [[nodiscard]] MakeCycle workers(int per_call);

  /// Adds batches of new tasks as plans do: insert_tasks, then the admission in a transaction of
  /// its own.
  [[nodiscard]] MakeCycle feeders(int batch);

  /// How many calls of the workers failed and were repeated.
  [[nodiscard]] std::int64_t errors() const { return errors_; }

 private:
  void fill(const std::string& tenant_and_number);

  test::TestDatabase database_;
  int tenants_;
  SystemClock clock_;
  std::atomic<std::int64_t> errors_ = 0;
  std::vector<ChildProcess> scheduler_;  // none or one
};

}  // namespace lethe::bench
