#include "cli/archive_check.hpp"

#include <fmt/format.h>

#include <set>

namespace lethe::cli {
namespace {

using Names = std::set<std::pair<std::string, std::string>>;  // directory and file

void check_batch(const ArchivedRows& rows, ArchiveStore& store, ArchiveFindings& findings) {
  const auto add = [&](std::string what) {
    findings.problems.push_back({.run = rows.run, .what = std::move(what)});
  };
  if (!rows.ledger_rows) {
    add(fmt::format("batch {} of task {} is not in the ledger", rows.batch, rows.task));
  } else if (rows.changed ? *rows.ledger_rows > rows.rows : *rows.ledger_rows != rows.rows) {
    // A trigger may make other values of a row that gets new ones: such a row is copied, and does
    // not count as done.
    add(fmt::format("batch {} of task {} copied {} rows, and the ledger has {}", rows.batch,
                    rows.task, rows.rows, *rows.ledger_rows));
  }
  if (!rows.pruned_at.empty()) return;
  ++findings.batches;
  findings.rows += rows.rows;
  if (!rows.archive_table.empty()) return;
  if (std::string what = store.problem(rows.file, rows.rows); !what.empty()) add(std::move(what));
}

Names names_of(const std::vector<ArchivedRows>& list) {
  Names names;
  for (const ArchivedRows& rows : list)
    if (rows.archive_table.empty() && rows.pruned_at.empty())
      names.emplace(rows.file.directory, rows.file.file);
  return names;
}

std::vector<StrayFile> strays_of(const ArchiveScope& scope, const std::vector<ArchivedRows>& list) {
  std::set<std::string> directories(scope.directories.begin(), scope.directories.end());
  std::set<std::string> runs;
  for (const ArchivedRows& rows : list) {
    runs.insert(rows.run);
    if (!rows.file.directory.empty()) directories.insert(rows.file.directory);
  }
  const Names names = names_of(list);
  const std::string server = scope.database.system_identifier();
  std::vector<StrayFile> found;
  for (const auto& directory : directories) {
    const auto known = [&](const std::string& file) { return names.contains({directory, file}); };
    for (StrayFile& file : scope.store.strays(directory, known)) {
      // Other targets may have files in the same directory. What has no manifest is ours when its
      // run is.
      const bool is_ours = file.target.empty()
                               ? runs.contains(file.file.substr(0, file.file.find('/')))
                               : file.target == scope.target && file.system_identifier == server;
      if (is_ours) found.push_back(std::move(file));
    }
  }
  return found;
}

}  // namespace

std::vector<StrayFile> find_uncommitted(const ArchiveScope& scope) {
  std::vector<StrayFile> found = strays_of(scope, scope.database.archives({}));
  if (found.empty()) return found;
  // Of a batch in flight the file is there before its row: both, or the file alone, when it ended.
  scope.database.wait_for_batches();
  const Names names = names_of(scope.database.archives({}));
  std::erase_if(found, [&](const StrayFile& file) {
    return names.contains({file.directory, file.file});
  });
  return found;
}

ArchiveFindings check_archives(const ArchiveScope& scope) {
  ArchiveFindings findings;
  for (const ArchivedRows& rows : scope.database.archives(scope.question))
    check_batch(rows, scope.store, findings);
  for (auto& problem : scope.database.archive_problems(scope.question))
    findings.problems.push_back(std::move(problem));
  if (scope.question.run.empty() && !scope.question.table)
    findings.uncommitted = find_uncommitted(scope);
  return findings;
}

}  // namespace lethe::cli
