#pragma once

// Private to common/db: what guards want to know of a table, whatever its statistics say.

#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// Counts every row of a small table; else a sample of its blocks, the same part of each relation:
/// then the eligible rows are an estimate. After fence and gate. Throws Stop or UserError.
[[nodiscard]] Volume weigh_step(Transaction& transaction, const RunContext& run,
                                const LeaseToken& lease, const RunBounds& bounds);

/// Counts eligible rows, no more than `rows_max` and one. The server cancels it after a few
/// seconds. After fence and gate. Throws Stop or UserError.
[[nodiscard]] std::int64_t count_eligible(Transaction& transaction, const RunContext& run,
                                          const LeaseToken& lease, const RunBounds& bounds,
                                          std::int64_t rows_max);

/// Whether a sample leaves open that there are more than `rows_max` eligible rows. Where it does
/// not, counting them would only take time.
[[nodiscard]] bool needs_count(const Volume& sampled, std::int64_t rows_max);

/// A sample's volume with what was counted by count_eligible() beside it.
[[nodiscard]] Volume corrected(Volume sampled, std::int64_t counted, std::int64_t rows_max);

}  // namespace lethe::db
