#pragma once

// Private to common/db: what a plan and its explanation find out about a table, the same way.

#include <string>
#include <utility>

#include "common/db/target/batch_delete.hpp"
#include "common/db/target/catalog.hpp"
#include "common/db/target/partitions.hpp"
#include "common/db/target/predicate.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// keep_min's boundary for the table, timestamptz text; "" when the policy keeps none. Only reads.
[[nodiscard]] std::string find_boundary(Transaction& transaction, const Policy& policy,
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

  /// What is known of leaf partitions; without this call, nothing.
  void know(PartitionMap partitions) { partitions_ = std::move(partitions); }

  /// Size, fingerprint, and estimates: from statistics, or from a sample of blocks where those are
  /// missing or much was changed since. Where bounds say that every row is expired, of nothing but
  /// their number; and of a partition that goes as a whole no index is looked for.
  [[nodiscard]] RelationFacts at(const RelationRow& relation) const;

 private:
  [[nodiscard]] bool has_good_statistics(const RelationRow& relation) const;
  [[nodiscard]] double rows_in(const RelationRow& relation) const;
  void estimate_expired(const RelationRow& relation, RelationFacts& found) const;
  [[nodiscard]] KeyFacts key(const RelationRow& relation, std::size_t phase,
                             const RelationFacts& found) const;
  [[nodiscard]] std::string oldest(const RelationRow& relation, IndexLead lead) const;
  void count_sample(const RelationRow& relation, RelationFacts& found) const;

  Transaction& transaction_;
  const Policy& policy_;
  const Predicate& predicate_;
  PartitionMap partitions_;
};

}  // namespace lethe::db
