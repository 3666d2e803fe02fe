#include "cli/commands/archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "cli/archive_check.hpp"
#include "cli/lookup.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"
#include "common/policies/policy_parser.hpp"

namespace lethe::cli {
namespace {

struct ArchiveOptions {
  std::string target;
  std::string run;
  std::optional<std::string> table;
  bool uncommitted = false;
  bool yes = false;
};

/// A target with its archives.
struct Opened {
  TargetRow row;
  std::unique_ptr<TargetDatabase> database;
  ArchiveQuestion question;
  std::vector<std::string> directories;  ///< of its policies
};

ArchiveQuestion question_of(const ArchiveOptions& options) {
  ArchiveQuestion question{.run = options.run, .table = std::nullopt};
  if (!options.table) return question;
  try {
    question.table = parse_table_name(*options.table);
  } catch (const std::invalid_argument& error) {
    throw UserError(ExitCode::usage, fmt::format("--table: {}", error.what()));
  }
  return question;
}

Opened open_target(Services& services, const ArchiveOptions& options) {
  Opened opened;
  opened.question = question_of(options);
  opened.row = find_target(services.stores(), options.target);
  opened.database = services.target(opened.row.name, opened.row.url);
  for (const PolicyRow& row : services.stores().policies.list()) {
    if (row.target != opened.row.name) continue;
    const Policy policy = stored_policy(row);
    if (policy.archive && !policy.archive->directory.empty())
      opened.directories.push_back(policy.archive->directory);
  }
  return opened;
}

std::string rows_text(std::int64_t rows) { return counted(rows, "row", "rows"); }

/// Copies of one run, in one place.
struct Group {
  ArchivedRows first;  ///< of its batches; the oldest
  std::int64_t batches = 0;
  std::int64_t pruned = 0;  ///< of these batches
  std::int64_t due = 0;
  std::int64_t restored = 0;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::string oldest;
  std::string newest;
  std::string keep_until;
};

std::string place_of(const ArchivedRows& rows) {
  return rows.archive_table.empty() ? rows.file.directory : rows.archive_table;
}

void add_to(Group& group, const ArchivedRows& rows) {
  if (group.batches == 0) group.first = rows;
  ++group.batches;
  if (!rows.pruned_at.empty()) ++group.pruned;
  if (rows.due) ++group.due;
  if (!rows.restored_at.empty()) ++group.restored;
  group.rows += rows.rows;
  group.bytes += rows.file.bytes;
  if (!rows.oldest.empty() && (group.oldest.empty() || rows.oldest < group.oldest))
    group.oldest = rows.oldest;
  group.newest = std::max(group.newest, rows.newest);
  group.keep_until = std::max(group.keep_until, rows.keep_until);
}

std::string state_of(const Group& group) {
  if (group.pruned == group.batches) return "pruned";
  if (group.pruned > 0) return "partly pruned";
  if (group.due == group.batches) return "due";
  return group.due > 0 ? "partly due" : "kept";
}

Record group_record(const std::string& target, const Group& group) {
  const ArchivedRows& first = group.first;
  return {{"run", first.run},
          {"target", target},
          {"policy", or_null(first.policy)},
          {"table", first.table},
          {"action", std::string(first.changed ? "set" : "delete")},
          {"place", place_of(first)},
          {"kind", std::string(first.archive_table.empty() ? "files" : "table")},
          {"batches", group.batches, Show::count},
          {"rows", group.rows, Show::count},
          {"bytes", group.bytes, Show::bytes},
          {"oldest", or_null(group.oldest)},
          {"newest", or_null(group.newest)},
          {"archived_at", or_null(first.archived_at), Show::instant},
          {"keep_until", or_null(group.keep_until), Show::instant},
          {"restored_batches", group.restored, Show::count},
          {"state", state_of(group)}};
}

ExitCode list(Services& services, const ArchiveOptions& options) {
  const Opened opened = open_target(services, options);
  std::map<std::tuple<std::string, std::string, std::string>, Group> groups;
  for (const ArchivedRows& rows : opened.database->archives(opened.question))
    add_to(groups[{rows.run, rows.table, place_of(rows)}], rows);
  std::vector<Record> records;
  for (auto group = groups.rbegin(); group != groups.rend(); ++group)
    records.push_back(group_record(opened.row.name, group->second));
  services.output().list(
      records,
      {"run", "policy", "table", "place", "batches", "rows", "bytes", "keep_until", "state"},
      "nothing was archived");
  return ExitCode::done;
}

Record problem_record(const std::string& run, const std::string& what) {
  return {{"run", or_null(run)}, {"problem", what}};
}

std::string uncommitted_text(const StrayFile& file) {
  return fmt::format(
      "{}/{}: not committed: its batch was rolled back, and the rows are in their "
      "table; lethe archive prune --uncommitted removes it",
      file.directory, file.file);
}

ExitCode verify(Services& services, const ArchiveOptions& options) {
  const Opened opened = open_target(services, options);
  const ArchiveFindings findings = check_archives({.target = opened.row.name,
                                                   .database = *opened.database,
                                                   .store = services.archive(),
                                                   .question = opened.question,
                                                   .directories = opened.directories});
  std::vector<Record> records;
  for (const auto& problem : findings.problems)
    records.push_back(problem_record(problem.run, problem.what));
  for (const auto& file : findings.uncommitted)
    records.push_back(
        problem_record(file.file.substr(0, file.file.find('/')), uncommitted_text(file)));
  services.output().list(records, {"run", "problem"},
                         fmt::format("{} in {} are as they were archived", rows_text(findings.rows),
                                     counted(findings.batches, "batch", "batches")));
  return records.empty() ? ExitCode::done : ExitCode::failed;
}

/// Throws UserError (not_found) when there is nothing.
std::vector<ArchivedRows> chosen(const Opened& opened, const ArchiveOptions& options) {
  std::vector<ArchivedRows> list = opened.database->archives(opened.question);
  std::erase_if(list, [](const ArchivedRows& rows) { return !rows.pruned_at.empty(); });
  if (list.empty())
    throw UserError(
        ExitCode::not_found,
        fmt::format("nothing is archived of {}; see lethe archive list --target {}",
                    options.run.empty() ? "that table" : "run " + options.run, options.target));
  return list;
}

/// What is committed stays: the command can be given again.
[[noreturn]] void fail_after(const RestoredRows& done, const std::string& why) {
  throw UserError(ExitCode::failed,
                  fmt::format("{} restored, then: {}; what was restored stays, and the command can "
                              "be given again",
                              rows_text(done.restored), why));
}

ExitCode restore(Services& services, const ArchiveOptions& options) {
  if (options.run.empty() && !options.table)
    throw UserError(ExitCode::usage, "name what to restore: --run ID, --table S.T or both");
  const Opened opened = open_target(services, options);
  std::vector<ArchivedRows> list = chosen(opened, options);
  // The last batches first: rows that others point at went last.
  std::reverse(list.begin(), list.end());
  std::int64_t rows = 0;
  for (const auto& batch : list) rows += batch.rows;
  services.stores().audit.record(
      {.action = "archive.restore",
       .object = fmt::format("{}/{}", opened.row.name,
                             options.run.empty() ? *options.table : options.run),
       .detail = fmt::format("{} in {}", rows_text(rows),
                             counted(static_cast<std::int64_t>(list.size()), "batch", "batches"))},
      services.actor());
  RestoredRows done;
  std::int64_t before = 0;
  for (const auto& batch : list) {
    try {
      const RestoredRows one =
          opened.database->restore_archive(batch, services.archive(), services.actor());
      done.restored += one.restored;
      done.there += one.there;
      if (one.before) before += batch.rows;
    } catch (const ArchiveError& error) {
      fail_after(done, error.what());
    } catch (const UserError& error) {
      fail_after(done, error.what());
    }
  }
  std::string sentence = fmt::format("{} restored", rows_text(done.restored));
  if (done.there > 0) sentence += fmt::format("; {} left alone", rows_text(done.there));
  if (before > 0)
    sentence +=
        fmt::format("; {} restored before, into a table without a primary key", rows_text(before));
  services.output().result({{"change", std::string("restored")},
                            {"rows", done.restored},
                            {"left_alone", done.there},
                            {"restored_before", before},
                            {"batches", static_cast<std::int64_t>(list.size())}},
                           sentence);
  if (done.restored > 0)
    services.note(
        "they are as old as they were: unless the policy is changed or disabled, its "
        "next run takes them again");
  return ExitCode::done;
}

ExitCode prune_uncommitted(Services& services, const ArchiveOptions& options,
                           const Opened& opened) {
  const auto files = find_uncommitted({.target = opened.row.name,
                                       .database = *opened.database,
                                       .store = services.archive(),
                                       .question = opened.question,
                                       .directories = opened.directories});
  const auto count = static_cast<std::int64_t>(files.size());
  const std::string what = counted(count, "file that was not committed",
                                   "files that were not "
                                   "committed");
  if (count > 0 && !options.yes && !services.confirm(fmt::format("Remove {}?", what))) {
    services.note("nothing was changed");
    return ExitCode::failed;
  }
  services.stores().audit.record(
      {.action = "archive.prune", .object = opened.row.name, .detail = what}, services.actor());
  for (const auto& file : files) services.archive().remove(file.directory, file.file);
  services.output().result({{"change", std::string("pruned")}, {"files", count}},
                           what + " removed");
  return ExitCode::done;
}

/// Removes what is due, unless a hold keeps it.
ExitCode prune_due(Services& services, const ArchiveOptions& options, const Opened& opened) {
  auto list = opened.database->archives(opened.question);
  std::erase_if(list,
                [](const ArchivedRows& rows) { return !rows.due || !rows.pruned_at.empty(); });
  std::int64_t rows = 0;
  for (const auto& batch : list) rows += batch.rows;
  if (!list.empty() && !options.yes &&
      !services.confirm(fmt::format("Remove the copies of {} for good?", rows_text(rows)))) {
    services.note("nothing was changed");
    return ExitCode::failed;
  }
  if (!list.empty())
    services.stores().audit.record(
        {.action = "archive.prune",
         .object = opened.row.name,
         .detail = "copies of " + rows_text(rows) + ", whose time is over"},
        services.actor());
  std::int64_t pruned = 0;
  std::map<std::int64_t, std::int64_t> held;  // rows by hold
  for (const auto& batch : list) {
    const auto hold = opened.database->prune_archive(batch, services.archive(), services.actor());
    (hold ? held[*hold] : pruned) += batch.rows;
  }
  std::string sentence = fmt::format("copies of {} removed", rows_text(pruned));
  for (const auto& [hold, count] : held)
    sentence += fmt::format("; {} kept by hold {}", rows_text(count), hold);
  services.output().result(
      {{"change", std::string("pruned")}, {"rows", pruned}, {"held_rows", rows - pruned}},
      sentence);
  return ExitCode::done;
}

ExitCode prune(Services& services, const ArchiveOptions& options) {
  services.require_yes(options.yes);
  const Opened opened = open_target(services, options);
  try {
    return options.uncommitted ? prune_uncommitted(services, options, opened)
                               : prune_due(services, options, opened);
  } catch (const ArchiveError& error) {
    throw UserError(ExitCode::failed, error.what());
  }
}

const Command& narrowed(const Command& command, ArchiveOptions& options) {
  return command.required("--target", options.target, "where the rows were")
      .option("--run", options.run, "only what this run took")
      .option("--table", options.table, "schema.table: only rows of this table");
}

}  // namespace

void add_archive(const Command& root) {
  const Command archive =
      root.add("archive", "Copies of rows that policies made before they took them",
               "lethe archive list --target app\nlethe archive verify --target app\n"
               "lethe archive restore --target app --run 01J9Z0C5Y3R8T6W2N4M7K1P0QA");
  const auto list_options = std::make_shared<ArchiveOptions>();
  narrowed(archive.add("list", "Lists the copies by run, the newest first",
                       "lethe archive list --target app\n"
                       "lethe archive list --target app --table public.orders --output json"),
           *list_options)
      .runs(list_options, list);
  const auto verify_options = std::make_shared<ArchiveOptions>();
  narrowed(
      archive.add("verify", "Compares files and tables with the ledger; 1 when anything is wrong",
                  "lethe archive verify --target app"),
      *verify_options)
      .runs(verify_options, verify);
  const auto restore_options = std::make_shared<ArchiveOptions>();
  narrowed(archive.add("restore", "Puts rows back; those that are there are left alone",
                       "lethe archive restore --target app --run 01J9Z0C5Y3R8T6W2N4M7K1P0QA"),
           *restore_options)
      .runs(restore_options, restore);
  const auto prune_options = std::make_shared<ArchiveOptions>();
  narrowed(archive.add("prune", "Removes copies whose time is over, but none that a hold covers",
                       "lethe archive prune --target app --yes\n"
                       "lethe archive prune --target app --uncommitted --yes"),
           *prune_options)
      .flag("--uncommitted", prune_options->uncommitted,
            "instead: files of batches that were rolled back")
      .flag("--yes", prune_options->yes, "do not ask; required when nobody is at a terminal")
      .runs(prune_options, prune);
}

}  // namespace lethe::cli
