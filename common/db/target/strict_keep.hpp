#pragma once

// Private to common/db: keep_min as it stands while nobody else may change the table.

#include <string>

#include "common/db/target/batch_delete.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/clean_step.hpp"

namespace lethe::db {

/// Locks the policy's table with all its partitions against every other writer until the end of the
/// transaction, waiting at most lock_timeout for those that are at work, and returns what the
/// catalog says of it then. Before any other lock on rows or tables of it.
[[nodiscard]] TableFacts lock_strictly(Transaction& transaction, const RunContext& run);

/// The boundary of a table-wide keep_min in the locked table, or the plan's where that keeps more.
[[nodiscard]] std::string strict_boundary(Transaction& transaction, const Policy& policy,
                                          const TableFacts& table, const std::string& planned);

/// What strict_cutoffs() needs to know of a batch. Everything is borrowed.
struct StrictBatch {
  const RunContext& run;    ///< with the tenants' own rules
  const TableFacts& table;  ///< locked strictly
  const std::string& relation;
  const Predicate& predicate;  ///< what the plan lets go
  const SweptRange& range;
};

/// What keep_min keeps now of each tenant that the batch would take rows of: the argument of
/// Predicate::keep_newest.
[[nodiscard]] std::string strict_cutoffs(Transaction& transaction, const StrictBatch& batch);

}  // namespace lethe::db
