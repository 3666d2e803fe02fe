#pragma once

// Private to common/db.

#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// Looks for eligible rows in a run's table, from where the fence of the verify task stands, for
/// about two seconds. Throws Stop or UserError.
[[nodiscard]] Verified verify_step(Transaction& transaction, const RunContext& run,
                                   const LeaseToken& lease, const RunBounds& bounds);

}  // namespace lethe::db
