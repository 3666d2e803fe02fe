#pragma once

// Private to common/db.

#include <optional>

#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/archive_store.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

class BatchArchive;
struct BuiltStatement;
struct CascadeStep;
struct Cascaded;
struct RowPick;
struct SweptPart;
class Predicate;

/// How far a batch came, for whoever must say what its end means.
struct BatchProgress {
  /// The fence's totals before it, as soon as only the COMMIT is missing.
  std::optional<FenceTotals> before;
  bool calling = false;  ///< a function of the user's was running
};

/// How a batch deletes or changes the rows of its range.
enum class BatchForm {
  whole,        ///< in one statement
  skip_locked,  ///< the same, leaving locked rows to a later pass
  row_by_row,   ///< parking the rows that the server refuses
};

/// One batch of a clean task inside a transaction on the target.
struct CleanStep {
  const RunContext& run;
  const LeaseToken& lease;
  const TaskPayload& payload;  ///< of a clean task
  std::int64_t size = 0;       ///< blocks (sweep) or rows (others) or 1 (partition)
  BatchForm form = BatchForm::whole;
  ArchiveStore* archive = nullptr;  ///< for policies that archive into files; borrowed

  /// Fence, gate, identity, delete (or update, or call, or the end of a partition), archive,
  /// ledger. Throws Stop or UserError.
  [[nodiscard]] BatchDone run_in(Transaction& transaction, BatchProgress& progress) const;
};

/// What a batch deletes from. Borrowed.
struct BatchGround {
  const std::string& relation;  ///< locked, quoted
  const Predicate& predicate;
  BatchArchive& archive;                     ///< open
  const std::vector<CascadeStep>& children;  ///< what goes before its rows
  const SweptPart* part = nullptr;           ///< that it visits; index: nullptr
};

/// The rows of a step's next batch, by the strategy of its task; see batch_delete.hpp.
[[nodiscard]] BuiltStatement pick_batch(const CleanStep& step, const BatchGround& ground,
                                        const std::string& cursor, const RowPick& pick);

/// Stops (permanent): `picked` rows were chosen, and a trigger or rule kept some of them.
[[noreturn]] void stop_kept(std::int64_t picked, std::int64_t done, const BatchGround& ground);

}  // namespace lethe::db
