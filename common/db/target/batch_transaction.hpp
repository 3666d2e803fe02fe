#pragma once

// Private to common/db: the steps with which every transaction of a task on its target begins.

#include "common/db/target/catalog.hpp"
#include "common/db/target/predicate.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// Thrown inside a target's transaction to roll it back with a reason; never leaves common/db.
struct Stop {
  TargetTrouble trouble;
};

[[noreturn]] void stop(TargetTrouble::Kind kind, std::string message);

/// What the fence of a task held when this epoch was admitted.
struct Fence {
  FenceTotals totals;
  std::string cursor;
  bool finished = false;
  bool has_parked = false;  ///< rows of the run are set aside
};

/// First statement of each transaction: admits the lease's epoch, or Stops with `fenced`.
[[nodiscard]] Fence admit_fence(Transaction& transaction, const RunContext& run,
                                const LeaseToken& lease);

/// What the gate says of a transaction that it let through.
struct Passed {
  Limits limits;  ///< the cutoffs in force
  DatabaseIdentity database{};
  bool has_holds = false;  ///< some hold is in force, on whatever; none comes until the end
};

/// Second: takes the gate's shared locks, reads it, and Stops when the target or the policy is
/// halted, the policy has another epoch, or the run has expired; with `frozen` when this is not the
/// database that is known, or it lacks what is known of it; with `unsupported` when its clock is
/// too far from the control database's.
[[nodiscard]] Passed pass_gate(Transaction& transaction, const RunContext& run,
                               const RunBounds& bounds);

/// The same limits for whoever only looks: asks for no lock and stops at no closed gate. Stops with
/// `changed` when the tenants' own cutoffs of the run are not kept any more.
[[nodiscard]] Passed look_through_gate(Transaction& transaction, const RunContext& run,
                                       const RunBounds& bounds);

/// The limits of a run that was made now, and the instant that people call the cutoff.
struct PreviewLimits {
  Limits limits;
  std::string age_cutoff;  ///< ISO 8601; without keep_min
};

/// What moves the limits of a preview from the policy's own; "" each: nothing does.
struct PreviewBounds {
  std::string not_after;        ///< table-wide keep_min: timestamptz text
  std::string shortest_retain;  ///< of any tenant: interval text
};

/// Asks no gate, for who only looks.
[[nodiscard]] PreviewLimits preview_limits(Transaction& transaction, const Policy& policy,
                                           const PreviewBounds& bounds);

/// Last, after the ledger: Stops with `refused` when this batch's rows, with those of all batches
/// of the run that were committed, are more than the run may take. From here to its end no other
/// batch of the run is committed, so that the sum is exact however many there are at once.
void keep_limit(Transaction& transaction, const RunContext& run, const RowLimit& limit,
                std::int64_t rows);

/// Third, before rows are deleted or changed: locks the relation as the statement itself would,
/// with the rights that the policy's action takes, and Stops with `changed` unless it is still what
/// was planned. Nothing of what it returns can change any more in this transaction.
[[nodiscard]] Identity confirm_identity(Transaction& transaction, const Action& action,
                                        const CleanWork& work);

/// A StoreError in the words of TargetTrouble, by the table in common/db/sqlstate.hpp.
[[nodiscard]] TargetTrouble to_trouble(const StoreError& error);

}  // namespace lethe::db
