// PgTargetDatabase, as far as it is about copies of rows.

#include <fmt/format.h>

#include "common/db/pg_target_database.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/target/archive_restore.hpp"
#include "common/db/target/archive_rows.hpp"
#include "common/db/target/gate.hpp"
#include "common/db/transact.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

constexpr std::size_t listed_max = 1'000'000;
constexpr std::int32_t page = 10'000;

/// A batch is bounded, but what an index or a trigger makes of it when it comes back is not.
constexpr std::string_view archive_settings = "SET LOCAL statement_timeout = '10min'";

}  // namespace

std::vector<ArchivedRows> PgTargetDatabase::archives(const ArchiveQuestion& question) {
  require_installed("NAME");
  std::vector<ArchivedRows> list;
  for (;;) {
    const std::int64_t after = list.empty() ? 0 : list.back().id;
    const auto more = transact(session_, "archive_list", [&](Transaction& transaction) {
      return list_archives(transaction, question, after, page);
    });
    list.insert(list.end(), more.begin(), more.end());
    if (more.size() < static_cast<std::size_t>(page) || list.size() >= listed_max) return list;
  }
}

std::vector<ArchiveProblem> PgTargetDatabase::archive_problems(const ArchiveQuestion& question) {
  require_installed("NAME");
  return transact(
      session_, "archive_problems",
      [&](Transaction& transaction) { return find_archive_problems(transaction, question); },
      std::string(archive_settings));
}

std::string PgTargetDatabase::system_identifier() {
  return transact(session_, "system_identifier", [&](Transaction& transaction) {
    return text(transaction.exec(queries::archives_now).at(0), "system_identifier");
  });
}

void PgTargetDatabase::wait_for_batches() {
  transact(session_, "archive_wait", [&](Transaction& transaction) {
    transaction.exec(queries::gate_lock_exclusive, Params::of("*"));
  });
}

RestoredRows PgTargetDatabase::restore_archive(const ArchivedRows& rows, ArchiveStore& store,
                                               const std::string& actor) {
  if (!rows.pruned_at.empty())
    throw UserError(ExitCode::refused,
                    fmt::format("the copies of batch {} of task {} were pruned at {}", rows.batch,
                                rows.task, rows.pruned_at));
  const std::string content = rows.archive_table.empty() ? store.read(rows.file) : "";
  return transact(
      session_, "archive_restore",
      [&](Transaction& transaction) {
        return db::restore_archive(transaction, rows, content, actor);
      },
      std::string(archive_settings));
}

std::optional<std::int64_t> PgTargetDatabase::prune_archive(const ArchivedRows& rows,
                                                            ArchiveStore& store,
                                                            const std::string& actor) {
  return transact(
      session_, "archive_prune",
      [&](Transaction& transaction) {
        pass_closed_gate(transaction);  // no hold is placed meanwhile
        return db::prune_archive(transaction, rows, store, actor);
      },
      std::string(archive_settings));
}

}  // namespace lethe::db
