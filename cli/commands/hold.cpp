#include "cli/commands/hold.hpp"

#include <fmt/format.h>

#include <charconv>

#include "cli/hold_request.hpp"
#include "cli/lookup.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"
#include "common/store_error.hpp"

namespace lethe::cli {
namespace {

struct ListOptions {
  std::string target;
  bool all = false;
};

struct ReleaseOptions {
  std::string id;
  std::string target;
  std::string reason;
};

std::vector<Policy> policies_of(Stores& stores, const std::string& target) {
  std::vector<Policy> policies;
  for (const PolicyRow& row : stores.policies.list())
    if (row.target == target) policies.push_back(stored_policy(row));
  return policies;
}

std::string audit_detail(const Hold& hold) {
  return fmt::format("{}; reason: {}", hold_text(hold), hold.reason);
}

/// What was asked for, as it would be listed.
Hold as_listed(std::int64_t id, const NewHold& hold) {
  Hold listed;
  listed.id = id;
  if (hold.table) listed.relation = fmt::format("{}.{}", hold.table->schema, hold.table->table);
  listed.tenant = hold.tenant;
  listed.match = hold.match;
  listed.reason = hold.reason;
  return listed;
}

/// The target first, which is the authority: rows are safe as soon as they can be, and the hold
/// stands whatever becomes of the audit, which its own row repeats.
ExitCode add(Services& services, const HoldOptions& options) {
  Stores& stores = services.stores();
  const TargetRow target = find_target(stores, options.target);
  const std::vector<Policy> policies = policies_of(stores, target.name);
  const NewHold wanted = hold_from(options, policies);
  const std::int64_t id =
      services.target(target.name, target.url)->place_hold(wanted, services.actor());
  const Hold hold = as_listed(id, wanted);
  services.output().result(
      {{"id", id}, {"target", target.name}, {"change", std::string("placed")}},
      fmt::format("hold {} is in force in target {}: {} stay", id, target.name, hold_text(hold)));
  if (wanted.tenant && !wanted.table)
    for (const std::string& name : policies_without_tenant(policies))
      services.note(
          fmt::format("policy {} names no tenant column: of its table the hold keeps rows "
                      "only if it has a column called {}",
                      name, fmt::join(wanted.tenant_columns, " or ")));
  try {
    stores.audit.record({.action = "hold.add",
                         .object = fmt::format("{}/{}", target.name, id),
                         .detail = audit_detail(hold)},
                        services.actor());
  } catch (const StoreError& error) {
    services.note(
        fmt::format("lethe: the hold is in force, but is not in the control database's "
                    "audit: {}",
                    error.detail()));
    return ExitCode::failed;
  }
  return ExitCode::done;
}

std::vector<TargetRow> chosen(Stores& stores, const std::string& target) {
  if (target.empty()) return stores.targets.list();
  return {find_target(stores, target)};
}

/// Of every target that can be reached; failed when one cannot.
ExitCode list(Services& services, const ListOptions& options) {
  std::vector<Record> records;
  ExitCode code = ExitCode::done;
  for (const TargetRow& target : chosen(services.stores(), options.target)) {
    try {
      for (const Hold& hold : services.target(target.name, target.url)->holds(options.all))
        records.push_back(hold_record(target.name, hold));
    } catch (const UserError& error) {
      if (!options.target.empty()) throw;
      services.note(fmt::format("lethe: {}", error.what()));
      code = ExitCode::failed;
    }
  }
  std::vector<std::string> columns{"id",    "target", "relation",  "tenant",
                                   "match", "reason", "placed_by", "placed_at"};
  if (options.all) columns.insert(columns.end(), {"released_at", "released_by"});
  services.output().list(records, columns, "no hold is in force");
  return code;
}

/// The one that was named, or the only one there is.
TargetRow target_of(Stores& stores, const std::string& name) {
  if (!name.empty()) return find_target(stores, name);
  const auto targets = stores.targets.list();
  if (targets.size() != 1)
    throw UserError(ExitCode::usage,
                    "--target: which target's hold? Its number is that of one target; see lethe "
                    "hold list");
  return targets.front();
}

Hold find_hold(TargetDatabase& target, const std::string& target_name, const std::string& text) {
  std::int64_t id = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, id);
  if (read.ec == std::errc() && read.ptr == end)
    if (const auto found = target.hold(id)) return *found;
  throw UserError(ExitCode::not_found, fmt::format("no hold '{}' in target '{}'; see lethe hold "
                                                   "list --target {} --all",
                                                   one_line(text), target_name, target_name));
}

/// The audit first: protection does not end before it is written down who ended it. An entry of a
/// release that then failed does no harm.
ExitCode release(Services& services, const ReleaseOptions& options) {
  if (options.reason.empty())
    throw UserError(ExitCode::usage, "--reason: must not be empty; say why the rows may go now");
  Stores& stores = services.stores();
  const TargetRow row = target_of(stores, options.target);
  const auto target = services.target(row.name, row.url);
  const Hold hold = find_hold(*target, row.name, options.id);
  const auto refuse_released = [&](const Hold& ended) {
    throw UserError(ExitCode::refused,
                    fmt::format("hold {} was released before: by {} at {}", ended.id,
                                ended.released_by, instant_text(ended.released_at)));
  };
  if (!hold.released_at.empty()) refuse_released(hold);
  stores.audit.record(
      {.action = "hold.release",
       .object = fmt::format("{}/{}", row.name, hold.id),
       .detail = fmt::format("{}; released: {}", audit_detail(hold), options.reason)},
      services.actor());
  if (!target->release_hold(hold.id, options.reason, services.actor()))
    refuse_released(find_hold(*target, row.name, options.id));
  services.output().result(
      {{"id", hold.id}, {"target", row.name}, {"change", std::string("released")}},
      fmt::format("hold {} in target {} is released: {} may go as their policies say", hold.id,
                  row.name, hold_text(hold)));
  return ExitCode::done;
}

}  // namespace

