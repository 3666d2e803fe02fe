#include "cli/commands/pause.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

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
  std::optional<std::int64_t> timeout;  ///< seconds
};

constexpr Command::Range timeout_range{1, 86'400};
constexpr std::int64_t timeout_default = 60;

Pause scope_of(const PauseOptions& options) {
  std::vector<Pause> given;
  if (options.all) given.push_back({PauseScope::all, ""});
  if (options.target) given.push_back({PauseScope::target, *options.target});
  if (options.policy) given.push_back({PauseScope::policy, *options.policy});
  if (options.tenant) given.push_back({PauseScope::tenant, *options.tenant});
  if (given.size() != 1)
    throw UserError(ExitCode::usage,
                    "give exactly one of --all, --target T, --policy P and --tenant V");
  if (options.tenant && options.tenant->empty())
    throw UserError(ExitCode::usage, "--tenant: must not be empty; give the tenant's name");
  return given.front();
}

std::string scope_text(const Pause& pause) {
  if (pause.scope == PauseScope::all) return "everything";
  return fmt::format("{} {}", to_string(pause.scope), pause.name);
}

/// The targets whose own gate the pause is about; none for a policy.
std::vector<TargetRow> targets_of(Stores& stores, const Pause& pause) {
  if (pause.scope == PauseScope::all) return stores.targets.list();
  if (pause.scope == PauseScope::target) return {find_target(stores, pause.name)};
  return {};
}

std::string names_of(const std::vector<InFlight>& sessions) {
  std::string list;
  for (const InFlight& session : sessions)
    list += fmt::format(
        "{}{} (pid {}{})", list.empty() ? "" : ", ", session.name, session.pid,
        session.ms < 0 ? "" : ", for " + duration_text(std::chrono::milliseconds(session.ms)));
  return list;
}

/// Moves the gates of targets one by one, and goes on when one cannot be reached.
class Gates {
 public:
  explicit Gates(Services& services) : services_(services) {}

  /// Closes the gate of `policy`, or of the whole target ("*"), and does not wait.
  void close(const TargetRow& target, const std::string& policy, const std::string& reason) {
    attempt([&] {
      auto connection = services_.target(target.name, target.url);
      connection->close_gate(policy, reason);
      closed_.push_back(
          {.target = target.name, .policy = policy, .connection = std::move(connection)});
    });
  }

  void open(const TargetRow& target) {
    attempt([&] { services_.target(target.name, target.url)->open_gate(); });
  }

  void set(const PolicyRow& policy, bool halted, const std::string& reason) {
    const TargetRow target = find_target(services_.stores(), policy.target);
    attempt([&] {
      services_.target(target.name, target.url)
          ->set_gate(policy.name, policy.epoch, halted, reason);
    });
  }

  /// Waits until nothing is in flight behind the gates that were closed, so long for all of them
  /// together.
  void await_standstill(std::chrono::seconds patience) {
    Clock& clock = services_.environment().clock;
    const auto end = clock.now() + patience;
    for (const Closed& gate : closed_) {
      const auto wait = [&] {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock.now());
        tell(gate.target, patience,
             gate.connection->await_standstill(gate.policy,
                                               std::max(left, std::chrono::milliseconds(1))));
      };
      attempt(wait, "its gate is closed, but whether something is still in flight is not known");
    }
  }

  /// Failed when a gate did not move, or something is in flight behind one; the others did.
  [[nodiscard]] ExitCode code() const { return all_well_ ? ExitCode::done : ExitCode::failed; }

 private:
  struct Closed {
    std::string target;
    std::string policy;
    std::unique_ptr<TargetDatabase> connection;
  };

  void tell(const std::string& target, std::chrono::seconds patience,
            const Standstill& standstill) {
    if (!standstill.vacuums.empty())
      services_.note(
          fmt::format("in target {} a VACUUM goes on, which changes no row: {}; to end it, run "
                      "there: SELECT pg_cancel_backend({})",
                      target, names_of(standstill.vacuums), standstill.vacuums.front().pid));
    if (standstill.batches.empty()) return;
    all_well_ = false;
    services_.note(fmt::format(
        "lethe: target {} starts nothing new, but after {} this is still in flight: {}; run the "
        "command again to wait on, or end it there: SELECT pg_terminate_backend({})",
        target, duration_text(patience), names_of(standstill.batches),
        standstill.batches.front().pid));
  }

  template <class Call>
  void attempt(const Call& call, const char* consequence = "its gate did not move") {
    try {
      call();
    } catch (const UserError& error) {
      all_well_ = false;
      services_.note(fmt::format("lethe: {}; {}, run the command again when it can be reached",
                                 error.what(), consequence));
    }
  }

  Services& services_;
  std::vector<Closed> closed_;
  bool all_well_ = true;
};

