#include "common/db/target/archive_rows.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/target/holds.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

constexpr std::int32_t problems_max = 5'000;

std::optional<std::string> schema_of(const ArchiveQuestion& question) {
  return question.table ? std::optional(question.table->schema) : std::nullopt;
}

std::optional<std::string> table_of(const ArchiveQuestion& question) {
  return question.table ? std::optional(question.table->table) : std::nullopt;
}

ArchivedRows rows_of(const pqxx::row& row) {
  ArchivedRows rows;
  rows.id = number(row, "id");
  rows.run = text(row, "run");
  rows.task = text(row, "task");
  rows.batch = number(row, "batch");
  rows.policy = text(row, "policy");
  rows.changed = flag(row, "changed");
  rows.table = text(row, "table_name");
  rows.relation = text(row, "relation");
  rows.archive_table = text(row, "archive_table");
  rows.file = {.directory = text(row, "directory"),
               .file = text(row, "file"),
               .sha256 = text(row, "sha256"),
               .bytes = number(row, "bytes")};
  rows.rows = number(row, "rows");
  rows.oldest = text(row, "oldest");
  rows.newest = text(row, "newest");
  rows.archived_at = text(row, "archived_at");
  rows.keep_until = text(row, "keep_until");
  rows.due = flag(row, "due");
  rows.restored_at = text(row, "restored_at");
  rows.pruned_at = text(row, "pruned_at");
  if (flag(row, "is_recorded")) rows.ledger_rows = number(row, "ledger_rows");
  return rows;
}

/// One archive table: the number of copies of each batch, and copies of no batch.
void compare_table(Transaction& transaction, const ArchiveQuestion& question, const pqxx::row& row,
                   std::vector<ArchiveProblem>& problems) {
  const std::string name = text(row, "name");
  if (!flag(row, "is_there")) {
    problems.push_back({.run = "", .what = fmt::format("archive table {} is gone", name)});
    return;
  }
  if (!flag(row, "has_stamps")) {
    problems.push_back(
        {.run = "",
         .what = fmt::format("copies in {} cannot be told apart; run, for those to come: ALTER "
                             "TABLE {} ADD lethe_run text, ADD lethe_at timestamptz",
                             name, name)});
    return;
  }
  Params params;
  const std::string run = params.bind(question.run);
  const std::string schema = params.bind(text(row, "archive_schema"));
  const std::string table = params.bind(text(row, "archive_table"));
  // Both ways: copies that were taken out and copies that were put in.
  const std::string sql = fmt::format(
      "SELECT coalesce(r.run, c.run) AS run, r.task, r.batch, coalesce(r.rows, 0) AS rows, "
      "coalesce(c.rows, 0) AS copies FROM (SELECT a.run, a.task, a.batch, a.rows, a.archived_at "
      "FROM lethe.archives a WHERE a.archive_schema = {1} AND a.archive_table = {2} AND "
      "a.pruned_at "
      "IS NULL AND ({0}::text = '' OR a.run = {0})) r FULL JOIN (SELECT a.lethe_run AS run, "
      "a.lethe_at AS at, count(*) AS rows FROM {3} a WHERE a.lethe_run IS NOT NULL AND a.lethe_at "
      "IS NOT NULL AND ({0}::text = '' OR a.lethe_run = {0}) GROUP BY 1, 2) c ON c.run = r.run AND "
      "c.at = r.archived_at WHERE r.rows IS DISTINCT FROM c.rows LIMIT {4}",
      run, schema, table, name, problems_max);
  for (const auto& found : transaction.exec_built(sql, params)) {
    const auto task = maybe<std::string>(found, "task");
    const std::string batch =
        task ? fmt::format("batch {} of task {}", text(found, "batch"), *task) : "no batch";
    problems.push_back({.run = text(found, "run"),
                        .what = fmt::format("{} copied {} rows, and {} has {}", batch,
                                            number(found, "rows"), name, number(found, "copies"))});
  }
}

