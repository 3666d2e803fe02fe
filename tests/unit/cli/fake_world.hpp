#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/app.hpp"
#include "common/policies/policy_json.hpp"
#include "common/store_error.hpp"
#include "tests/unit/cli/fake_control.hpp"
#include "tests/unit/cli/fake_target.hpp"

namespace lethe::cli::test {

template <class Row>
std::optional<Row> find_by_name(const std::vector<Row>& rows, const std::string& name) {
  for (const Row& row : rows) {
    if (row.name == name) return row;
  }
  return std::nullopt;
}

template <class Row>
std::optional<Row> find_by_id(const std::vector<Row>& rows, const std::string& id) {
  for (const Row& row : rows) {
    if (row.id == id) return row;
  }
  return std::nullopt;
}

class FakeTargets final : public TargetStore {
 public:
  explicit FakeTargets(Log& log) : log_(log) {}
  bool put(const TargetSpec& target, const std::string&) override {
    log_.push_back("put target " + target.name);
    last = target;
    return !find(target.name);
  }
  std::vector<TargetRow> list() override { return rows; }
  std::optional<TargetRow> find(const std::string& name) override {
    return find_by_name(rows, name);
  }
  void remove(const std::string& name, const std::string&) override {
    log_.push_back("remove target " + name);
  }
  std::vector<TargetRow> rows;
  TargetSpec last;  ///< that was put

 private:
  Log& log_;
};

class FakePolicies final : public PolicyStore {
 public:
  explicit FakePolicies(Log& log) : log_(log) {}
  PolicyVersion version(const std::string& name) override {
    const auto row = find(name);
    return {.exists = row.has_value(), .epoch = row ? row->epoch : former_epoch};
  }
  std::int64_t former_epoch = 0;  ///< of policies that were removed
  void apply(const Policy& policy, const PolicyVersion& read, std::optional<Instant> next,
             const std::string& actor) override {
    log_.push_back("apply " + policy.name + " read at " + std::to_string(read.epoch) + " next " +
                   (next ? to_iso8601(*next) : "never") + " by " + actor);
  }
  std::vector<PolicyRow> list() override { return rows; }
  std::optional<PolicyRow> find(const std::string& name) override {
    return find_by_name(rows, name);
  }
  void set_enabled(const PolicyRow& read, bool enabled, std::optional<Instant>,
                   const std::string&) override {
    log_.push_back((enabled ? "enable " : "disable ") + read.name);
  }
  void remove(const std::string& name, const std::string&) override {
    log_.push_back("remove policy " + name);
  }
  void acknowledge(const PolicyRow& read, std::int64_t agreed, const std::string& actor) override {
    log_.push_back("acknowledge " + std::to_string(agreed) + " rows of " + read.name + " by " +
                   actor);
  }
  void approve(const PolicyRow& read, const std::string& actor) override {
    log_.push_back("approve " + read.name + " by " + actor);
  }
  Instant now() override { return Instant(std::chrono::hours(24 * 365)); }
  std::vector<PolicyRow> rows;

