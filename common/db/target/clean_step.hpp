#pragma once

// Private to common/db.

#include <optional>

#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

struct BuiltStatement;
class Predicate;

/// One batch of a clean task inside a transaction on the target.
struct CleanStep {
  const RunContext& run;
  const LeaseToken& lease;
  const TaskPayload& payload;  ///< of a clean task
  std::int64_t size = 0;       ///< blocks (sweep), rows (index) or 1 (partition)
  bool skip_locked = false;    ///< sweep: leave locked rows to a later pass

  /// Fence, gate, identity, delete (or the end of a partition), ledger. `before` is set to the
  /// fence's totals as soon as they are known, for the case that the COMMIT is not answered. Throws
  /// Stop or UserError.
  [[nodiscard]] BatchDone run_in(Transaction& transaction,
                                 std::optional<FenceTotals>& before) const;
};

}  // namespace lethe::db
