#pragma once

// Private to common/db.

#include "common/db/target/batch_delete.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// Runs a statement that only lets the server read values by their columns' types. Throws UserError
/// (bad_config) "FIELD: TABLE does not take it: …" with the server's reason.
pqxx::result read_values(Transaction& transaction, const BuiltStatement& built,
                         const std::string& field, const std::string& table);

}  // namespace lethe::db
