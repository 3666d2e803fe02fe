#pragma once

// Private to common/db.

#include <cstdint>
#include <optional>
#include <string>

#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// What a vacuum task does next.
struct VacuumNext {
  std::uint32_t relation = 0;  ///< 0: nothing more
  std::string name;            ///< quoted
  std::string left;  ///< nothing more: the tables that this role may not vacuum; "" for none
};

/// Admits the lease at the fence, passes the gate, and finds the next relation to vacuum. `done` is
/// the one that was vacuumed last under this lease: the fence remembers it. Throws Stop.
[[nodiscard]] VacuumNext next_to_vacuum(Transaction& transaction, const RunContext& run,
                                        const LeaseToken& lease, std::optional<std::uint32_t> done);

/// VACUUM (ANALYZE) of one relation on a session of its own, as gently as autovacuum. Throws
/// StoreError; a connection pooler in between is refused, for it keeps no settings for a session.
void vacuum_relation(Session& session, const std::string& name);

}  // namespace lethe::db
