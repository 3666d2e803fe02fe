#pragma once

// Private to common/db.

#include <optional>
#include <string>

#include "common/db/target/cascade.hpp"
#include "common/db/target/clean_step.hpp"

namespace lethe::db {

/// Rows of one run that may be parked; a run with more of them has another trouble than some rows.
inline constexpr std::int64_t parked_rows_max = 1'000;

/// What a pass row by row did.
struct RowsDone {
  std::int64_t picked = 0;
  std::int64_t rows = 0;    ///< deleted
  std::int64_t parked = 0;  ///< refused by the server for a reason of their own
  std::int64_t locked = 0;  ///< left to a later pass
  Cascaded cascaded;
  std::optional<std::string> oldest;
  std::optional<std::string> newest;
  std::string cursor;  ///< index: the last picked row's time; "" when none was picked
};

/// Deletes the eligible rows of a batch's range one by one, each in a savepoint of its own, and
/// parks those that the server refuses because of themselves or of a trigger. Deferred constraints
/// are checked row by row. Throws Stop (permanent) when more than `parked_rows_max` rows of the run
/// are parked; any other error of the server ends the transaction.
[[nodiscard]] RowsDone delete_row_by_row(Transaction& transaction, const CleanStep& step,
                                         const BatchGround& ground, const std::string& cursor);

/// How many rows of a run are parked.
struct ParkedCount {
  std::int64_t rows = 0;
  std::string message;  ///< of the first; "" when there is none
};
[[nodiscard]] ParkedCount count_parked(Transaction& transaction, const std::string& run);

}  // namespace lethe::db
