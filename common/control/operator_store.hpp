#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/policies/policy.hpp"
#include "common/schedule/schedule.hpp"
#include "common/tasks/space.hpp"

namespace lethe {

// The control database as operators see it. Instants are ISO 8601 UTC text, "" when there is none.
// Thread safety of all stores here: none. Errors: StoreError for the database, UserError for what
// the operator can mend (ExitCode::not_found for a thing that is not there). Every change is
// recorded in the audit with `actor`, in the same transaction.

struct TargetRow {
  std::string name;
  std::string url;
  std::int32_t max_running = 0;
  std::int64_t rows_per_second = 0;  ///< 0: no limit
  std::int64_t policies = 0;
  std::int64_t waiting = 0;
  std::int64_t running = 0;
  bool paused = false;
  std::string created_at;
  std::int32_t clock_skew_seconds = 60;
  bool survives_failover = false;
  std::string frozen{};  ///< why, with the cure; "" when it is not
  std::string
      circuit_until{};  ///< it cannot be reached, and one task tries from then on; "": it can
};

class TargetStore {
 public:
  virtual ~TargetStore() = default;
  /// Adds or changes; true when it is new.
  virtual bool put(const TargetSpec& target, const std::string& actor) = 0;
  virtual std::vector<TargetRow> list() = 0;
  virtual std::optional<TargetRow> find(const std::string& name) = 0;
  /// Refused (ExitCode::refused) while a policy or an open run needs it.
  virtual void remove(const std::string& name, const std::string& actor) = 0;
};

struct PolicyRow {
  std::string name;
  std::string target;
  std::string spec_text;  ///< canonical JSON
  std::string spec_sha256;
  std::int64_t epoch = 0;
  bool enabled = false;
  bool paused = false;
  std::string next_fire_at;
  std::string updated_at;
  std::string last_run;
  std::string last_state;
  std::int64_t last_rows = 0;
  std::string last_finished_at;
};

/// What was known of a policy's name before a change.
struct PolicyVersion {
  bool exists = false;
  std::int64_t epoch = 0;  ///< the newest that a policy of this name has or ever ran with; 0: none
};

class PolicyStore {
 public:
  virtual ~PolicyStore() = default;
  /// Stores a policy at the epoch after `read`. A name that was removed and comes back goes on
  /// counting, so that no batch of its former self can pass for one of the new. Refused when
  /// somebody else changed it meanwhile. `next` is the next firing.
  virtual void apply(const Policy& policy, const PolicyVersion& read, std::optional<Instant> next,
                     const std::string& actor) = 0;
  virtual PolicyVersion version(const std::string& name) = 0;
  virtual std::vector<PolicyRow> list() = 0;
  virtual std::optional<PolicyRow> find(const std::string& name) = 0;
  virtual void set_enabled(const PolicyRow& read, bool enabled, std::optional<Instant> next,
                           const std::string& actor) = 0;
  virtual void remove(const std::string& name, const std::string& actor) = 0;
  /// A person saw that a run of the policy as it was read would take `rows` rows, and agrees: the
  /// next run of it that is satisfied may, within seven days, with a margin. Refused when somebody
  /// changed the policy meanwhile.
  virtual void acknowledge(const PolicyRow& read, std::int64_t rows, const std::string& actor) = 0;
  /// A second person agrees to the policy as it was read. Refused when it needs nobody's approval,
  /// when `actor` applied it, or when somebody changed it meanwhile.
  virtual void approve(const PolicyRow& read, const std::string& actor) = 0;
  /// The control database's clock.
  virtual Instant now() = 0;
};

struct RunRow {
  std::string id;
  std::string policy;  ///< "" for an ad-hoc run
  std::string target;
  std::string state;
  std::string strategy;
  std::string cutoff;
  std::string scheduled_for;
  std::string started_at;
  std::string finished_at;
  std::int64_t rows = 0;
  std::int64_t batches = 0;
  std::int32_t passes = 0;
  std::string error;
  std::string created_at;
  std::string requested_by;
  std::optional<std::int64_t> estimated_rows;
  std::int64_t live_tasks = 0;
  std::int64_t elapsed_ms = 0;  ///< since it started, or was made
  std::string spec_text;
  std::string spec_sha256;
  std::optional<Space> space{};  ///< nothing: not looked at, or not yet
  std::string vacuum{};          ///< "done", or why not; "": not asked for, or not yet
};

struct RunFilter {
  std::string policy;  ///< "" is any
  std::string target;  ///< "" is any
  bool open_only = false;
  std::int32_t rows_max = 100;  ///< 1..10000
};

/// What a run took besides rows and batches.
struct RunEffort {
  std::int64_t tasks = 0;    ///< of every kind, live and ended, as long as the history has them
  std::int64_t workers = 0;  ///< that worked on them
};

/// How a run is started by hand. Lane, priority and expiry are the policy's own.
struct StartOptions {
  std::int64_t policy_epoch = 0;               ///< 0: ad hoc
  std::string source_id;                       ///< not "": at most one open run has it
  std::optional<std::int64_t> acknowledged{};  ///< ad hoc: eligible rows that a person saw
  std::string not_before;  ///< timestamptz or interval from now as text; "": at once
};

/// A run that was started, or the open one that has the same source_id.
struct StartedRun {
  RunId id;
  bool is_new = true;
};

/// What a person was shown that a run would do, as the control database keeps it.
struct PreviewRow {
  std::int64_t id = 0;
  std::string made_by;
  std::string at;
  std::string cutoff;
  std::int64_t eligible = 0;
  std::int64_t total = 0;
};

/// A preview as it was made.
struct NewPreview {
  std::string cutoff;  ///< ISO 8601
  std::int64_t eligible = 0;
  std::int64_t total = 0;
  std::string census;  ///< JSON array of one object: all of it but keys of rows
};

class RunStore {
 public:
  virtual ~RunStore() = default;
  /// Makes a run by hand, ad hoc (policy_epoch 0) or of a policy, with its plan task. Refused
  /// (ExitCode::refused) while a run of the same policy is open.
  virtual StartedRun start(const Policy& spec, const StartOptions& options,
                           const std::string& actor) = 0;
  /// Without the specs: `spec_text` is "".
  virtual std::vector<RunRow> list(const RunFilter& filter) = 0;
  virtual std::optional<RunRow> find(const std::string& id) = 0;
  /// Without the spec, which may be megabytes: for who looks again and again.
  virtual std::optional<RunRow> glance(const std::string& id) = 0;
  /// Zeros for a run that is not there.
  virtual RunEffort effort(const std::string& id) = 0;
  /// Keeps what a preview of `spec` counted. Forgets some that are older than 90 days.
  virtual void keep_preview(const Policy& spec, const NewPreview& preview,
                            const std::string& actor) = 0;
  /// The newest preview of the very policy that the run was made of, from before it was; nothing
  /// when there is none.
  virtual std::optional<PreviewRow> preview_of(const std::string& run) = 0;
  /// Milliseconds per 1,000 rows of the last satisfied run of a policy that took some; nothing when
  /// there is none.
  virtual std::optional<std::int64_t> pace_of(const std::string& policy) = 0;
  /// Asks a run to end. Tasks nobody works on go at once, leased ones after their batch.
  virtual void cancel(const std::string& id, const std::string& actor) = 0;
};

struct TaskRow {
  std::string id;
  std::string run;
  std::string policy;
  std::string target;
  std::string kind;
  std::string state;  ///< waiting ready leased scheduled paused; done cancelled dead for ended ones
  std::string tenant;
  std::string lane;
  std::int32_t attempts = 0;
  std::int32_t rescues = 0;
  std::int64_t epoch = 0;
  std::optional<std::int64_t> leased_by;
  std::string lease_deadline;
  std::string expire_deadline;
  std::string enqueue_at;
  std::string created_at;
  std::string ended_at;
  std::int64_t batches = 0;
  std::int64_t rows = 0;
  std::string last_error;
  bool cancel_requested = false;
  std::string payload;  ///< msgpack; "" for ended tasks
};

/// Everything that decides whether a task runs now.
struct TaskSituation {
  std::string state;
  std::string target;
  std::int64_t target_cap = 0;
  std::int64_t target_admitted = 0;
  std::string tenant;           ///< "" when it is for no single tenant
  std::int64_t tenant_cap = 0;  ///< of a named tenant; '' has none of its own
  std::int64_t tenant_admitted = 0;
  std::string lane;
  std::string enqueue_at;
  std::string window;                ///< of its policy, "01:00 to 05:00 Europe/Berlin"; "" for none
  bool window_open = true;           ///< now
  std::string paced_until;           ///< no admission before: rows_per_second is used up; "" is not
  std::int64_t rows_per_second = 0;  ///< of the target; 0: no limit
  std::string circuit_until;  ///< the target could not be reached; next attempt then. "" is well
  std::int64_t circuit_failures = 0;
  std::string circuit_error;
  std::optional<std::int64_t> leased_by;
  std::string leased_at;
  std::string lease_deadline;
  std::string instance;  ///< of the worker that holds it
  bool cancel_requested = false;
  std::string last_error;
  std::int32_t attempts = 0;
  std::int32_t max_attempts = 0;
  std::string pause_scope;  ///< "" when no pause covers it
  std::string pause_name;
  std::string paused_by;
  std::string paused_at;
  std::string pause_reason;
  std::int64_t workers = 0;            ///< alive and able to take it
  std::int64_t workers_of_target = 0;  ///< alive and serving its target, whatever the lane
  std::int64_t ahead = 0;  ///< waiting tasks of its tenant in the target before it, at most 1000
};

struct TaskFilter {
  std::string run;
  std::string target;
  std::string state;
  std::int32_t rows_max = 100;  ///< 1..10000
};

class TaskStore {
 public:
  virtual ~TaskStore() = default;
  virtual std::vector<TaskRow> list(const TaskFilter& filter) = 0;
  /// Live, or ended if history or the dead letters still have it.
  virtual std::optional<TaskRow> find(const std::string& id) = 0;
  virtual std::optional<TaskSituation> why(const std::string& id) = 0;
  /// Takes a task out; a leased one after its batch. Its run then ends as cancelled.
  virtual void cancel(const std::string& id, const std::string& actor) = 0;
  /// Runs a scheduled task now, or puts a dead letter back and opens its run again.
  virtual void retry(const std::string& id, const std::string& actor) = 0;
  /// Lets an unleased task wait for `delay` (interval text) more, without spending an attempt.
  virtual void snooze(const std::string& id, const std::string& delay,
                      const std::string& actor) = 0;
  /// Takes a leased task from its worker, whose batch is then refused.
  virtual void release(const std::string& id, const std::string& actor) = 0;
};

/// A task that ended badly. `task` is as it was, state "dead", `last_error` is the reason.
struct DeadRow {
  TaskRow task;
  std::string sqlstate;  ///< "" when no database said so
  std::string died_at;
};

/// Which dead letters; all conditions hold. All of them when everything is empty.
struct DeadFilter {
  std::vector<std::string> ids;
  std::string run;
  std::string policy;
  std::string target;
  std::string reason;           ///< a part of it, exact case
  std::int32_t rows_max = 100;  ///< 1..10000
};

class DeadStore {
 public:
  virtual ~DeadStore() = default;
  /// The newest first.
  virtual std::vector<DeadRow> list(const DeadFilter& filter) = 0;
  virtual std::int64_t count(const DeadFilter& filter) = 0;
  virtual std::optional<DeadRow> find(const std::string& id) = 0;
  /// Puts up to rows_max of them back into the queue, under their own ids, and opens their runs
  /// again. Those whose policy has another open run stay. Returns the ids that went back.
  virtual std::vector<std::string> retry(const DeadFilter& filter, const std::string& actor) = 0;
  /// Forgets up to rows_max of them for good; their runs stay as they ended. Returns the ids.
  virtual std::vector<std::string> discard(const DeadFilter& filter, const std::string& actor) = 0;
};

/// What a tenant of a target may take of the fleet.
struct TenantLimits {
  std::string target;
  std::string tenant;
  std::int32_t weight = 100;     ///< 1..10000; twice the weight is twice the share
  std::int32_t max_running = 4;  ///< tasks admitted at once, 0..1000
  std::string lane;              ///< of its tasks; "": the policy's
};

class TenantStore {
 public:
  virtual ~TenantStore() = default;
  /// Adds or changes; true when it is new. Tasks that wait already take the new limits.
  virtual bool set(const TenantLimits& limits, const std::string& actor) = 0;
  /// Those with limits of their own; of one target, or of all with "".
  virtual std::vector<TenantLimits> list(const std::string& target) = 0;
  virtual std::optional<TenantLimits> find(const std::string& target,
                                           const std::string& tenant) = 0;
  /// Back to the defaults; false when it had none.
  virtual bool remove(const std::string& target, const std::string& tenant,
                      const std::string& actor) = 0;
};

/// One thing that is wrong with the control database.
struct Violation {
  std::string rule;    ///< short name, e.g. "cap_exceeded"
  std::string object;  ///< id of the row
  std::string detail;  ///< one line
};

class Inspector {
 public:
  virtual ~Inspector() = default;
  /// Checks what must always hold, at any moment and under load: every task in exactly one place,
  /// leases, epochs, caps, states. Empty when all is well.
  virtual std::vector<Violation> invariants() = 0;
  /// Rows per ended run by the control database; for comparing with the targets' ledgers.
  struct RunTotal {
    std::string run;
    std::string target;
    std::int64_t rows = 0;
    std::int64_t batches = 0;
  };
  virtual std::vector<RunTotal> run_totals(std::int32_t runs_max) = 0;
};

struct WorkerRow {
  std::int64_t id = 0;
  std::string instance;
  std::string version;
  std::string phase;  ///< running quiet draining gone lost
  std::int32_t slots = 0;
  std::int32_t busy = 0;
  std::int64_t last_seen_ms = 0;
  std::string started_at;
  std::string targets;  ///< comma-separated; "" for all
  std::string lanes;    ///< comma-separated
  std::int64_t leased = 0;
  std::string wanted{};  ///< of it, by operators: running quiet stop
};

enum class PauseScope { all, target, policy, tenant };
[[nodiscard]] const char* to_string(PauseScope scope) noexcept;

struct Pause {
  PauseScope scope = PauseScope::all;
  std::string name;  ///< "" for all
};

/// The fleet as a whole: its workers and its pauses.
class FleetStore {
 public:
  virtual ~FleetStore() = default;
  virtual std::vector<WorkerRow> workers(bool also_ended) = 0;
  virtual std::optional<WorkerRow> worker(std::int64_t id) = 0;
  /// Parks every task that the pause covers; leased batches go on to their end.
  virtual void pause(const Pause& pause, const std::string& reason, const std::string& actor) = 0;
  /// Every pause in force.
  struct PauseRow {
    Pause pause;
    std::string paused_by;
    std::string paused_at;
    std::string reason;
    bool frozen = false;  ///< by the fleet itself, until thaw()
  };
  virtual std::vector<PauseRow> pauses() = 0;
  /// False when there was no such pause. Ends no freeze.
  virtual bool resume(const Pause& pause, const std::string& actor) = 0;
  /// Ends a freeze of everything or of a target. What the clock shows counts as right from now on;
  /// which database the target is, its next plan learns anew. So also when it was not frozen: then
  /// false.
  virtual bool thaw(const Pause& freeze, const std::string& actor) = 0;
};

/// Something that an operator did.
struct AuditEntry {
  std::string action;  ///< e.g. "hold.add"
  std::string object;  ///< what it was done to, e.g. "app/7"
  std::string detail;  ///< "" for none
};

/// The audit of what operators do in a target; what they do here, the other stores record.
class AuditStore {
 public:
  virtual ~AuditStore() = default;
  virtual void record(const AuditEntry& entry, const std::string& actor) = 0;
};

}  // namespace lethe
