#pragma once

// Private to common/db.

#include <string>

#include "common/control/archive.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// Puts the rows of one batch back, all or none: deleted ones are inserted where their primary key
/// is free, changed ones get their old values where they still have the new ones. What was put back
/// is compared with the copies, byte by byte, by the server. `content`: of the batch's file; "" for
/// copies in a table.
///
/// Throws UserError (refused) when it would not be exact: the table lost a column, a trigger
/// changes the rows or keeps them out; and for changed rows of a table without a primary key.
[[nodiscard]] RestoredRows restore_archive(Transaction& transaction, const ArchivedRows& rows,
                                           const std::string& content, const std::string& actor);

}  // namespace lethe::db
