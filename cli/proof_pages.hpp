#pragma once

#include <string>

#include "common/control/audit_check.hpp"
#include "common/control/ledger_check.hpp"
#include "common/control/proof_store.hpp"
#include "common/control/target_proof.hpp"

namespace lethe::cli {

/// Follows the whole audit, page by page. `kept`: heads that somebody kept elsewhere.
[[nodiscard]] AuditCheck check_audit(ProofStore& store, std::vector<AuditHead> kept);

/// Follows the ledger of a target, page by page, beside what the control database knows; of one run
/// alone unless `run` is "". So many rows are in memory at once whatever the ledger's size.
[[nodiscard]] LedgerCheck check_ledger(ProofStore& store, TargetProof& proof,
                                       const std::string& target, const std::string& run);

}  // namespace lethe::cli
