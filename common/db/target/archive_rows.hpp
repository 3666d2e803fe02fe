#pragma once

// Private to common/db: what the target knows of the copies that batches made.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/control/archive.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// By batch, oldest first, those after `after`, at most `rows_max`.
[[nodiscard]] std::vector<ArchivedRows> list_archives(Transaction& transaction,
                                                      const ArchiveQuestion& question,
                                                      std::int64_t after, std::int32_t rows_max);

/// Batches without copies, and tables whose copies are not as many as there should be.
[[nodiscard]] std::vector<ArchiveProblem> find_archive_problems(Transaction& transaction,
                                                                const ArchiveQuestion& question);

/// A batch whose copies nobody else restores or removes until the end of the transaction.
struct LockedArchive {
  TableName table;                         ///< the policy's
  std::optional<TableName> archive_table;  ///< nothing: in a file
  std::string archived_at;                 ///< timestamptz
  std::string relations;                   ///< oid[]
  std::optional<std::string> new_values;   ///< JSON; nothing: the rows were deleted
  bool due = false;
  bool is_restored = false;
};
/// Throws UserError (refused) when the copies are gone, and (not_found) when there never were any.
[[nodiscard]] LockedArchive lock_archive(Transaction& transaction, std::int64_t id);

/// The copies of a run's batch in an archive table, as a condition over alias `a`.
[[nodiscard]] std::string copies_of(const std::string& run, const std::string& archived_at,
                                    Params& params);

/// Removes the copies and says so. The caller has the gate's shared lock of '*', so that no hold is
/// placed meanwhile. Returns the hold that keeps them, or nothing when they are gone. Errors:
/// ArchiveError; UserError as lock_archive().
[[nodiscard]] std::optional<std::int64_t> prune_archive(Transaction& transaction,
                                                        const ArchivedRows& rows,
                                                        ArchiveStore& store,
                                                        const std::string& actor);

}  // namespace lethe::db
