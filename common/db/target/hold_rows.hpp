#pragma once

// Private to common/db: the table lethe.holds as operators change it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/control/target_database.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// Checks a hold against the catalog and places it; returns its number. The caller has the lock of
/// the gate's row '*' exclusively. Touches no table of the user's, so that it waits for nobody.
/// Errors as TargetDatabase::place_hold.
[[nodiscard]] std::int64_t place_hold(Transaction& transaction, const NewHold& hold,
                                      const std::string& actor);

/// The newest first; `all`: also those that were released; `id`: only that one.
[[nodiscard]] std::vector<Hold> list_holds(Transaction& transaction, bool all,
                                           std::optional<std::int64_t> id = {});

}  // namespace lethe::db