struct Outcome {
  std::string change;
  std::string remark;  ///< after the sentence; "" for none
  ExitCode code = ExitCode::done;
};

ExitCode report(Services& services, const Pause& pause, const Outcome& outcome) {
  const bool is_complete = outcome.code == ExitCode::done;
  const bool has_gate = pause.scope != PauseScope::tenant;
  services.output().result(
      {{"scope", std::string(to_string(pause.scope))},
       {"name", or_null(pause.name)},
       {"change", outcome.change},
       {"complete", has_gate ? Value{is_complete} : Value{}}},
      fmt::format("{}: {}{}{}", outcome.change, scope_text(pause),
                  is_complete ? "" : ", but not everywhere yet", outcome.remark));
  return outcome.code;
}

/// The control database first, so that nothing new is leased; then every gate, and only then the
/// wait for what has passed them. A tenant has no gate.
ExitCode pause(Services& services, const Pause& pause, const PauseOptions& options) {
  const std::string& reason = options.reason;
  Stores& stores = services.stores();
  if (pause.scope == PauseScope::target) static_cast<void>(find_target(stores, pause.name));
  if (pause.scope == PauseScope::policy) static_cast<void>(find_policy(stores, pause.name));
  stores.fleet.pause(pause, reason, services.actor());
  Gates gates(services);
  if (pause.scope == PauseScope::policy)
    gates.close(find_target(stores, find_policy(stores, pause.name).target), pause.name, reason);
  for (const TargetRow& target : targets_of(stores, pause)) gates.close(target, "*", reason);
  gates.await_standstill(std::chrono::seconds(options.timeout.value_or(timeout_default)));
  Outcome outcome{.change = "paused", .remark = "", .code = gates.code()};
  if (pause.scope == PauseScope::tenant)
    outcome.remark =
        "; no new batch of its own tasks starts, those in flight may still go on to their end";
  return report(services, pause, outcome);
}

using PauseRows = std::vector<FleetStore::PauseRow>;

/// The pause in force that also covers a thing which a pause of `narrow` covers; null when there is
/// none. `target` is the one that a policy belongs to.
const FleetStore::PauseRow* find_wider(const PauseRows& pauses, const Pause& narrow,
                                       const std::string& target) {
  const auto found = std::find_if(pauses.begin(), pauses.end(), [&](const auto& row) {
    if (row.pause.scope == PauseScope::all) return true;
    if (row.pause.scope == PauseScope::target) return row.pause.name == target;
    return row.pause.scope == narrow.scope && row.pause.name == narrow.name;
  });
  return found == pauses.end() ? nullptr : &*found;
}

void note_still_paused(Services& services, const Pause& thing, const FleetStore::PauseRow& row) {
  const std::string reason = row.reason.empty() ? "" : fmt::format(": {}", row.reason);
  services.note(fmt::format("{} is still paused: {}, by {} since {}{}", scope_text(thing),
                            scope_text(row.pause), row.paused_by, instant_text(row.paused_at),
                            reason));
}