/// A hold that covers the table, or any part of it: which of the copies it is about is not looked
/// at.
std::optional<std::int64_t> find_hold(Transaction& transaction, const LockedArchive& archive) {
  const auto holds = transaction.exec(
      queries::holds_covering, Params::of(archive.relations, to_array({archive.table.schema}),
                                          to_array({archive.table.table})));
  if (holds.empty()) return std::nullopt;
  return number(holds.at(0), "id");
}

}  // namespace

std::vector<ArchivedRows> list_archives(Transaction& transaction, const ArchiveQuestion& question,
                                        std::int64_t after, std::int32_t rows_max) {
  std::vector<ArchivedRows> list;
  for (const auto& row : transaction.exec(
           queries::archives_list,
           Params::of(question.run, schema_of(question), table_of(question), after, rows_max)))
    list.push_back(rows_of(row));
  return list;
}

std::vector<ArchiveProblem> find_archive_problems(Transaction& transaction,
                                                  const ArchiveQuestion& question) {
  std::vector<ArchiveProblem> problems;
  for (const auto& row : transaction.exec(
           queries::archives_unarchived,
           Params::of(question.run, schema_of(question), table_of(question), problems_max)))
    problems.push_back(
        {.run = text(row, "run"),
         .what = fmt::format("batch {} of task {} took {} rows, and has no archive",
                             number(row, "batch"), text(row, "task"), number(row, "rows"))});
  const auto tables = transaction.exec(
      queries::archives_tables, Params::of(question.run, schema_of(question), table_of(question)));
  for (const auto& row : tables) compare_table(transaction, question, row, problems);
  return problems;
}

LockedArchive lock_archive(Transaction& transaction, std::int64_t id) {
  const auto rows = transaction.exec(queries::archives_lock, Params::of(id));
  if (rows.empty()) throw UserError(ExitCode::not_found, fmt::format("no archived batch {}", id));
  const auto row = rows.at(0);
  if (flag(row, "is_pruned"))
    throw UserError(ExitCode::refused, fmt::format("the copies of batch {} were pruned", id));
  LockedArchive archive{.table = {text(row, "table_schema"), text(row, "table_name")},
                        .archive_table = std::nullopt,
                        .archived_at = text(row, "archived_at"),
                        .relations = text(row, "relations"),
                        .new_values = maybe<std::string>(row, "new_values"),
                        .due = flag(row, "due"),
                        .is_restored = flag(row, "is_restored")};
  if (const auto table = maybe<std::string>(row, "archive_table"))
    archive.archive_table = TableName{text(row, "archive_schema"), *table};
  return archive;
}

std::string copies_of(const std::string& run, const std::string& archived_at, Params& params) {
  return fmt::format(
      "a.lethe_run OPERATOR(pg_catalog.=) {}::text AND a.lethe_at OPERATOR(pg_catalog.=) "
      "{}::timestamptz",
      params.bind(run), params.bind(archived_at));
}

std::optional<std::int64_t> prune_archive(Transaction& transaction, const ArchivedRows& rows,
                                          ArchiveStore& store, const std::string& actor) {
  const LockedArchive archive = lock_archive(transaction, rows.id);
  if (const auto hold = find_hold(transaction, archive)) return hold;
  if (!archive.due)
    throw UserError(ExitCode::refused,
                    fmt::format("the copies of batch {} are kept for longer", rows.id));
  transaction.exec(queries::archives_set_pruned, Params::of(rows.id, actor));
  if (archive.archive_table) {
    Params params;
    const std::string which = copies_of(rows.run, archive.archived_at, params);
    transaction.exec_built(fmt::format("DELETE FROM {} AS a WHERE {}", rows.archive_table, which),
                           params);
  } else {
    store.remove(rows.file.directory, rows.file.file);
  }
  return std::nullopt;
}

}  // namespace lethe::db
