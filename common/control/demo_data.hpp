#pragma once

#include <cstdint>

namespace lethe {

/// The tables that `lethe demo` cleans.
enum class DemoTable { executions, events, idempotency_keys };

/// Rows `first` to `last` (both included, from 1) of a table that is to have `total` of them. The
/// numbers decide what is in a row, so that the same numbers always make the same data.
struct DemoSlice {
  DemoTable table = DemoTable::executions;
  std::int64_t first = 1;
  std::int64_t last = 0;
  std::int64_t total = 0;
};

/// Sample data in a database of our own. No row is within two hours of becoming older than any
/// whole number of days, so that counts do not depend on how long a demonstration takes.
/// Thread safety: none. Errors: StoreError.
class DemoData {
 public:
  virtual ~DemoData() = default;
  /// Creates the tables, empty. Rejected when one of them is there already.
  virtual void create_tables() = 0;
  virtual void add_rows(const DemoSlice& slice) = 0;
  /// Brings the planner's statistics up to date.
  virtual void analyze() = 0;
};

}  // namespace lethe
