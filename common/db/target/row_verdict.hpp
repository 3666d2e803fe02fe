#pragma once

// Private to common/db: why one row is there.

#include <optional>

#include "common/control/target_proof.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// As TargetProof::find_row.
[[nodiscard]] std::optional<FoundRow> find_row(Transaction& transaction, const TableName& table,
                                               const RowKey& key);

/// As TargetProof::judge_row: the verdict of a census, for this row alone.
[[nodiscard]] RowVerdict judge_row(Transaction& transaction, const Policy& policy,
                                   const TableName& table, const RowKey& key);

}  // namespace lethe::db
