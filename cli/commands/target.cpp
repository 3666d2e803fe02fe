#include "cli/commands/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "cli/commands/acknowledge.hpp"
#include "cli/commands/pause.hpp"
#include "cli/lookup.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"
#include "common/policies/batch_parser.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/policies/strict.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t max_running_limit = 1000;

struct AddOptions {
  std::string name;
  std::string url;
  std::optional<std::int64_t> max_running;
  std::optional<std::int64_t> rows_per_second;
  std::optional<std::int64_t> clock_skew_seconds;
  std::optional<std::string> on_failover;
  bool no_connect = false;
};

/// The first thing that keeps Lethe from working there, with its cure.
std::string next_step(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    if (!finding.ok) return fmt::format("; {}, {}", finding.what, finding.cure);
  }
  return "";
}

bool survives_failover(const std::string& word) {
  try {
    return parse_on_failover(word);
  } catch (const std::invalid_argument& error) {
    throw UserError(ExitCode::usage, fmt::format("--on-failover: {}", error.what()));
  }
}

ExitCode add(Services& services, const AddOptions& options) {
  if (!is_name(options.name))
    throw UserError(
        ExitCode::usage,
        fmt::format("'{}' is not a name of a target; use a-z, 0-9, '_', '-' and '.', at "
                    "most 63 of them, and begin with a letter or digit",
                    one_line(options.name)));
  services.environment().connector.check_url(options.url, "--url");
  std::vector<Finding> findings;
  if (!options.no_connect) findings = services.target(options.name, options.url)->check();
  TargetSpec spec{.name = options.name, .url = options.url};
  Stores& stores = services.stores();
  if (const auto stored = stores.targets.find(options.name)) {
    spec.max_running = stored->max_running;
    spec.rows_per_second = stored->rows_per_second;
    spec.clock_skew_seconds = stored->clock_skew_seconds;
    spec.survives_failover = stored->survives_failover;
  }
  if (options.max_running) spec.max_running = static_cast<std::int32_t>(*options.max_running);
  if (options.rows_per_second) spec.rows_per_second = *options.rows_per_second;
  if (options.clock_skew_seconds)
    spec.clock_skew_seconds = static_cast<std::int32_t>(*options.clock_skew_seconds);
  if (options.on_failover) spec.survives_failover = survives_failover(*options.on_failover);
  const bool is_new = stores.targets.put(spec, services.actor());
  services.output().result(
      {{"name", spec.name}, {"change", std::string(is_new ? "added" : "changed")}},
      fmt::format("target {} was {}{}", spec.name, is_new ? "added" : "changed",
                  next_step(findings)));
  return ExitCode::done;
}

ExitCode list(Services& services) {
  services.output().list(
      records_of(services.stores().targets.list(), target_record),
      {"name", "url", "max_running", "rows_per_second", "policies", "waiting", "running", "paused"},
      "no target yet; add one with lethe target add NAME --url URL");
  return ExitCode::done;
}

ExitCode show(Services& services, const std::string& name) {
  services.output().card(target_record(find_target(services.stores(), name)));
  return ExitCode::done;
}

struct CheckOptions {
  std::string name;
  std::string role;
  bool allow_superuser = false;
};

/// What is wrong with the role that is meant, and what it lacks for each policy of the target.
void add_rights(Services& services, const TargetRow& row, const CheckOptions& options,
                std::vector<Finding>& findings) {
  const std::string& role = options.role;
  const auto proof = services.target_proof(row.name, row.url);
  findings.push_back(proof->check_role(role));
  if (options.allow_superuser)
    findings.back() = {.ok = true, .what = findings.back().what, .cure = ""};
  for (const PolicyRow& policy : services.stores().policies.list()) {
    if (policy.target != row.name) continue;
    for (Finding& finding : proof->check_rights(stored_policy(policy), role))
      findings.push_back(std::move(finding));
  }
}

