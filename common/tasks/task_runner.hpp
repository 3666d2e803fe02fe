#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/tasks/task.hpp"

namespace lethe {

/// What the fence says after a transaction: totals of the task so far, never differences.
struct FenceTotals {
  std::int64_t batches = 0;
  std::int64_t rows = 0;
};

/// A committed batch.
struct BatchDone {
  FenceTotals totals;
  std::int64_t rows = 0;  ///< deleted by this batch
  std::int64_t size = 0;  ///< what was asked for: blocks (sweep) or rows (index)
  bool finished = false;  ///< the task has nothing left to do
  std::chrono::milliseconds took{0};
};

/// What the planner needs to know of one timestamp column of a relation.
struct KeyFacts {
  bool indexed = false;  ///< an index leads to the rows that are expired by this column
  double expired = -1;   ///< how many those are, by estimate; -1: unknown
  /// Values between which about equally many of them lie: text of the column's type, ascending,
  /// none twice. Empty: nothing is known.
  std::vector<std::string> splits;
};

/// What the numbers of a relation rest on.
enum class Evidence {
  none,        ///< nothing: they are unknown
  statistics,  ///< what ANALYZE found
  sample,      ///< some blocks, read now, because there are no statistics or old ones
};
[[nodiscard]] const char* to_string(Evidence evidence) noexcept;

/// What the planner needs to know of one relation that holds rows.
struct RelationFacts {
  std::uint32_t relation = 0;
  std::string name;  ///< quoted, for people
  std::string fingerprint;
  std::int64_t blocks = 0;     ///< physical size now
  double rows = -1;            ///< by estimate; <= 0: unknown
  double expired = -1;         ///< by any column, by estimate; -1: unknown
  bool has_triggers = false;   ///< that a DELETE fires, those of foreign keys included
  std::vector<KeyFacts> keys;  ///< per timestamp column of the policy
  bool may_lock = true;        ///< this role may lock rows, as batches by index do
  Evidence evidence = Evidence::none;
};

/// A looked-at target: what can be planned, or why nothing may be.
struct PlanFacts {
  std::vector<RelationFacts> relations;
  RunBounds bounds;
  std::int32_t server_version = 0;  ///< e.g. 150018
};

/// One step of a verification.
struct Verified {
  bool finished = false;  ///< nothing more to look at, or something was found
  bool clean = false;     ///< finished, and nothing eligible is left
  std::string left_in;    ///< finished and not clean: a relation that has some
  std::chrono::milliseconds took{0};
};

/// What stopped a transaction on the target; it was rolled back.
struct TargetTrouble {
  enum class Kind {
    fenced,       ///< a newer epoch has been here: the lease is lost
    halted,       ///< the gate is halted
    closed,       ///< outside the policy's window
    stale,        ///< the gate knows another policy epoch
    expired,      ///< the run's time is over, by the target's clock
    changed,      ///< the table is not what was planned
    unsupported,  ///< the planner refuses this table, `message` says why and what to do
    locked,       ///< a lock was not to be had in time
    timed_out,    ///< the statement took too long
    retryable,    ///< deadlock, serialization, out of memory or disk …
    unreachable,  ///< no connection, or no more of them
    permanent,    ///< the database said no for good
  };
  Kind kind = Kind::permanent;
  std::string message;   ///< one line for people
  std::string sqlstate;  ///< may be ""
};

[[nodiscard]] const char* to_string(TargetTrouble::Kind kind) noexcept;

/// PORT: runs one step of a task in the target database. One transaction each, as DESIGN.md §5.
///
/// Thread safety: none; one per executor thread. Errors: everything the target can say comes back
/// as TargetTrouble; nothing of a database library is thrown.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;

  /// Looks at the catalog and statistics, computes keep_min's boundaries and stores the run's
  /// cutoffs in the target.
  [[nodiscard]] virtual std::variant<PlanFacts, TargetTrouble> look(const RunContext& run,
                                                                    const LeaseToken& lease) = 0;

  /// Deletes one batch of `size` (blocks for sweep, rows for index), from where the fence stands.
  [[nodiscard]] virtual std::variant<BatchDone, TargetTrouble> clean(const RunContext& run,
                                                                     const LeaseToken& lease,
                                                                     const TaskPayload& payload,
                                                                     std::int64_t size) = 0;

  /// Looks for eligible rows from where the fence stands, for about two seconds. Looks at the
  /// catalog anew, so a partition attached since the plan is seen.
  [[nodiscard]] virtual std::variant<Verified, TargetTrouble> verify(
      const RunContext& run, const LeaseToken& lease, const TaskPayload& payload) = 0;

  /// Closes connections that nobody used for a while. Called between tasks.
  virtual void tidy() = 0;

  /// Asks the server to cancel what runs now; that comes back as timed_out. Does nothing when
  /// nothing runs. The one call that another thread may make.
  virtual void cancel() noexcept = 0;
};

}  // namespace lethe
