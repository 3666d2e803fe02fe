#pragma once

// Private to common/db.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/db/target/archive_columns.hpp"
#include "common/db/target/row_copies.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/archive_store.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// What a batch has archived, for the record of it.
struct BatchRecord {
  const std::string& relation;  ///< quoted
  std::int64_t number = 0;      ///< the ledger's
  const std::optional<std::string>& oldest;
  const std::optional<std::string>& newest;
  const std::string& cutoff;
};

/// The copies of one batch's rows, inside its transaction: which statements make them, whether
/// they are as many as the rows that went, and where they are.
class BatchArchive {
 public:
  /// Everything is borrowed and must outlive the archive. `store`: for policies that archive into
  /// files; nullptr: this process has none.
  BatchArchive(Transaction& transaction, const RunContext& run, const LeaseToken& lease,
               ArchiveStore* store)
      : transaction_(transaction), run_(run), lease_(lease), store_(store) {}

  /// After the relation was locked: locks the table for the copies and looks at it anew. Does
  /// nothing for a policy without an archive. Stops (changed) when it cannot take the copies any
  /// more.
  void open(std::uint32_t relation);

  /// For the statements that take rows; nullptr: they copy nothing.
  [[nodiscard]] const RowCopies* copies() const { return copies_ ? &*copies_ : nullptr; }

  /// Adds what such a statement answered. Stops (permanent) when it copied fewer rows than it took,
  /// and (timed_out, so that a smaller batch follows) when they are too many bytes.
  void add(const pqxx::row& answer);

  /// Writes the file, if there is one, durably, and records where the copies are; the last thing
  /// before the ledger's row. Does nothing when no row went. Stops (retryable) when the file cannot
  /// be written.
  void finish(const BatchRecord& batch);

 private:
  void open_table(std::uint32_t relation);
  void open_file(std::uint32_t relation);
  [[nodiscard]] ArchiveFile write(const BatchRecord& batch);
  [[nodiscard]] std::string manifest(const BatchRecord& batch) const;
  void record(const BatchRecord& batch, const ArchiveFile& file);

  Transaction& transaction_;
  const RunContext& run_;
  const LeaseToken& lease_;
  ArchiveStore* store_;
  std::optional<RowCopies> copies_;
  std::vector<FileColumn> columns_;  // of a file
  std::uint32_t relation_ = 0;
  std::string at_;
  std::string system_identifier_;
  std::string lines_;  // of a file, each with its end
  std::int64_t rows_ = 0;
};

}  // namespace lethe::db
