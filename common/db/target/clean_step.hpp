#pragma once

// Private to common/db.

#include <optional>

#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

struct BlockRange;
class Predicate;

/// How a batch deletes the rows of its range.
enum class BatchForm {
  whole,        ///< in one statement
  skip_locked,  ///< sweep: the same, leaving locked rows to a later pass
  row_by_row,   ///< parking the rows that the server refuses
};

/// One delete batch inside a transaction on the target.
struct CleanStep {
  const RunContext& run;
  const LeaseToken& lease;
  const TaskPayload& payload;  ///< of a clean task
  std::int64_t size = 0;       ///< blocks (sweep) or rows (index), > 0
  BatchForm form = BatchForm::whole;

  /// Fence, gate, identity, delete, ledger. `before` is set to the fence's totals as soon as they
  /// are known, for the case that the COMMIT is not answered. Throws Stop or UserError.
  [[nodiscard]] BatchDone run_in(Transaction& transaction,
                                 std::optional<FenceTotals>& before) const;
};

/// The blocks of a sweep's next batch. Its cursor is the number of the next block, "" at first.
[[nodiscard]] BlockRange sweep_range(const CleanWork& work, const std::string& cursor,
                                     std::int64_t size);

}  // namespace lethe::db