 private:
  Log& log_;
};

class FakeRuns final : public RunStore {
 public:
  explicit FakeRuns(Log& log) : log_(log) {}
  StartedRun start(const Policy& spec, const StartOptions& options, const std::string&) override {
    started = spec;
    start_options = options;
    log_.push_back("start run of '" + spec.name + "' at " + std::to_string(options.policy_epoch));
    return {.id = {"R1"}, .is_new = options.source_id != open_source_id || open_source_id.empty()};
  }
  std::vector<RunRow> list(const RunFilter&) override { return rows; }
  std::optional<RunRow> find(const std::string& id) override {
    if (failures > 0) {
      --failures;
      throw StoreError(Failure::connection_lost, "runs", "", "gone");
    }
    return find_by_id(rows, id);
  }
  std::optional<RunRow> glance(const std::string& id) override {
    // Each look at a run that is watched is one step further in `states`.
    if (failures == 0 && !states.empty()) {
      for (RunRow& row : rows)
        if (row.id == id) row.state = states.front();
      states.erase(states.begin());
    }
    auto row = find(id);
    if (row) row->spec_text.clear();
    return row;
  }
  RunEffort effort(const std::string&) override { return {.tasks = 3, .workers = 2}; }
  void keep_preview(const Policy& spec, const NewPreview& kept, const std::string& actor) override {
    if (keeps_no_preview) throw StoreError(Failure::rejected, "previews", "42501", "not allowed");
    previews.push_back(kept);
    log_.push_back("keep preview of '" + spec.name + "' by " + actor);
  }
  std::optional<PreviewRow> preview_of(const std::string&) override { return preview; }
  std::optional<std::int64_t> pace_of(const std::string&) override { return pace; }
  void cancel(const std::string& id, const std::string&) override {
    log_.push_back("cancel run " + id);
  }
  std::vector<NewPreview> previews;
  bool keeps_no_preview = false;
  std::optional<PreviewRow> preview;
  std::optional<std::int64_t> pace;
  std::vector<RunRow> rows;
  std::vector<std::string> states;
  int failures = 0;
  Policy started;
  StartOptions start_options;
  std::string open_source_id;  ///< of the run that is open already

 private:
  Log& log_;
};

class FakeTasks final : public TaskStore {
 public:
  explicit FakeTasks(Log& log) : log_(log) {}
  std::vector<TaskRow> list(const TaskFilter&) override { return rows; }
  std::optional<TaskRow> find(const std::string& id) override { return find_by_id(rows, id); }
  std::optional<TaskSituation> why(const std::string&) override { return situation; }
  void cancel(const std::string& id, const std::string&) override {
    log_.push_back("cancel " + id);
  }
  void retry(const std::string& id, const std::string&) override { log_.push_back("retry " + id); }
  void snooze(const std::string& id, const std::string& delay, const std::string&) override {
    log_.push_back("snooze " + id + " " + delay);
  }
  void release(const std::string& id, const std::string&) override {
    log_.push_back("release " + id);
  }
  std::vector<TaskRow> rows;
  std::optional<TaskSituation> situation;

 private:
  Log& log_;
};

class FakeDead final : public DeadStore {
 public:
  explicit FakeDead(Log& log) : log_(log) {}
  std::vector<DeadRow> list(const DeadFilter& filter) override {
    std::vector<DeadRow> found = matching(filter);
    if (found.size() > static_cast<std::size_t>(filter.rows_max))
      found.resize(static_cast<std::size_t>(filter.rows_max));
    return found;
  }
  std::int64_t count(const DeadFilter& filter) override {
    return static_cast<std::int64_t>(matching(filter).size());
  }
  std::optional<DeadRow> find(const std::string& id) override {
    const auto found = matching({.ids = {id}, .run = "", .policy = "", .target = "", .reason = ""});
    return found.empty() ? std::nullopt : std::optional(found.front());
  }
  std::vector<std::string> retry(const DeadFilter& filter, const std::string&) override {
    return take("retry", filter);
  }
  std::vector<std::string> discard(const DeadFilter& filter, const std::string&) override {
    return take("discard", filter);
  }
  void add(const std::string& id, const std::string& policy, const std::string& reason) {
    DeadRow row;
    row.task.id = id;
    row.task.run = "R1";
    row.task.policy = policy;
    row.task.target = "app";
    row.task.state = "dead";
    row.task.last_error = reason;
    row.sqlstate = "42501";
    rows.push_back(row);
  }
  std::vector<DeadRow> rows;
  std::set<std::string> staying;  ///< ids that cannot go back

