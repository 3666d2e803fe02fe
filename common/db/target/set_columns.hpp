#pragma once

// Private to common/db.

#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/policies/policy.hpp"

namespace lethe::db {

/// Checks that the columns of an action `set` exist and may get new values: that rows are neither
/// judged nor placed nor referred to by them, and that this role may update them. Throws UserError
/// (bad_config) "FIELD.action.set.COLUMN: what is wrong; what to do".
void check_set_columns(Transaction& transaction, const Policy& policy, const TableFacts& table,
                       const std::string& field);

/// Checks that each column's type takes its value as it is written and can tell whether a row has
/// it already. Throws as check_set_columns does.
void check_set_values(Transaction& transaction, const Policy& policy, const TableFacts& table,
                      const std::string& field);

}  // namespace lethe::db
