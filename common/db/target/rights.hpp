#pragma once

// Private to common/db.

#include "common/control/target_proof.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// As TargetProof::check_rights.
[[nodiscard]] std::vector<Finding> look_up_rights(Transaction& transaction, const Policy& policy,
                                                  const std::string& role);

/// As TargetProof::check_role.
[[nodiscard]] Finding look_up_role(Transaction& transaction, const std::string& role);

}  // namespace lethe::db
