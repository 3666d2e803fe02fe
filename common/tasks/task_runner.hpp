#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/tasks/space.hpp"
#include "common/tasks/task.hpp"

namespace lethe {

/// What the fence says after a transaction: totals of the task so far, never differences.
struct FenceTotals {
  std::int64_t batches = 0;
  std::int64_t rows = 0;
  std::string ledger_head{};  ///< hash of the task's last batch; "": none, or not asked for
};

/// A committed batch.
struct BatchDone {
  FenceTotals totals;
  std::int64_t rows = 0;    ///< deleted or changed by this batch
  std::int64_t size = 0;    ///< what was asked for: blocks (sweep), rows (others), 1 (partition)
  bool finished = false;    ///< the task has nothing left to do
  std::int64_t parked = 0;  ///< rows set aside by this batch, because the server refuses them
  std::chrono::milliseconds took{0};
  LedgerPosition ledger{};  ///< its row; none when that is not known
};

/// What the planner needs to know of one timestamp column of a relation.
struct KeyFacts {
  bool indexed = false;  ///< an index leads to the rows that are expired by this column
  double expired = -1;   ///< how many those are, by estimate; -1: unknown
  /// Values between which about equally many of them lie: text of the column's type, ascending,
  /// none twice. Empty: nothing is known.
  std::vector<std::string> splits;
};

/// The unique key of a relation along which all its rows can be visited.
struct UniqueKeyFacts {
  std::vector<std::string> columns;  ///< in its order, exact; empty: there is none
  std::string obstacle;              ///< why there is none, and the cure; "" when there is one
  /// How far the rows lie on disk in the order of the first column, from -1 (backwards) to 1; 0:
  /// not at all, or unknown.
  double correlation = 0;
  /// Values of the first column between which about equally many rows lie: text of its type, in its
  /// order. Empty: nothing is known.
  std::vector<std::string> splits;
};

/// What the numbers of a relation rest on.
enum class Evidence {
  none,        ///< nothing: they are unknown
  statistics,  ///< what ANALYZE found
  sample,      ///< some blocks, read now, because there are no statistics or old ones
  bounds,      ///< of the partition: every row is expired; how many there are is an estimate
};
[[nodiscard]] const char* to_string(Evidence evidence) noexcept;

/// What the bounds of a leaf partition say of its rows, by the server's own word. Found out only
/// where bounds can tell (drop_obstacle); else it stays as it is here.
struct PartitionFacts {
  bool ranged = false;   ///< somewhere above it rows are divided by ranges of the timestamp alone
  bool expired = false;  ///< no row that it may hold is young enough to stay, whoever's it is
  std::string obstacle;  ///< why it may not go as a whole though expired; "" when it may
  std::string missing_right;  ///< the GRANT without which this role cannot take it away; "": none
};

/// What the planner needs to know of one relation that holds rows.
struct RelationFacts {
  std::uint32_t relation = 0;
  std::string name;  ///< quoted, for people
  std::string fingerprint;
  std::int64_t blocks = 0;  ///< physical size now
  double rows = -1;         ///< by estimate; <= 0: unknown
  double expired = -1;      ///< by any column, by estimate; -1: unknown
  /// Those that an index leads to, by estimate: more than `expired` where rows that an action has
  /// changed already stay; -1: unknown, or the same.
  double passed = -1;
  bool has_triggers = false;   ///< that a batch fires, those of foreign keys included
  std::vector<KeyFacts> keys;  ///< per timestamp column of the policy; empty: goes as a whole
  UniqueKeyFacts unique_key{};
  PartitionFacts partition{};
  bool may_lock = true;  ///< this role may lock rows, as batches by index do
  bool may_read = true;  ///< this role may read all columns, and where rows stand
  Evidence evidence = Evidence::none;
};

/// A function that a policy calls.
struct FunctionIdentity {
  std::uint32_t oid = 0;
  std::string fingerprint;  ///< of its code, owner and settings
};

/// A looked-at target: what can be planned, or why nothing may be.
struct PlanFacts {
  std::vector<RelationFacts> relations;
  std::optional<FunctionIdentity> function = {};  ///< policies that call one: then no relations
  RunBounds bounds;
  std::int32_t server_version = 0;  ///< e.g. 150018
  std::int64_t purged = 0;      ///< quarantined partitions whose time was over, dropped on the way
  std::string purge_problem{};  ///< what kept one of them from being dropped; "" when nothing did
  DatabaseIdentity database{};
};

/// One step of a verification.
struct Verified {
  bool finished = false;     ///< nothing more to look at, or something was found
  bool clean = false;        ///< finished, and nothing eligible is left
  std::string left_in;       ///< finished and not clean: a relation that has some
  std::int64_t parked = 0;   ///< finished: rows of the run that are set aside
  std::string parked_why{};  ///< what the server said of the first of them; "" when there is none
  bool chained = false;  ///< rows of the table point at each other: each pass takes the last ones
  std::optional<Space> space{};  ///< clean, and it could be looked at
  std::chrono::milliseconds took{0};
  DatabaseIdentity database{};
};

/// One step of a vacuum.
struct Vacuumed {
  bool finished = false;  ///< nothing more to do
  std::string left;       ///< finished: the tables that this role may not vacuum; "" for none
  std::optional<Space> space{};  ///< finished, and it could be looked at
};

/// What stopped a transaction on the target; it was rolled back.
struct TargetTrouble {
  enum class Kind {
    fenced,       ///< a newer epoch has been here: the lease is lost
    halted,       ///< the gate is halted
    frozen,       ///< the database is not the one that is known: a person has to look
    closed,       ///< outside the policy's window
    stale,        ///< the gate knows another policy epoch
    expired,      ///< the run's time is over, by the target's clock
    changed,      ///< the table or function is not what was planned
    unsupported,  ///< the planner refuses this table, `message` says why and what to do
    locked,       ///< a lock was not to be had in time
    timed_out,    ///< the statement took too long
    retryable,    ///< deadlock, serialization, out of memory or disk …
    unreachable,  ///< no connection, or no more of them
    poisoned,     ///< a row, or what a trigger says of it, makes the batch fail
    permanent,    ///< the database said no for good
    refused,      ///< a guard said no: the run ends
  };
  Kind kind = Kind::permanent;
  std::string message;   ///< one line for people
  std::string sqlstate;  ///< may be ""
};

[[nodiscard]] const char* to_string(TargetTrouble::Kind kind) noexcept;

/// The size of a batch in which a poisoned row is not looked for by halving any more: a batch of at
/// most this size that comes back as poisoned was taken row by row, in vain.
[[nodiscard]] constexpr std::int64_t isolated_at(Strategy strategy) noexcept {
  switch (strategy) {
    case Strategy::sweep: return 1;  // a block
    case Strategy::index:
    case Strategy::key: return 32;  // about as many rows
    case Strategy::partition: return 1;
    case Strategy::call: return 100;  // the smallest batch: no row of it stands alone for us
  }
  return 1;
}

/// PORT: runs one step of a task in the target database. One transaction each, as DESIGN.md §5.
///
/// Thread safety: none; one per executor thread. Errors: everything the target can say comes back
/// as TargetTrouble; nothing of a database library is thrown.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;