 private:
  std::vector<DeadRow> matching(const DeadFilter& filter) {
    std::vector<DeadRow> found;
    for (const DeadRow& row : rows) {
      const TaskRow& task = row.task;
      const bool is_meant = filter.ids.empty() || std::find(filter.ids.begin(), filter.ids.end(),
                                                            task.id) != filter.ids.end();
      const bool fits = (filter.run.empty() || filter.run == task.run) &&
                        (filter.policy.empty() || filter.policy == task.policy) &&
                        (filter.target.empty() || filter.target == task.target) &&
                        task.last_error.find(filter.reason) != std::string::npos;
      if (is_meant && fits) found.push_back(row);
    }
    return found;
  }
  std::vector<std::string> take(const std::string& verb, const DeadFilter& filter) {
    std::vector<std::string> ids;
    for (const DeadRow& row : list(filter)) {
      if (staying.count(row.task.id) > 0) continue;
      ids.push_back(row.task.id);
      log_.push_back(verb + " " + row.task.id);
      rows.erase(std::find_if(rows.begin(), rows.end(),
                              [&](const DeadRow& other) { return other.task.id == row.task.id; }));
    }
    return ids;
  }
  Log& log_;
};

class FakeTenants final : public TenantStore {
 public:
  explicit FakeTenants(Log& log) : log_(log) {}
  bool set(const TenantLimits& limits, const std::string&) override {
    log_.push_back("set " + limits.target + "/" + limits.tenant + " " +
                   std::to_string(limits.weight) + " " + std::to_string(limits.max_running) + " '" +
                   limits.lane + "'");
    return !find(limits.target, limits.tenant);
  }
  std::vector<TenantLimits> list(const std::string&) override { return rows; }
  std::optional<TenantLimits> find(const std::string& target, const std::string& tenant) override {
    for (const TenantLimits& row : rows) {
      if (row.target == target && row.tenant == tenant) return row;
    }
    return std::nullopt;
  }
  bool remove(const std::string& target, const std::string& tenant, const std::string&) override {
    log_.push_back("remove " + target + "/" + tenant);
    return find(target, tenant).has_value();
  }
  std::vector<TenantLimits> rows;

 private:
  Log& log_;
};

class FakeAudit final : public AuditStore {
 public:
  explicit FakeAudit(Log& log) : log_(log) {}
  void record(const AuditEntry& entry, const std::string& actor) override {
    if (is_unreachable) throw StoreError(Failure::connection_lost, "audit", "", "gone");
    log_.push_back("audit " + entry.action + " " + entry.object + ": " + entry.detail + " by " +
                   actor);
  }
  bool is_unreachable = false;

 private:
  Log& log_;
};

class FakeInspector final : public Inspector {
 public:
  std::vector<Violation> invariants() override { return violations; }
  std::vector<RunTotal> run_totals(std::int32_t runs_max) override {
    asked_runs = runs_max;
    return totals;
  }
  std::vector<Violation> violations;
  std::vector<RunTotal> totals;
  std::int32_t asked_runs = 0;
};

class FakeFleet final : public FleetStore {
 public:
  explicit FakeFleet(Log& log) : log_(log) {}
  std::vector<WorkerRow> workers(bool) override { return rows; }
  std::optional<WorkerRow> worker(std::int64_t id) override {
    for (const WorkerRow& row : rows) {
      if (row.id == id) return row;
    }
    return std::nullopt;
  }
  void pause(const Pause& pause, const std::string& reason, const std::string&) override {
    log_.push_back("pause '" + pause.name + "' " + reason);
  }
  bool resume(const Pause& pause, const std::string&) override {
    log_.push_back("resume '" + pause.name + "'");
    return true;
  }
  bool thaw(const Pause& freeze, const std::string& actor) override {
    log_.push_back("thaw " + std::string(to_string(freeze.scope)) + " '" + freeze.name + "' by " +
                   actor);
    return is_frozen;
  }
  std::vector<PauseRow> pauses() override { return pause_rows; }
  bool is_frozen = true;
  std::vector<WorkerRow> rows;
  std::vector<PauseRow> pause_rows;  ///< in force after a resume

