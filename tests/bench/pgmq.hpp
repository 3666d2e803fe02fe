#pragma once

#include <cstdint>
#include <string>

#include "tests/bench/load.hpp"
#include "tests/support/test_database.hpp"

namespace lethe::bench {

/// PGMQ in a database of its own, installed from its single SQL file, with one queue. Its clients
/// speak libpq with prepared statements.
class Pgmq {
 public:
  /// Throws std::runtime_error when the file cannot be read.
  explicit Pgmq(const std::string& sql_file);

  void fill(std::int64_t messages);
  /// read(vt 30, qty `per_call`), then delete.
  [[nodiscard]] MakeCycle readers(int per_call) const;
  /// send_batch of `batch` messages.
  [[nodiscard]] MakeCycle senders(int batch) const;

 private:
  test::TestDatabase database_{false};
};

}  // namespace lethe::bench
