#pragma once

// Private to common/db.

#include <string>
#include <vector>

#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/policies/policy.hpp"

namespace lethe::db {

/// Reads a sample of the table's blocks and checks that the policy's units fit what is there:
/// numbers above zero are times between 1990 and 2100, UUIDs are all of version 7. Throws UserError
/// (bad_config) "FIELD.timestamp: what was seen; which unit would fit" when they do not. Nothing in
/// the sample proves nothing: each row is judged again when it is deleted.
void prove_units(Transaction& transaction, const Policy& policy, const TableFacts& table,
                 const std::vector<RelationRow>& relations, const std::string& field);

}  // namespace lethe::db
