#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/control/control_bus.hpp"
#include "common/tasks/space.hpp"
#include "common/tasks/task.hpp"

namespace lethe {

/// How a lease ends.
enum class Outcome {
  done,     ///< the task has nothing left to do
  again,    ///< there was progress; requeue for the next batch
  fail,     ///< an attempt without progress; requeue after a delay, or dead when they are used up
  release,  ///< not the task's fault (drain, halt, lock); requeue without spending the attempt
  cancel,   ///< a cancel was asked for
  dead,     ///< will never work; keep as a dead letter
};
[[nodiscard]] const char* to_string(Outcome outcome) noexcept;

/// A task to be added to a run.
struct NewTask {
  TaskId id;
  TaskKind kind = TaskKind::clean;
  std::string payload;          ///< msgpack
  std::int64_t batch_size = 0;  ///< of the first batch; 0: the strategy's default
};

/// What a plan found, settled together with the plan task. `tasks` may be empty: then
/// the run goes straight to verification.
struct PlanOutcome {
  std::string strategy;                        ///< "sweep", "index", "mixed" or "none"
  std::optional<std::int64_t> estimated_rows;  ///< expired rows by statistics
  std::vector<NewTask> tasks;
  std::string verify_payload;   ///< of the verify task that will follow, msgpack
  DatabaseIdentity database{};  ///< in which the plan was made
};

/// What a verification found, settled together with the verify task.
struct VerifyOutcome {
  bool clean = false;
  std::string left_in;       ///< a relation with eligible rows
  std::int64_t parked = 0;   ///< clean: rows of the run that the target refuses to delete
  std::string parked_why{};  ///< what it said of the first of them; "" when there is none
  bool chained = false;  ///< rows of the table point at each other: each pass takes the last ones
  std::optional<Space> space{};  ///< clean, and it could be looked at
  bool vacuum = false;           ///< the policy wants it when nothing is left
  DatabaseIdentity database{};   ///< in which it was made
};

/// How a vacuum ended, settled together with its task.
struct VacuumOutcome {
  std::string problem;           ///< why some or all of it was not done; "" when it was
  std::optional<Space> space{};  ///< after it; nothing: not looked at
};

/// The end of one lease, as the worker wants it.
struct Settlement {
  LeaseToken lease;
  RunId run;
  std::string target;
  Outcome outcome = Outcome::release;
  std::chrono::milliseconds delay{0};  ///< fail, release, again: not before
  std::int64_t batches = 0;            ///< cumulative, from the fence; 0: nothing known
  std::int64_t rows = 0;               ///< cumulative, from the fence
  std::string ledger_head{};           ///< from the fence, of tasks that are done; "": not known
  std::int64_t batch_size = 0;         ///< of the next batch
  std::int64_t batch_rows = 0;         ///< of this step alone: counts for limits of rows per second
  std::string policy;                  ///< "" for an ad-hoc run
  std::chrono::milliseconds took{0};
  std::string error;  ///< one line; "" when there is none
  std::string sqlstate;
  bool target_down = false;             ///< the target could not be reached: counts for its circuit
  std::string freeze{};                 ///< not "": the target is to be frozen, and why
  LedgerPosition ledger{};              ///< that this step committed
  std::optional<PlanOutcome> plan;      ///< plan tasks that are done
  std::optional<VerifyOutcome> verify;  ///< verify tasks that are done
  std::optional<VacuumOutcome> vacuum{};  ///< vacuum tasks that are done
  std::string refusal{};  ///< plan and clean tasks that are done: a guard ends the run; one line
};

/// Whether a settlement took effect.
enum class Settled {
  yes,
  already,     ///< a repeat: this very settlement took effect before, and its answer got lost
  lease_lost,  ///< the task was taken back meanwhile; nothing changed. Normal after a rescue
};

struct LeaseRequest {
  WorkerId worker;
  std::int32_t tasks_max = 1;                 ///< 1..1000: the free slots
  std::chrono::milliseconds length{120'000};  ///< of a vacuum 30 times as long
  std::vector<std::string> lanes;    ///< not empty, the preferred one first; each step in this list
                                     ///< weighs as much as a minute of waiting, so none starves
  std::vector<std::string> targets;  ///< empty: any
};

/// What one exchange with the queue brought.
struct Exchange {
  std::vector<Settled> settled;  ///< in the order of the settlements
  std::vector<LeasedTask> leased;
};

/// What operators want of a worker.
enum class Wanted {
  running,
  quiet,  ///< leases nothing new, and waits
  stop,   ///< leases nothing new, and ends when what it has in hand is settled
};
[[nodiscard]] const char* to_string(Wanted wanted) noexcept;

/// What the registry answers to a heartbeat.
struct BeatReply {
  bool known = false;  ///< false: declared lost; register anew under a new id
  Wanted wanted = Wanted::running;
  std::vector<TaskId> cancelled;  ///< leased by this worker and asked to stop
  std::vector<TaskId> stopped{};  ///< those of them whose statement in flight is to end as well
};

struct WorkerInfo {
  std::string instance;  ///< host:pid, for people
  std::string version;
  std::int32_t slots = 0;
  std::vector<std::string> targets;  ///< empty: all
  std::vector<std::string> lanes;    ///< not empty, the preferred one first
  Wanted wanted = Wanted::running;   ///< as it was told under its last registration
  WorkerId previous{};               ///< that registration; 0: this is the first one
};

/// What a worker is registered as.
struct Registration {
  WorkerId worker;
  /// What operators want of it: stop when it or its last registration was told so, else what they
  /// wanted of the last registration, whether or not it had heard of that.
  Wanted wanted = Wanted::running;
};

/// Tasks of a target that may be leased now.
struct ReadyTasks {
  std::string target;
  std::string lane;  ///< "": several
  std::int64_t tasks = 0;
};

/// PORT: the items table as a worker sees it. The only place where two processes meet.
///
/// Thread safety: none; one per thread. Errors: every call may throw StoreError; a lease that no
/// longer holds is a result, never an exception. Source: docs/adr/0003, docs/task_life_cycle.md.
class TaskQueue {
 public:
  virtual ~TaskQueue() = default;

