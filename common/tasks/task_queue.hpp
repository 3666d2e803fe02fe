#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  std::string payload;  ///< msgpack
};

/// What a plan found, settled together with the plan task. `tasks` may be empty: then
/// the run goes straight to verification.
struct PlanOutcome {
  std::string strategy;                        ///< "sweep", "index", "mixed" or "none"
  std::optional<std::int64_t> estimated_rows;  ///< expired rows by statistics
  std::vector<NewTask> tasks;
  std::string verify_payload;  ///< of the verify task that will follow, msgpack
};

/// What a verification found, settled together with the verify task.
struct VerifyOutcome {
  bool clean = false;
  std::string left_in;  ///< a relation with eligible rows
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
  std::int64_t batch_size = 0;         ///< of the next batch
  std::chrono::milliseconds took{0};
  std::string error;  ///< one line; "" when there is none
  std::string sqlstate;
  std::optional<PlanOutcome> plan;      ///< plan tasks that are done
  std::optional<VerifyOutcome> verify;  ///< verify tasks that are done
};

/// Whether a settlement took effect. `lease_lost` is normal: the task was rescued meanwhile, or
/// this is a repeat of a settlement whose answer got lost.
enum class Settled { yes, lease_lost };

struct LeaseRequest {
  WorkerId worker;
  std::int32_t tasks_max = 1;  ///< 1..1000: the free slots
  std::chrono::milliseconds length{120'000};
  std::vector<std::string> lanes;    ///< not empty
  std::vector<std::string> targets;  ///< empty: any
};

/// What the registry answers to a heartbeat.
struct BeatReply {
  bool known = false;             ///< false: declared lost; register anew under a new id
  std::vector<TaskId> cancelled;  ///< leased by this worker and asked to stop
};

struct WorkerInfo {
  std::string instance;  ///< host:pid, for people
  std::string version;
  std::int32_t slots = 0;
  std::vector<std::string> targets;
};

/// PORT: the items table as a worker sees it. The only place where two processes meet.
///
/// Thread safety: none; one per thread. Errors: every call may throw StoreError; a lease that no
/// longer holds is a result, never an exception. Source: docs/adr/0003, docs/task_life_cycle.md.
class TaskQueue {
 public:
  virtual ~TaskQueue() = default;

  /// Leases up to `tasks_max` admitted tasks, the most urgent first; never waits for another
  /// worker's lock. An empty result means that nothing is ready for this worker.
  virtual std::vector<LeasedTask> lease(const LeaseRequest& request) = 0;

  /// Ends leases, in one transaction; moves the runs on; admits what may run next. Answers in the
  /// order of `settlements`. Safe to repeat after commit_unknown.
  [[nodiscard]] virtual std::vector<Settled> settle(const std::vector<Settlement>& settlements) = 0;

  /// The frozen facts of a run. Nothing when the run is gone.
  virtual std::optional<RunContext> run_context(const RunId& run) = 0;
};

/// PORT: the registry of workers. Same rules as TaskQueue.
class WorkerRegistry {
 public:
  virtual ~WorkerRegistry() = default;
  virtual WorkerId register_worker(const WorkerInfo& info) = 0;
  virtual BeatReply beat(WorkerId worker, std::int32_t busy, bool draining) = 0;
  virtual void leave(WorkerId worker) = 0;
};

}  // namespace lethe
