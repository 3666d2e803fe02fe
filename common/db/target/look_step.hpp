#pragma once

// Private to common/db.

#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// Looks at a run's table inside a transaction on its target: fence, gate, catalog, statistics,
/// keep_min's boundaries; stores the run's cutoffs. Of a policy that calls a function, at that
/// alone. Throws Stop or UserError (a table that cannot be cleaned).
[[nodiscard]] PlanFacts look_step(Transaction& transaction, const RunContext& run,
                                  const LeaseToken& lease);

}  // namespace lethe::db