  /// Ends leases and takes new ones, in one transaction where nothing else depends on them: one
  /// commit per task when a worker is busy. Moves runs on and admits what may run next, at the
  /// latest with the next call. Leases the most urgent admitted tasks and never waits for another
  /// worker's lock; `leased` is empty when nothing is ready for this worker. Without a request
  /// nothing is leased and nothing is put off. Safe to repeat after commit_unknown.
  virtual Exchange exchange(const std::vector<Settlement>& settlements,
                            const std::optional<LeaseRequest>& request) = 0;

  std::vector<LeasedTask> lease(const LeaseRequest& request) {
    return exchange({}, request).leased;
  }
  [[nodiscard]] std::vector<Settled> settle(const std::vector<Settlement>& settlements) {
    return exchange(settlements, std::nullopt).settled;
  }

  /// `on_ready` is called, on the queue's thread, after each call of this queue that admitted more
  /// tasks of a target than it leased: these are left for others. Empty: nobody wants to know.
  void tell_ready(std::function<void(const ReadyTasks&)> on_ready) {
    on_ready_ = std::move(on_ready);
  }

  /// Does what exchange() put off, if it is due: for when the tasks that it leased are under way.
  virtual void catch_up() = 0;

  /// The frozen facts of a run for a task of that kind. Nothing when the run is gone.
  virtual std::optional<RunContext> run_context(const RunId& run, TaskKind kind) = 0;

 protected:
  void became_ready(const ReadyTasks& ready) const {
    if (on_ready_) on_ready_(ready);
  }

 private:
  std::function<void(const ReadyTasks&)> on_ready_;
};

/// PORT: the registry of workers. Same rules as TaskQueue.
class WorkerRegistry {
 public:
  virtual ~WorkerRegistry() = default;
  /// Under a new id. Whoever calls has ended the previous registration, so that nothing can be
  /// asked of that one any more.
  virtual Registration register_worker(const WorkerInfo& info) = 0;
  virtual BeatReply beat(WorkerId worker, std::int32_t busy, bool draining) = 0;
  virtual void leave(WorkerId worker) = 0;
  /// The schedulers that can be reached by message.
  virtual std::vector<SchedulerAddress> schedulers() = 0;
};

}  // namespace lethe
