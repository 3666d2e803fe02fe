#pragma once

#include <vector>

#include "cli/services.hpp"
#include "common/control/proof_findings.hpp"

namespace lethe::cli {

/// The findings as programs get them: kind, where, what.
[[nodiscard]] JsonText findings_json(const ProofFindings& findings);

/// The findings for people, one line each, and how many were left out.
void print_findings(Services& services, const ProofFindings& findings);

}  // namespace lethe::cli
