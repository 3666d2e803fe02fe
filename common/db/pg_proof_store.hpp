#pragma once

#include "common/control/proof_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// ProofStore in the control database.
class PgProofStore final : public ProofStore {
 public:
  /// `session` is borrowed and must outlive the store.
  explicit PgProofStore(Session& session) : session_(session) {}

  std::vector<AuditRow> audit_entries(const AuditFilter& filter) override;
  std::vector<AuditRow> audit_of_run(const std::string& run) override;
  std::vector<AuditLink> audit_links(std::int64_t after, std::int32_t rows_max) override;
  std::optional<AuditHead> audit_head() override;
  std::vector<LedgerHead> ledger_heads(const std::string& target, const ProofPage& page) override;
  std::vector<std::string> unknown_tasks(const std::string& target,
                                         const std::vector<std::string>& tasks) override;
  std::vector<RunSums> ended_runs(const std::string& target, const ProofPage& page) override;
  std::optional<RunOrigin> run_origin(const std::string& run) override;

 private:
  Session& session_;
};

}  // namespace lethe::db
