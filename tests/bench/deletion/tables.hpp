#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/test_database.hpp"

namespace lethe::bench {

/// How rows lie on disk.
enum class Order {
  random,  ///< old and new ones in every block
  time     ///< the oldest first
};

/// "random order", "time order".
[[nodiscard]] const char* to_text(Order order);

struct TableShape {
  Order order = Order::random;
  std::int64_t tenants = 100;
  bool time_index = false;  ///< also an index on created_at alone
};

/// Lengths of time older than which that share of what Tables::make makes is. No row comes within a
/// day of them, so a benchmark may take its time.
inline constexpr const char* half_of_rows = "100 days";
inline constexpr const char* hundredth_of_rows = "199 days";

/// Makes public.t(id, tenant_id, created_at, kind, payload), about 230 bytes a row, with a primary
/// key and an index on (tenant_id, created_at), in the same state again and again: copied from a
/// template that is made once per order, vacuumed, analyzed, left alone by autovacuum, and with a
/// checkpoint behind it. Rows are up to 202 days old.
/// Not thread-safe. Errors: those of libpqxx.
class Tables {
 public:
  /// `target` is borrowed and must outlive this; `rows` is 1000 or more.
  Tables(test::TestDatabase& target, std::int64_t rows);

  void make(const TableShape& shape);
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Rows of public.t now; with an age, those that are older.
  [[nodiscard]] std::int64_t count();
  [[nodiscard]] std::int64_t count_older_than(const std::string& age);

  /// Vacuums and analyzes a table that was just filled, and waits for a checkpoint.
  void settle(const std::string& table);
  /// Runs each statement outside of a transaction.
  void run(const std::vector<std::string>& statements);

 private:
  void ensure_template(Order order);

  test::TestDatabase& target_;
  std::int64_t rows_;
};

}  // namespace lethe::bench
