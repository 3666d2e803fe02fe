#include "cli/named_proof.hpp"

#include "cli/named_call.hpp"

namespace lethe::cli {

std::vector<LedgerLink> NamedProof::ledger_links(const LinkRange& range) {
  return call_named(name_, [&] { return proof_->ledger_links(range); });
}

std::vector<LedgerHead> NamedProof::fences_without_ledger(const ProofPage& page) {
  return call_named(name_, [&] { return proof_->fences_without_ledger(page); });
}

std::vector<RunSums> NamedProof::run_sums(const std::vector<std::string>& runs) {
  return call_named(name_, [&] { return proof_->run_sums(runs); });
}

std::vector<LedgerRow> NamedProof::ledger(const LedgerFilter& filter) {
  return call_named(name_, [&] { return proof_->ledger(filter); });
}

RunEvidence NamedProof::evidence(const std::string& run) {
  return call_named(name_, [&] { return proof_->evidence(run); });
}

Verification NamedProof::verification(const RunToProve& run) {
  return call_named(name_, [&] { return proof_->verification(run); });
}

std::optional<FoundRow> NamedProof::find_row(const TableName& table, const RowKey& key) {
  return call_named(name_, [&] { return proof_->find_row(table, key); });
}

RowVerdict NamedProof::judge_row(const Policy& policy, const TableName& table, const RowKey& key) {
  return call_named(name_, [&] { return proof_->judge_row(policy, table, key); });
}

Finding NamedProof::check_role(const std::string& role) {
  return call_named(name_, [&] { return proof_->check_role(role); });
}

std::vector<Finding> NamedProof::check_rights(const Policy& policy, const std::string& role) {
  return call_named(name_, [&] { return proof_->check_rights(policy, role); });
}

}  // namespace lethe::cli
