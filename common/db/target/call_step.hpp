#pragma once

// Private to common/db.

#include "common/db/target/functions.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

/// What a call did.
struct Called {
  std::string function;   ///< its signature
  std::int64_t rows = 0;  ///< that it says it dealt with
  bool finished = false;  ///< there is nothing left to call it for
};

/// Calls the function of a run once, after the fence and the gate. Stops with `changed` when it is
/// not what was planned, with `locked` when it gave up because somebody else is at it, and with
/// `permanent` when its answer is no number of rows. Names in it are found in pg_catalog and its
/// own schema; afterwards in pg_catalog alone, and it has left no advisory lock of the session,
/// also when it failed. Throws Stop, UserError, or what libpqxx throws; `calling` is true while the
/// function itself runs.
[[nodiscard]] Called call_function(Transaction& transaction, const RunContext& run,
                                   const CleanWork& work, const CallValues& values, bool& calling);

}  // namespace lethe::db
