#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/policies/policy.hpp"
#include "common/tasks/archive_store.hpp"

namespace lethe {

/// Copies of the rows that one batch took, as the target has it. Instants are ISO 8601.
struct ArchivedRows {
  std::int64_t id = 0;
  std::string run;
  std::string task;
  std::int64_t batch = 0;
  std::string policy;
  bool changed = false;       ///< the rows got new values; else they were deleted
  std::string table;          ///< the policy's, quoted
  std::string relation;       ///< the part of it that they were in, as named then
  std::string archive_table;  ///< with the copies, quoted; "": they are in `file`
  ArchiveFile file;
  std::int64_t rows = 0;
  std::string oldest;
  std::string newest;
  std::string archived_at;
  std::string keep_until;   ///< "": for ever
  bool due = false;         ///< that is over
  std::string restored_at;  ///< the last time; "": never
  std::string pruned_at;    ///< "": they are there
  /// What the ledger has of the batch; nothing: there is no such batch.
  std::optional<std::int64_t> ledger_rows;
};

/// Which copies are asked for.
struct ArchiveQuestion {
  std::string run;                 ///< "": of all runs
  std::optional<TableName> table;  ///< the policies'; nothing: of all
};

/// Copies that are not what the target says of them, or the other way round.
struct ArchiveProblem {
  std::string run;  ///< "": of none
  std::string what;
};

/// What became of the rows of one batch that was restored.
struct RestoredRows {
  std::int64_t restored = 0;
  std::int64_t there = 0;  ///< left alone: a row with the same primary key was in the table
  bool before = false;     ///< nothing was done: restored before, and the table has no primary key
};

}  // namespace lethe
