#include "cli/commands/quarantine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/lookup.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

struct QuarantineOptions {
  std::string id;
  std::string target;
  bool all = false;
  bool due = false;
  bool yes = false;
};

std::unique_ptr<TargetDatabase> open_target(Services& services, const std::string& name) {
  const TargetRow row = find_target(services.stores(), name);
  return services.target(row.name, row.url);
}

/// Throws UserError (not_found) when there never was such a one.
QuarantinedTable find_quarantined(TargetDatabase& target, const QuarantineOptions& options) {
  std::int64_t id = 0;
  const char* const end = options.id.data() + options.id.size();
  const auto read = std::from_chars(options.id.data(), end, id);
  if (read.ec == std::errc() && read.ptr == end) {
    if (const auto found = target.quarantined(id)) return *found;
  }
  throw UserError(ExitCode::not_found,
                  fmt::format("no quarantined partition '{}'; see lethe quarantine list --target "
                              "{} --all",
                              one_line(options.id), options.target));
}

bool is_there(const QuarantinedTable& table) {
  return table.state == "quarantined" || table.state == "due";
}

/// Throws UserError (refused) when its quarantine has ended.
void require_there(const QuarantinedTable& table) {
  if (is_there(table)) return;
  throw UserError(ExitCode::refused,
                  fmt::format("{} is not in quarantine any more: {}{}", table.relation, table.state,
                              table.ended_by.empty() ? "" : " by " + table.ended_by));
}

std::string partitions(std::int64_t count) { return counted(count, "partition", "partitions"); }

ExitCode list(Services& services, const QuarantineOptions& options) {
  const auto tables = open_target(services, options.target)->quarantine(options.all);
  services.output().list(
      records_of(tables, quarantine_record),
      {"id", "relation", "parent", "rows", "bytes", "state", "quarantined_at", "purge_after"},
      "no partition is in quarantine");
  return ExitCode::done;
}

ExitCode restore(Services& services, const QuarantineOptions& options) {
  const auto target = open_target(services, options.target);
  const QuarantinedTable table = find_quarantined(*target, options);
  require_there(table);
  target->restore(table.id, services.actor());
  services.output().result(
      {{"id", table.id}, {"relation", table.relation}, {"change", std::string("restored")}},
      fmt::format("{} is a partition of {} again", table.relation, table.parent));
  services.note(
      fmt::format("its rows are as old as they were: unless policy {} is changed or "
                  "disabled, its next run takes the partition away again",
                  table.policy));
  return ExitCode::done;
}

/// What a purge is about; the one that was named, or all that are due.
std::vector<QuarantinedTable> chosen(TargetDatabase& target, const QuarantineOptions& options) {
  if (!options.due) {
    const QuarantinedTable table = find_quarantined(target, options);
    require_there(table);
    return {table};
  }
  std::vector<QuarantinedTable> tables = target.quarantine(false);
  tables.erase(std::remove_if(tables.begin(), tables.end(),
                              [](const auto& table) { return table.state != "due"; }),
               tables.end());
  return tables;
}

ExitCode purge(Services& services, const QuarantineOptions& options) {
  if (options.id.empty() != options.due)
    throw UserError(ExitCode::usage,
                    "give either an id or --due; see lethe quarantine purge --help");
  services.require_yes(options.yes);
  const auto target = open_target(services, options.target);
  const auto tables = chosen(*target, options);
  const auto wanted = static_cast<std::int64_t>(tables.size());
  if (wanted > 0 && !options.yes) {
    services.environment().err << render_table(records_of(tables, quarantine_record),
                                               {"id", "relation", "rows", "bytes", "state"});
    if (!services.confirm(fmt::format("Drop {} for good?", partitions(wanted)))) {
      services.note("nothing was changed");
      return ExitCode::failed;
    }
  }
  std::vector<std::string> ids;
  for (const QuarantinedTable& table : tables) {
    if (target->purge(table.id, services.actor())) ids.push_back(std::to_string(table.id));
  }
  const auto done = static_cast<std::int64_t>(ids.size());
  std::string sentence = fmt::format("{} dropped for good", partitions(done));
  if (done < wanted)
    sentence += fmt::format("; {} had gone before", counted(wanted - done, "one", "others"));
  services.output().result({{"change", std::string("purged")},
                            {"count", done},
                            {"stayed", wanted - done},
                            {"ids", nested(ids)}},
                           sentence);
  return ExitCode::done;
}

constexpr const char* target_help = "of the target";

}  // namespace

void add_quarantine(const Command& root) {
  const Command quarantine =
      root.add("quarantine", "Partitions that a policy took away and that can still come back",
               "lethe quarantine list --target app\nlethe quarantine restore 7 --target app");
  const auto list_options = std::make_shared<QuarantineOptions>();
  quarantine
      .add("list", "Lists the partitions in quarantine, the newest first",
           "lethe quarantine list --target app\nlethe quarantine list --target app --output json")
      .required("--target", list_options->target, target_help)
      .flag("--all", list_options->all, "also those that were purged or restored")
      .runs(list_options, list);
  const auto restore_options = std::make_shared<QuarantineOptions>();
  quarantine
      .add("restore", "Attaches a partition to its table again, with its bounds",
           "lethe quarantine restore 7 --target app")
      .positional("ID", restore_options->id, "of lethe quarantine list")
      .required("--target", restore_options->target, target_help)
      .runs(restore_options, restore);
  const auto purge_options = std::make_shared<QuarantineOptions>();
  quarantine
      .add("purge", "Drops partitions in quarantine for good",
           "lethe quarantine purge 7 --target app\nlethe quarantine purge --due --target app --yes")
      .optional_positional("ID", purge_options->id,
                           "of lethe quarantine list; also before its time")
      .required("--target", purge_options->target, target_help)
      .flag("--due", purge_options->due, "all whose time in quarantine is over")
      .flag("--yes", purge_options->yes, "do not ask; required when nobody is at a terminal")
      .runs(purge_options, purge);
}

}  // namespace lethe::cli
