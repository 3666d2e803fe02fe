#pragma once

// Private to common/db.

#include <optional>

#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// How far a batch came, for whoever must say what its end means.
struct BatchProgress {
  /// The fence's totals before it, as soon as only the COMMIT is missing.
  std::optional<FenceTotals> before;
  bool calling = false;  ///< a function of the user's was running
};

/// One batch of a clean task inside a transaction on the target.
struct CleanStep {
  const RunContext& run;
  const LeaseToken& lease;
  const TaskPayload& payload;  ///< of a clean task
  std::int64_t size = 0;       ///< blocks (sweep) or rows (index, call) or 1 (partition)
  bool skip_locked = false;    ///< sweep: leave locked rows to a later pass

  /// Fence, gate, identity, delete (or update, or call, or the end of a partition), ledger. Throws
  /// Stop or UserError.
  [[nodiscard]] BatchDone run_in(Transaction& transaction, BatchProgress& progress) const;
};

}  // namespace lethe::db
