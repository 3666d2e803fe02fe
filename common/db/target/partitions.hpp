#pragma once

// Private to common/db: which leaf partitions may go as a whole.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/db/target/predicate.hpp"
#include "common/db/target/tenant_cutoffs.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// Whether partitions of a run's table may go as a whole at all: the policy asks for it, its rule
/// allows it, and the table has partitions. What holds a single one back is in its PartitionFacts.
[[nodiscard]] bool may_drop(const Policy& policy, const TableFacts& table);

/// Whether it is worth asking what the bounds of partitions say: they may go as a whole, or bounds
/// would tell that all of a leaf's rows are expired. `has_cutoffs`: some tenant has its own.
[[nodiscard]] bool asks_bounds(const Policy& policy, const TableFacts& table, bool has_cutoffs);

/// The instant before which every row of the run may go, whoever's it is, as text of the type of
/// the policy's one timestamp column: the oldest of the cutoffs in force, keep_min included.
[[nodiscard]] std::string drop_limit(const Policy& policy, const TableFacts& table,
                                     const Limits& limits);

/// The same for a run made now, by the tenants' cutoffs that it would have. Only reads; for
/// tenants' keep_min, the whole table.
[[nodiscard]] std::string drop_limit_now(Transaction& transaction, const OwnCutoffs& own,
                                         const Limits& limits);

/// What is asked about partitions. Everything is borrowed.
struct PartitionQuestion {
  const Policy& policy;
  const TableFacts& table;                           ///< partitioned
  const std::string& limit;                          ///< of drop_limit
  std::optional<std::uint32_t> leaf = std::nullopt;  ///< nothing: all of them
};

using PartitionMap = std::map<std::uint32_t, PartitionFacts>;  ///< by the leaf's oid

/// The facts by the leaf's oid. A leaf that is not in the table has no entry.
[[nodiscard]] PartitionMap look_up_partitions(Transaction& transaction,
                                              const PartitionQuestion& question);

/// Checks what a policy that drops partitions needs of its table and of this role. Throws UserError
/// (bad_config) that starts with `field` and the key.
void check_partitions(Transaction& transaction, const Policy& policy, const TableFacts& table,
                      const std::string& field);

}  // namespace lethe::db
