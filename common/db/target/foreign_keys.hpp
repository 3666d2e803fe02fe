#pragma once

// Private to common/db.

#include <string>
#include <vector>

#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// The foreign keys that point at a table, its partitions or what it is a partition of, by child
/// and name. Empty when there is none, and when the relation is gone.
[[nodiscard]] std::vector<ForeignKeyFacts> look_up_foreign_keys(Transaction& transaction,
                                                                std::uint32_t relation);

/// Why rows of a table to which these keys point cannot be deleted by Lethe; one line with the
/// cure, "" when they can. Pure.
[[nodiscard]] std::string foreign_key_problem(const TableFacts& table);

/// The indexes that the key's child, or leaves of it, lack: statements to paste. Without one the
/// server can check the key only by reading the whole child, or leaf, for every row.
[[nodiscard]] std::vector<std::string> look_up_missing_indexes(Transaction& transaction,
                                                               const ForeignKeyFacts& key);

/// Writes one warning to the log for each key that lacks an index.
void warn_of_missing_indexes(Transaction& transaction, const TableFacts& table);

}  // namespace lethe::db