void add_hold(const Command& root) {
  const Command hold =
      root.add("hold", "Rows that must not be deleted or changed, whoever asks (legal hold)",
               "lethe hold add --target app --tenant acme --reason 'case 4711'\nlethe hold list\n"
               "lethe hold release 7 --target app --reason 'case 4711 is closed'");
  const auto add_options = std::make_shared<HoldOptions>();
  hold.add("add", "Places a hold and returns when it is in force",
           "lethe hold add --target app --table public.orders --reason 'audit 2026'\n"
           "lethe hold add --target app --tenant acme --reason 'case 4711'\n"
           "lethe hold add --target app --table public.orders --match customer_id=42 --reason "
           "'case 4711'")
      .required("--target", add_options->target, "where the rows are")
      .option("--table", add_options->table, "schema.table; without it every table of the target")
      .option("--tenant", add_options->tenant,
              "rows of this tenant, by the tenant columns that policies name")
      .repeatable("--match", add_options->matches,
                  "COLUMN=VALUE: only rows with this value; all of them must match")
      .required("--reason", add_options->reason, "for whoever asks why")
      .runs(add_options, add);
  const auto list_options = std::make_shared<ListOptions>();
  hold.add("list", "Lists the holds in force, the newest first",
           "lethe hold list\nlethe hold list --target app --all --output json")
      .option("--target", list_options->target, "of one target; without it of all")
      .flag("--all", list_options->all, "also those that were released")
      .runs(list_options, list);
  const auto release_options = std::make_shared<ReleaseOptions>();
  hold.add("release", "Ends a hold; it stays in the list of all of them",
           "lethe hold release 7 --target app --reason 'case 4711 is closed'")
      .positional("ID", release_options->id, "of lethe hold list")
      .option("--target", release_options->target, "may be left out where there is but one target")
      .required("--reason", release_options->reason, "why the rows may go now")
      .runs(release_options, release);
}

}  // namespace lethe::cli
