#pragma once

#include <string>
#include <vector>

#include "common/control/archive.hpp"
#include "common/control/target_database.hpp"

namespace lethe::cli {

/// What is looked at. Borrowed.
struct ArchiveScope {
  const std::string& target;  ///< its name
  TargetDatabase& database;
  ArchiveStore& store;
  const ArchiveQuestion& question;
  const std::vector<std::string>& directories;  ///< where files may be beside those of the batches
};

/// What was found.
struct ArchiveFindings {
  std::int64_t batches = 0;  ///< whose copies were compared
  std::int64_t rows = 0;
  std::vector<ArchiveProblem> problems;
  std::vector<StrayFile> uncommitted;  ///< of this target: batches that were rolled back
};

/// Compares the copies with what the target says of them: every file is there and unchanged, as
/// many rows as the ledger has. Files that no batch names are told only after the batches in flight
/// have ended, and only without a question for some run or table.
[[nodiscard]] ArchiveFindings check_archives(const ArchiveScope& scope);

/// Files of this target that no batch names, and never will.
[[nodiscard]] std::vector<StrayFile> find_uncommitted(const ArchiveScope& scope);

}  // namespace lethe::cli
