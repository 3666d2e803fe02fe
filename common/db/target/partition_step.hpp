#pragma once

// Private to common/db.

#include <cstdint>
#include <optional>
#include <string>

#include "common/db/target/batch_transaction.hpp"

namespace lethe::db {

/// What a batch needs to take a partition away. Everything is borrowed.
struct PartitionBatch {
  const RunContext& run;
  const LeaseToken& lease;
  const TaskPayload& payload;  ///< of a clean task of strategy partition
  const Limits& limits;        ///< in force
  bool has_holds = false;      ///< some hold is in force
};

/// A partition that is gone from its table, or that stays because of a hold.
struct PartitionGone {
  std::string relation;  ///< quoted, as it was called
  std::string bounds;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;               ///< on disk, with indexes and TOAST
  bool estimated = false;               ///< `rows` is; too many to count while everybody waits
  std::optional<std::string> oldest{};  ///< only when counted, and there were rows
  std::optional<std::string> newest{};
  std::optional<std::int64_t> held{};  ///< a hold that keeps rows of it: nothing was done
};

/// Unless a hold keeps rows of it: while that is looked for they cannot change, but be read.
/// Detaches a partition and drops it, or moves it to quarantine: locks its parent, then itself,
/// waiting at most lock_timeout for each, and proves anew under these locks that it is what was
/// planned and that no row in it may stay. Stops with `locked` without standing in line when
/// somebody has had a lock on either for longer than that, and with `changed` when the proof fails.
[[nodiscard]] PartitionGone take_partition(Transaction& transaction, const PartitionBatch& batch);

}  // namespace lethe::db