/// Tells of the freezes that still cover what was resumed, and leaves the other pauses in `pauses`:
/// a freeze has a gate of its own.
void note_freezes(Services& services, const Pause& resumed, const std::string& target,
                  PauseRows& pauses) {
  const auto frozen = std::stable_partition(pauses.begin(), pauses.end(),
                                            [](const auto& row) { return !row.frozen; });
  for (auto row = frozen; row != pauses.end(); ++row) {
    const bool covers = row->pause.scope == PauseScope::all || resumed.scope == PauseScope::all ||
                        row->pause.name == target;
    if (covers)
      services.note(fmt::format("{} is frozen since {}: {}", scope_text(row->pause),
                                instant_text(row->paused_at), row->reason));
  }
  pauses.erase(frozen, pauses.end());
}

/// Opens the gate of a target unless another pause closes it.
void open_gate(Services& services, Gates& gates, const TargetRow& target, const PauseRows& pauses) {
  const Pause thing{PauseScope::target, target.name};
  if (const auto* row = find_wider(pauses, thing, target.name)) {
    note_still_paused(services, thing, *row);
  } else {
    gates.open(target);
  }
}

/// A policy's gate has one pause that closes it, so it is opened first. A target's gate is closed
/// by a pause of the target and by one of everything: which of them is left is known only when this
/// one is gone. Until its gate opens a task that was leased meanwhile is refused and comes back.
ExitCode resume(Services& services, const Pause& pause) {
  Stores& stores = services.stores();
  Gates gates(services);
  std::string target;
  if (pause.scope == PauseScope::target) target = find_target(stores, pause.name).name;
  if (pause.scope == PauseScope::policy) {
    const PolicyRow policy = find_policy(stores, pause.name);
    target = policy.target;
    gates.set(policy, !policy.enabled, policy.enabled ? "" : "disabled");
    if (gates.code() != ExitCode::done)
      return report(services, pause, {"still paused", "", gates.code()});
  }
  const bool was_paused = stores.fleet.resume(pause, services.actor());
  PauseRows pauses = stores.fleet.pauses();
  note_freezes(services, pause, target, pauses);
  for (const TargetRow& row : targets_of(stores, pause)) open_gate(services, gates, row, pauses);
  const bool has_gate = pause.scope == PauseScope::all || pause.scope == PauseScope::target;
  if (const auto* row = has_gate ? nullptr : find_wider(pauses, pause, target))
    note_still_paused(services, pause, *row);
  return report(services, pause, {was_paused ? "resumed" : "was not paused", "", gates.code()});
}

void add_scopes(const Command& command, PauseOptions& options) {
  command.flag("--all", options.all, "everything")
      .option("--target", options.target, "one target")
      .option("--policy", options.policy, "one policy")
      .option("--tenant", options.tenant, "one tenant: tasks that are for it alone");
}

}  // namespace

void add_pause(const Command& root) {
  const auto options = std::make_shared<PauseOptions>();
  const Command stop = root.add(
      "pause",
      "Stops cleaning now, but for a tenant returns when no batch is in flight (kill switch)",
      "lethe pause --all --reason 'incident 42'\nlethe pause --policy executions-90d\n"
      "lethe pause --tenant acme");
  add_scopes(stop, *options);
  stop.option("--reason", options->reason, "for whoever asks why");
  stop.option("--timeout", options->timeout, timeout_range,
              "seconds to wait for what is in flight (default 60)");
  stop.runs(
      [options](Services& services) { return pause(services, scope_of(*options), *options); });
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
      .option("--timeout", options->timeout, timeout_range,
              "seconds to wait for what is in flight (default 60)")
      .runs(
          [options](Services& services) { return pause(services, scope_of(*options), *options); });
  target.add("resume", "Ends the pause of a target", "lethe target resume app")
      .positional("NAME", *options->target, "of the target")
      .runs([options](Services& services) { return resume(services, scope_of(*options)); });
}

}  // namespace lethe::cli
