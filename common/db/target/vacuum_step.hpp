#pragma once

// Private to common/db.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/db/transact.hpp"
#include "common/tasks/task_runner.hpp"
#include "common/tasks/vacuum_progress.hpp"

namespace lethe::db {

/// What a step of a vacuum has before it.
struct VacuumWork {
  struct Relation {
    std::uint32_t oid = 0;
    std::string name;  ///< quoted
  };
  std::vector<Relation> relations;  ///< to try now, in this order
  bool again = false;               ///< they were tried before, or there is none
  VacuumProgress progress;
  std::string forbidden;  ///< says which tables this role may not vacuum; "" for none
};

/// Admits the lease at the fence, passes the gate, and finds what is left to vacuum of the
/// relations that the run cleaned. Throws Stop.
[[nodiscard]] VacuumWork look_for_vacuum(Transaction& transaction, const RunContext& run,
                                         const LeaseToken& lease);

/// Admits the lease at the fence, keeps the progress there, and passes the gate. Throws Stop.
void remember_vacuum(Transaction& transaction, const RunContext& run, const LeaseToken& lease,
                     const VacuumProgress& progress);

/// VACUUM (ANALYZE) of one relation, as gently as autovacuum, on a session of its own, whose
/// settings it changes; the server cancels it after `time`. Throws StoreError; a connection pooler
/// in between is refused, for it keeps no settings for a session.
void vacuum_relation(Session& session, const std::string& name, std::chrono::milliseconds time);

}  // namespace lethe::db