  /// Drops what the policy quarantined long enough ago. Looks at the catalog and statistics,
  /// computes keep_min's boundaries and stores the run's cutoffs in the target.
  [[nodiscard]] virtual std::variant<PlanFacts, TargetTrouble> look(const RunContext& run,
                                                                    const LeaseToken& lease) = 0;

  /// Counts what the run would take away now, for guards: exactly where the table is small; else
  /// the eligible rows up to `rows_max` and one more in a few seconds, and by a sample of the
  /// blocks what took longer. Statistics are not believed: they may be old, or lost. Not for runs
  /// that call a function.
  [[nodiscard]] virtual std::variant<Volume, TargetTrouble> weigh(const RunContext& run,
                                                                  const LeaseToken& lease,
                                                                  const RunBounds& bounds,
                                                                  std::int64_t rows_max) = 0;

  /// Deletes or changes one batch of `size` (blocks for sweep, rows for the others), from where
  /// the fence stands, or takes one partition away. A poisoned one of at most isolated_at() rows or
  /// blocks is repeated row by row: rows that the server refuses are parked in the target for the
  /// rest of the run, and the others go.
  [[nodiscard]] virtual std::variant<BatchDone, TargetTrouble> clean(const RunContext& run,
                                                                     const LeaseToken& lease,
                                                                     const TaskPayload& payload,
                                                                     std::int64_t size) = 0;

  /// Looks for eligible rows from where the fence stands, for about two seconds. Looks at the
  /// catalog anew, so a partition attached since the plan is seen. What a function has left cannot
  /// be looked for: such a run is clean at once. Where nothing is left, looks at the space as well;
  /// trouble with that is no trouble of the verification.
  [[nodiscard]] virtual std::variant<Verified, TargetTrouble> verify(
      const RunContext& run, const LeaseToken& lease, const TaskPayload& payload) = 0;

  /// VACUUM (ANALYZE), one after the other and outside of any transaction, of the relations that
  /// the run cleaned, from where the fence stands, for about two seconds and at least one of them.
  /// The step after the last one tries those again that were left; trouble with them is its result.
  /// The server cancels one that takes longer than `time`.
  [[nodiscard]] virtual std::variant<Vacuumed, TargetTrouble> vacuum(
      const RunContext& run, const LeaseToken& lease, std::chrono::milliseconds time) = 0;

  /// Closes connections that nobody used for a while. Called between tasks.
  virtual void tidy() = 0;

  /// Asks the server to cancel what runs now; that comes back as timed_out. Does nothing when
  /// nothing runs. The one call that another thread may make.
  virtual void cancel() noexcept = 0;
};

}  // namespace lethe
