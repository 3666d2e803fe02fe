#pragma once

// Private to common/db: what a plan and its explanation find out about a table, the same way.

#include <string>

#include "common/db/target/batch_delete.hpp"
#include "common/db/target/catalog.hpp"
#include "common/db/target/predicate.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// The bounds of a run made now without the tenants' own cutoffs: the shortest retention, and
/// keep_min's boundary for the table. Only reads.
[[nodiscard]] RunBounds find_bounds(Transaction& transaction, const Policy& policy,
                                    const TableFacts& table);

/// The limits by which rows are estimated: where tenants have cutoffs of their own, every row older
/// than the newest of them counts. So many rows a batch by index meets, whether or not they go.
[[nodiscard]] Limits limits_to_estimate(const Limits& limits, bool has_cutoffs);

/// Looks at the relations of a table. Only reads. Thread safety: that of the transaction.
class RelationLook {
 public:
  /// Everything is borrowed. `predicate` is made of limits_to_estimate().
  RelationLook(Transaction& transaction, const Policy& policy, const Predicate& predicate)
      : transaction_(transaction), policy_(policy), predicate_(predicate) {}

  /// Size, fingerprint, and estimates: from statistics, or from a sample of blocks where those are
  /// missing or much was changed since.
  [[nodiscard]] RelationFacts at(const RelationRow& relation) const;

 private:
  [[nodiscard]] bool has_good_statistics(const RelationRow& relation) const;
  [[nodiscard]] KeyFacts key(const RelationRow& relation, std::size_t phase,
                             Evidence evidence) const;
  [[nodiscard]] std::string oldest(const RelationRow& relation, IndexLead lead) const;
  /// The planner's estimate of a statement's rows; it knows the histogram of the timestamp column.
  [[nodiscard]] double estimate(const BuiltStatement& built) const;
  void count_sample(const RelationRow& relation, RelationFacts& found) const;

  Transaction& transaction_;
  const Policy& policy_;
  const Predicate& predicate_;
};

}  // namespace lethe::db
