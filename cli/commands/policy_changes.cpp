#include <fmt/format.h>

#include "cli/acknowledge.hpp"
#include "cli/commands/policy.hpp"
#include "cli/lookup.hpp"
#include "cli/run_watch.hpp"
#include "cli/start_time.hpp"

namespace lethe::cli {
namespace {

void move_gate(Services& services, const PolicyRow& row, bool halted, const std::string& reason) {
  const TargetRow target = find_target(services.stores(), row.target);
  services.target(target.name, target.url)->set_gate(row.name, row.epoch + 1, halted, reason);
}

ExitCode report(Services& services, const std::string& name, const std::string& change) {
  services.output().result({{"name", name}, {"change", change}},
                           fmt::format("policy {} was {}", name, change));
  return ExitCode::done;
}

ExitCode enable(Services& services, const std::string& name) {
  Stores& stores = services.stores();
  const PolicyRow row = find_policy(stores, name);
  if (row.enabled) return report(services, name, "enabled already");
  const auto next = next_firing(stored_policy(row), stores.policies.now(), name);
  const bool halted = is_paused_itself(stores, row);
  move_gate(services, row, halted, halted ? "paused" : "");
  stores.policies.set_enabled(row, true, next, services.actor());
  return report(services, name, "enabled");
}

/// The gate first: once it is closed no batch can act, whatever happens next.
ExitCode disable(Services& services, const std::string& name) {
  Stores& stores = services.stores();
  const PolicyRow row = find_policy(stores, name);
  if (!row.enabled) return report(services, name, "disabled already");
  move_gate(services, row, true, "disabled");
  stores.policies.set_enabled(row, false, std::nullopt, services.actor());
  return report(services, name, "disabled");
}

struct RemoveOptions {
  std::string name;
  bool yes = false;
};

ExitCode remove(Services& services, const RemoveOptions& options) {
  services.require_yes(options.yes);
  Stores& stores = services.stores();
  const PolicyRow row = find_policy(stores, options.name);
  if (!options.yes && !services.confirm(fmt::format("Remove policy {}?", row.name))) {
    services.note("nothing was removed");
    return ExitCode::failed;
  }
  move_gate(services, row, true, "removed");
  stores.policies.remove(row.name, services.actor());
  return report(services, row.name, "removed");
}

struct RunOptions {
  std::string name;
  bool acknowledge = false;
  bool wait = false;
  StartTimeOptions start;
};

ExitCode run(Services& services, const RunOptions& options) {
  const StartTime start = start_time(services, options.start);
  if (options.acknowledge)
    static_cast<void>(acknowledge_policy(services, find_policy(services.stores(), options.name)));
  return report_new_run(services, fire_policy(services, options.name, start), options.wait);
}

}  // namespace

void add_policy_changes(const Command& policy) {
  policy.add("enable", "Lets a policy act again", "lethe policy enable executions-90d")
      .runs_with("NAME", "of the policy", enable);
  policy
      .add("disable", "Stops a policy; returns when none of its batches is in flight",
           "lethe policy disable executions-90d")
      .runs_with("NAME", "of the policy", disable);
  const auto run_options = std::make_shared<RunOptions>();
  const Command run_command =
      policy.add("run", "Fires a policy by hand",
                 "lethe policy run executions-90d --wait\nlethe policy run executions-90d --in 2h\n"
                 "lethe policy run executions-90d --acknowledge --wait");
  run_command.positional("NAME", run_options->name, "of the policy")
      .flag("--acknowledge", run_options->acknowledge,
            "count first what it would delete, and agree to that")
      .flag("--wait", run_options->wait, "follow the run; exit 0 only when it is satisfied");
  run_options->start.add_to(run_command);
  run_command.runs(run_options, run);
  const auto remove_options = std::make_shared<RemoveOptions>();
  policy.add("remove", "Forgets a policy", "lethe policy remove executions-90d --yes")
      .positional("NAME", remove_options->name, "of the policy")
      .flag("--yes", remove_options->yes, "do not ask; required when nobody is at a terminal")
      .runs(remove_options, remove);
}

}  // namespace lethe::cli
