#include "cli/commands/pause.hpp"

#include <fmt/format.h>

#include "cli/lookup.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

struct PauseOptions {
  bool all = false;
  std::optional<std::string> target;
  std::optional<std::string> policy;
  std::optional<std::string> tenant;
  std::string reason;
};

Pause scope_of(const PauseOptions& options) {
  if (options.tenant)
    throw UserError(ExitCode::usage,
                    "--tenant is not supported by this version of Lethe; pause the policy instead");
  const int given = (options.all ? 1 : 0) + (options.target ? 1 : 0) + (options.policy ? 1 : 0);
  if (given != 1)
    throw UserError(ExitCode::usage, "give exactly one of --all, --target T and --policy P");
  if (options.target) return {PauseScope::target, *options.target};
  if (options.policy) return {PauseScope::policy, *options.policy};
  return {PauseScope::all, ""};
}

std::string scope_text(const Pause& pause) {
  switch (pause.scope) {
    case PauseScope::target: return fmt::format("target {}", pause.name);
    case PauseScope::policy: return fmt::format("policy {}", pause.name);
    case PauseScope::all: break;
  }
  return "everything";
}

/// The targets whose own gate the pause is about; none for a policy.
std::vector<TargetRow> targets_of(Stores& stores, const Pause& pause) {
  if (pause.scope == PauseScope::all) return stores.targets.list();
  if (pause.scope == PauseScope::target) return {find_target(stores, pause.name)};
  return {};
}

/// Moves the gates of whole targets one by one, and goes on when one cannot be reached.
class Gates {
 public:
  explicit Gates(Services& services) : services_(services) {}

  void set(const TargetRow& target, bool halted, const std::string& reason) {
    attempt([&] { services_.target(target.name, target.url)->halt(halted, reason); });
  }

  void set(const PolicyRow& policy, bool halted, const std::string& reason) {
    const TargetRow target = find_target(services_.stores(), policy.target);
    attempt([&] {
      services_.target(target.name, target.url)
          ->set_gate(policy.name, policy.epoch, halted, reason);
    });
  }

  /// Failed when a gate did not move; the others did.
  [[nodiscard]] ExitCode code() const { return all_moved_ ? ExitCode::done : ExitCode::failed; }

 private:
  template <class Call>
  void attempt(const Call& call) {
    try {
      call();
    } catch (const UserError& error) {
      all_moved_ = false;
      services_.note(
          fmt::format("lethe: {}; its gate did not move, run the command again when it "
                      "can be reached",
                      error.what()));
    }
  }

  Services& services_;
  bool all_moved_ = true;
};

ExitCode report(Services& services, const Pause& pause, const char* change, ExitCode code) {
  const std::string scope = pause.scope == PauseScope::all      ? "all"
                            : pause.scope == PauseScope::target ? "target"
                                                                : "policy";
  const char* ending = code == ExitCode::done ? "" : ", but not every gate has moved";
  services.output().result({{"scope", scope},
                            {"name", or_null(pause.name)},
                            {"change", std::string(change)},
                            {"complete", code == ExitCode::done}},
                           fmt::format("{}: {}{}", change, scope_text(pause), ending));
  return code;
}

/// The control database first, so that nothing new is leased; then the gates, which return when no
/// batch is in flight.
ExitCode pause(Services& services, const Pause& pause, const std::string& reason) {
  Stores& stores = services.stores();
  if (pause.scope == PauseScope::target) static_cast<void>(find_target(stores, pause.name));
  if (pause.scope == PauseScope::policy) static_cast<void>(find_policy(stores, pause.name));
  stores.fleet.pause(pause, reason, services.actor());
  Gates gates(services);
  if (pause.scope == PauseScope::policy) gates.set(find_policy(stores, pause.name), true, reason);
  for (const TargetRow& target : targets_of(stores, pause)) gates.set(target, true, reason);
  return report(services, pause, "paused", gates.code());
}

/// A policy's gate has one pause that closes it, so it is opened first. A target's gate is closed
/// by a pause of the target and by one of everything: which of them is left is known only when this
/// one is gone. Until its gate opens a task that was leased meanwhile is refused and comes back.
ExitCode resume(Services& services, const Pause& pause) {
  Stores& stores = services.stores();
  Gates gates(services);
  if (pause.scope == PauseScope::target) static_cast<void>(find_target(stores, pause.name));
  if (pause.scope == PauseScope::policy) {
    const PolicyRow policy = find_policy(stores, pause.name);
    gates.set(policy, !policy.enabled, policy.enabled ? "" : "disabled");
    if (gates.code() != ExitCode::done)
      return report(services, pause, "still paused", gates.code());
  }
  const bool was_paused = stores.fleet.resume(pause, services.actor());
  for (const TargetRow& target : targets_of(stores, pause)) {
    if (target.paused) {
      services.note(fmt::format("target {} is still paused by another pause", target.name));
    } else {
      gates.set(target, false, "");
    }
  }
  return report(services, pause, was_paused ? "resumed" : "was not paused", gates.code());
}

void add_scopes(const Command& command, PauseOptions& options) {
  command.flag("--all", options.all, "everything")
      .option("--target", options.target, "one target")
      .option("--policy", options.policy, "one policy")
      .option("--tenant", options.tenant, "not supported by this version");
}

}  // namespace

void add_pause(const Command& root) {
  const auto options = std::make_shared<PauseOptions>();
  const Command stop =
      root.add("pause", "Stops cleaning now and returns when no batch is in flight (kill switch)",
               "lethe pause --all --reason 'incident 42'\nlethe pause --policy executions-90d");
  add_scopes(stop, *options);
  stop.option("--reason", options->reason, "for whoever asks why");
  stop.runs([options](Services& services) {
    return pause(services, scope_of(*options), options->reason);
  });
  const Command go =
      root.add("resume", "Ends a pause", "lethe resume --all\nlethe resume --target app");
  add_scopes(go, *options);
  go.runs([options](Services& services) { return resume(services, scope_of(*options)); });
}

void add_pause_of_target(const Command& target) {
  const auto options = std::make_shared<PauseOptions>();
  options->target.emplace();
  target.add("pause", "Stops cleaning in a target", "lethe target pause app --reason 'incident 42'")
      .positional("NAME", *options->target, "of the target")
      .option("--reason", options->reason, "for whoever asks why")
      .runs([options](Services& services) {
        return pause(services, scope_of(*options), options->reason);
      });
  target.add("resume", "Ends the pause of a target", "lethe target resume app")
      .positional("NAME", *options->target, "of the target")
      .runs([options](Services& services) { return resume(services, scope_of(*options)); });
}

}  // namespace lethe::cli
