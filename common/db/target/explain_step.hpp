#pragma once

// Private to common/db.

#include "common/control/target_database.hpp"
#include "common/db/transact.hpp"
#include "common/policies/policy.hpp"

namespace lethe::db {

/// What TargetDatabase::explain returns, inside a transaction that only reads. Throws UserError
/// for a table or a column that does not exist or is of another kind.
[[nodiscard]] Explanation explain_step(Transaction& transaction, const Policy& policy);

}  // namespace lethe::db
