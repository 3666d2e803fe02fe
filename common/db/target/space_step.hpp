#pragma once

// Private to common/db.

#include "common/db/transact.hpp"
#include "common/tasks/space.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// Where the bytes of a run's table are: by catalog, statistics and the ledger, and by reading the
/// end of each relation for about a second altogether. Reads only. Throws UserError when the table
/// is gone. Not for runs that call a function.
[[nodiscard]] Space look_at_space(Transaction& transaction, const RunContext& run);

}  // namespace lethe::db
