#pragma once

#include "common/control/target_proof.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// TargetProof over libpqxx, one connection, whose transactions are all READ ONLY.
class PgTargetProof final : public TargetProof {
 public:
  PgTargetProof(const std::string& url, const std::string& application_name);

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
  Session session_;
};

}  // namespace lethe::db
