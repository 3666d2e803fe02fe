#pragma once

// Private to common/db.

#include <optional>

#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

struct BuiltStatement;
struct CascadeStep;
struct Cascaded;
struct RowPick;
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

/// What a batch deletes from. Borrowed.
struct BatchGround {
  const std::string& relation;  ///< locked, quoted
  const Predicate& predicate;
  const std::vector<CascadeStep>& children;  ///< what goes before its rows
};

/// The rows of a step's next batch, by the strategy of its task; see batch_delete.hpp.
[[nodiscard]] BuiltStatement pick_batch(const CleanStep& step, const BatchGround& ground,
                                        const std::string& cursor, const RowPick& pick);

/// Stops (permanent): `picked` rows were chosen, and a trigger or rule kept some of them.
[[noreturn]] void stop_kept(std::int64_t picked, std::int64_t deleted, const std::string& relation);

}  // namespace lethe::db