 private:
  Log& log_;
};

class FakeStatistics final : public StatisticsStore {
 public:
  FleetStatistics read() override { return statistics; }
  NamedCounts open_runs() override {
    ++looks;
    if (failing.count(looks) > 0) throw StoreError(failure, "statistics", "", "server gone");
    return statistics.runs;
  }
  std::vector<PolicyStatistics> policies() override { return statistics.policies; }
  FleetStatistics statistics;
  int looks = 0;
  std::set<int> failing;  ///< which looks
  Failure failure = Failure::connection_lost;
};

class FakeMigrations final : public Migrations {
 public:
  std::vector<Step> status() override { return {{1, "control", ""}}; }
  std::vector<Step> up() override { return {{1, "control", "2026-11-21T03:00:00.000000Z"}}; }
  std::string pending_sql() override { return "CREATE TABLE x ();\n"; }
  void require_known() override {
    if (!is_known) throw UserError(ExitCode::bad_config, "schema unknown; run lethe migrate");
  }
  bool is_known = true;
};

/// Time passes only by waiting. Stops like an interrupted wait after `waits_left`.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override { return now_; }
  [[nodiscard]] std::chrono::milliseconds unix_time() const override { return {}; }
  bool wait_for(std::chrono::milliseconds duration, const std::stop_token&) override {
    now_ += duration;
    return waits_left-- > 0;
  }
  int waits_left = 1000;

 private:
  time_point now_{};
};

/// Everything around the command line, in memory. Each change is written to `log`, in order, so
/// that tests can tell what came first.
struct FakeWorld {
  Log log;
  FakeTargets targets{log};
  FakePolicies policies{log};
  FakeRuns runs{log};
  FakeTasks tasks{log};
  FakeDead dead{log};
  FakeTenants tenants{log};
  FakeFleet fleet{log};
  FakeAudit audit{log};
  FakeInspector inspector;
  FakeProofStore proof;
  FakeMigrations migrations;
  FakeCommands commands{log};
  FakeKeys keys{log};
  FakeSchedulers schedulers;
  FakeStatistics statistics;
  FakeControl control;
  FakeConnector connector{log};
  FakeClock clock;
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  std::vector<std::string> opened;  ///< connections that were asked for
  Terminal terminal;
  std::string database = "service=from-environment";
  bool is_unreachable = false;
  std::string control_key_file;
  bool control_insecure = false;
  ArchiveStore* archive = nullptr;

  ExitCode run(const std::vector<std::string>& arguments) {
    Environment environment = make_environment();
    return run_app(arguments, environment);
  }

  /// Calls with what a command works with.
  template <class Call>
  void with_services(const Call& call) {
    Environment environment = make_environment();
    Services services(environment, database, OutputFormat::table);
    call(services);
  }

  Environment make_environment() {
    return {.open = [this](const std::string& connection) -> Stores {
              opened.push_back(connection);
              if (is_unreachable) throw StoreError(Failure::connection_lost, "x", "", "no route");
              return {targets,   policies, runs,       tasks,    dead, tenants,    fleet,     audit,
                      inspector, proof,    migrations, commands, keys, schedulers, statistics};
            },
            .connector = connector,
            .clock = clock,
            .in = in,
            .out = out,
            .err = err,
            .terminal = terminal,
            .actor = "ana@host",
            .database = database,
            .interrupted = [] { return std::stop_token(); },
            .archive = archive,
            .control = &control,
            .control_key_file = control_key_file,
            .control_insecure = control_insecure};
  }

  void add_target(const std::string& name) {
    TargetRow row;
    row.name = name;
    row.url = "service=" + name;
    row.max_running = 4;
    targets.rows.push_back(row);
  }

  /// Stored at epoch 7.
  void add_policy(const Policy& policy, bool enabled = true, bool paused = false) {
    PolicyRow row;
    row.name = policy.name;
    row.target = policy.target;
    row.spec_text = to_canonical_json(policy);
    row.epoch = 7;
    row.enabled = enabled;
    row.paused = paused;
    policies.rows.push_back(row);
  }

  void add_run(const std::string& state) {
    RunRow row;
    row.id = "R1";
    row.target = "app";
    row.state = state;
    row.rows = 12'345;
    row.batches = 67;
    row.elapsed_ms = 3'200;
    runs.rows.push_back(row);
  }
};

inline Policy sample_policy(const std::string& name, const std::string& target = "app") {
  Policy policy;
  policy.name = name;
  policy.target = target;
  policy.table = {"public", "logs"};
  policy.timestamp = {"at"};
  policy.retain.seconds = 90 * 86'400;
  return policy;
}

}  // namespace lethe::cli::test
