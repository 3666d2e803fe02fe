#pragma once

#include <cstdint>
#include <optional>

namespace lethe {

/// Where the bytes of a run's table are, its partitions together: looked at when the run's
/// verification found nothing left. What is not measured is an estimate, and nothing where the
/// database does not know enough for one. docs/operations.md, "Where the space is".
struct Space {
  std::int64_t table_bytes = 0;  ///< on disk now, with TOAST
  std::int64_t index_bytes = 0;  ///< on disk now
  /// Estimate: of versions of rows that no VACUUM has cleared away yet, those of the run included.
  std::optional<std::int64_t> dead_bytes;
  /// Estimate: free inside the table, for rows to come.
  std::optional<std::int64_t> reusable_bytes;
  /// Estimate, and no more than a part of the other two: what a VACUUM would give back, because it
  /// lies at the end of the table. At least so much: only the end is looked at, for a short time.
  std::optional<std::int64_t> returnable_bytes;
  std::int64_t returned_bytes = 0;     ///< of partitions that the run dropped, with indexes
  std::int64_t quarantined_bytes = 0;  ///< of those that it put aside; the purge gives them back
  /// Rows that were ever inserted, as statistics count: from two looks follows how fast they come.
  std::int64_t inserted_rows = 0;
};

}  // namespace lethe
