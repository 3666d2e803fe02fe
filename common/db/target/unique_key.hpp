#pragma once

// Private to common/db: unique keys along which all rows of a relation can be visited.

#include <cstdint>
#include <string>
#include <vector>

#include "common/db/target/batch_delete.hpp"
#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/policies/policy.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// The key along which a relation's rows are visited, of several the one in whose order they lie
/// best on disk; or why there is none. A key with a column that the policy's action sets is none.
[[nodiscard]] UniqueKeyFacts look_up_unique_key(Transaction& transaction, std::uint32_t relation,
                                                const std::string& name, const Policy& policy);

/// A relation that this transaction holds. Borrowed.
struct LockedTable {
  const std::string& name;  ///< quoted
  const TableFacts& facts;
};

/// What a task by key is to visit next. Borrowed.
struct KeyVisit {
  const CleanWork& work;
  const std::string& cursor;  ///< of the fence; "" at first
  std::int64_t rows = 0;
};

/// The `rows` rows that follow the cursor in the order of the task's key, whether they may go or
/// not, so that a batch has an end however few of them do. Stops (changed) when no index holds the
/// rows in that order any more.
[[nodiscard]] SweptPart next_by_key(Transaction& transaction, const LockedTable& table,
                                    const Policy& policy, const KeyVisit& visit);

}  // namespace lethe::db
