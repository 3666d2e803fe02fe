#pragma once

// Private to common/db.

#include "common/control/target_proof.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// As TargetProof::verification: counts what the run's own verification looked for.
[[nodiscard]] Verification prove_step(Transaction& transaction, const RunToProve& run);

}  // namespace lethe::db
