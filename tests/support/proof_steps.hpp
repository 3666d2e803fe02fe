#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/proof_pages.hpp"
#include "common/db/pg_target_proof.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/hold_steps.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

namespace lethe::test {

/// What is wrong, each as "kind where: what" on a line of its own.
inline std::string text_of(const ProofFindings& findings) {
  std::string text;
  for (const auto& finding : findings.kept())
    text += std::string(to_string(finding.kind)) + " " + finding.where + ": " + finding.what + "\n";
  return text;
}

inline ProofFindings ledger_findings(RunDriver& fleet, TestDatabase& database,
                                     const std::string& run = "") {
  db::PgTargetProof proof(database.url(), "lethe-test");
  return cli::check_ledger(fleet.control().proof(), proof, "app", run).findings();
}

inline ProofFindings audit_findings(RunDriver& fleet, std::vector<AuditHead> kept = {}) {
  return cli::check_audit(fleet.control().proof(), std::move(kept)).findings();
}

/// Runs a policy to its end whose clean task takes several batches; returns the run.
inline std::string run_in_batches(RunDriver& fleet, TestDatabase& database, const Policy& policy) {
  const std::string run = fleet.start(policy);
  const auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  database.execute("UPDATE lethe.items SET batch_size = 1 WHERE kind = 'clean'");
  REQUIRE(fleet.work_off(run).state == "satisfied");
  return run;
}

}  // namespace lethe::test
