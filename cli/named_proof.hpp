#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/control/target_proof.hpp"

namespace lethe::cli {

/// A TargetProof whose failures say which target it is, as NamedTarget does.
class NamedProof final : public TargetProof {
 public:
  NamedProof(std::string name, std::unique_ptr<TargetProof> proof)
      : name_(std::move(name)), proof_(std::move(proof)) {}

  std::vector<LedgerLink> ledger_links(const LinkRange& range) override;
  std::vector<LedgerHead> fences_without_ledger(const ProofPage& page) override;
  std::vector<RunSums> run_sums(const std::vector<std::string>& runs) override;
  std::vector<LedgerRow> ledger(const LedgerFilter& filter) override;
  RunEvidence evidence(const std::string& run) override;
  Verification verification(const RunToProve& run) override;
  std::optional<FoundRow> find_row(const TableName& table, const RowKey& key) override;
  RowVerdict judge_row(const Policy& policy, const TableName& table, const RowKey& key) override;
  Finding check_role(const std::string& role) override;
  std::vector<Finding> check_rights(const Policy& policy, const std::string& role) override;

 private:
  std::string name_;
  std::unique_ptr<TargetProof> proof_;
};

}  // namespace lethe::cli