ExitCode check(Services& services, const CheckOptions& options) {
  const TargetRow row = find_target(services.stores(), options.name);
  std::vector<Finding> findings = services.target(row.name, row.url)->check();
  add_rights(services, row, options, findings);
  const Terminal& terminal = services.environment().terminal;
  std::vector<Record> records;
  for (const Finding& finding : findings) {
    records.push_back(
        {{"ok", finding.ok}, {"what", finding.what}, {"cure", or_null(finding.cure)}});
    if (!services.output().is_json())
      services.output().text(marked_lines(finding.ok ? mark_ok : mark_problem, finding.what,
                                          finding.cure, terminal.out && terminal.colour));
  }
  if (services.output().is_json()) services.output().text(render_json(records));
  const bool is_fit = std::all_of(findings.begin(), findings.end(),
                                  [](const Finding& finding) { return finding.ok; });
  return is_fit ? ExitCode::done : ExitCode::refused;
}

struct InstallOptions {
  std::string name;
  bool print_sql = false;
};

ExitCode install(Services& services, const InstallOptions& options) {
  const TargetRow row = find_target(services.stores(), options.name);
  const auto target = services.target(row.name, row.url);
  if (options.print_sql) {
    services.output().text(target->install_sql());
    return ExitCode::done;
  }
  const bool changed = target->install();
  services.output().result(
      {{"name", row.name}, {"changed", changed}},
      fmt::format("target {} {}", row.name, changed ? "was prepared" : "is up to date already"));
  return ExitCode::done;
}

ExitCode remove(Services& services, const std::string& name) {
  Stores& stores = services.stores();
  stores.targets.remove(find_target(stores, name).name, services.actor());
  services.output().result({{"name", name}, {"change", std::string("removed")}},
                           fmt::format("target {} was removed; what Lethe keeps in that database "
                                       "stays there, in the schema lethe",
                                       name));
  return ExitCode::done;
}

void add_add(const Command& target) {
  const auto options = std::make_shared<AddOptions>();
  target
      .add("add", "Registers a database to be cleaned, or changes how it is reached",
           "lethe target add app --url service=app\n"
           "lethe target add app --url postgresql://lethe@db/app --max-running 8")
      .positional("NAME", options->name, "what to call it")
      .required("--url", options->url, "libpq URI, key=value string or service; never a password")
      .option("--max-running", options->max_running, {1, max_running_limit},
              "tasks that may run at once, 1 to 1000 (default 4)")
      .option("--rows-per-second", options->rows_per_second, {0, rows_per_second_max},
              "rows that the whole fleet may delete there per second, on average; 0: no limit")
      .option("--clock-skew-seconds", options->clock_skew_seconds, {1, clock_skew_seconds_max},
              "how far its clock may be from the control database's (default 60)")
      .option(
          "--on-failover", options->on_failover,
          "freeze or continue: what to do when a standby took over that has everything known of "
          "the target (default freeze)")
      .flag("--no-connect", options->no_connect, "do not try whether it can be reached")
      .runs(options, add);
}

void add_check(const Command& target) {
  const auto options = std::make_shared<CheckOptions>();
  target
      .add("check", "Tells whether Lethe can work in a target, and what lacks; exit 3 when not",
           "lethe target check app\nlethe target check app --role lethe_worker")
      .positional("NAME", options->name, "of the target")
      .option("--role", options->role, "ask for the role of the workers; without it for one's own")
      .flag("--allow-superuser", options->allow_superuser,
            "a superuser is no problem, as for workers with superuser: allow")
      .runs(options, check);
}

void add_install(const Command& target) {
  const auto options = std::make_shared<InstallOptions>();
  target
      .add("install", "Creates what Lethe needs in a target (schema lethe)",
           "lethe target install app\nlethe target install app --print-sql > lethe.sql")
      .positional("NAME", options->name, "of the target")
      .flag("--print-sql", options->print_sql, "print the SQL instead, for a DBA to run")
      .runs(options, install);
}

}  // namespace

void add_target(const Command& root) {
  const Command target = root.add("target", "The databases that Lethe cleans",
                                  "lethe target add app --url service=app\nlethe target check app");
  add_add(target);
  target.add("list", "Lists the targets", "lethe target list --output json").runs(list);
  target.add("show", "Shows one target", "lethe target show app")
      .runs_with("NAME", "of the target", show);
  add_check(target);
  add_install(target);
  add_pause_of_target(target);
  add_acknowledge_of_target(target);
  target.add("remove", "Forgets a target that no policy needs", "lethe target remove app")
      .runs_with("NAME", "of the target", remove);
}

}  // namespace lethe::cli
