#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/control/proof_store.hpp"
#include "common/control/target_proof.hpp"
#include "common/store_error.hpp"

namespace lethe::cli::test {

/// The part of `rows` after a name, at most so many.
template <class Row>
std::vector<Row> page_of(const std::vector<Row>& rows, const ProofPage& page,
                         std::string Row::*name) {
  std::vector<Row> found;
  for (const Row& row : rows)
    if (row.*name > page.after && found.size() < static_cast<std::size_t>(page.rows_max) &&
        (page.run.empty() || row.run == page.run))
      found.push_back(row);
  return found;
}

class FakeProofStore final : public ProofStore {
 public:
  std::vector<AuditRow> audit_entries(const AuditFilter& filter) override {
    asked = filter;
    return entries;
  }
  std::vector<AuditRow> audit_of_run(const std::string&) override { return entries; }
  std::vector<AuditLink> audit_links(std::int64_t after, std::int32_t rows_max) override {
    std::vector<AuditLink> found;
    for (const auto& link : links)
      if (link.id > after && found.size() < static_cast<std::size_t>(rows_max))
        found.push_back(link);
    return found;
  }
  std::optional<AuditHead> audit_head() override { return head; }
  std::vector<LedgerHead> ledger_heads(const std::string&, const ProofPage& page) override {
    return page_of(heads, page, &LedgerHead::task);
  }
  std::vector<std::string> unknown_tasks(const std::string&,
                                         const std::vector<std::string>& tasks) override {
    std::vector<std::string> unknown;
    for (const auto& task : tasks)
      if (std::find(live.begin(), live.end(), task) == live.end()) unknown.push_back(task);
    return unknown;
  }
  std::vector<RunSums> ended_runs(const std::string&, const ProofPage& page) override {
    return page_of(runs, page, &RunSums::run);
  }
  std::optional<RunOrigin> run_origin(const std::string&) override { return origin; }

  AuditFilter asked;
  std::vector<AuditRow> entries;
  std::vector<AuditLink> links;
  std::optional<AuditHead> head = AuditHead{};
  std::vector<LedgerHead> heads;
  std::vector<std::string> live;
  std::vector<RunSums> runs;
  RunOrigin origin;
};

/// What a target proves or answers.
struct ProofBehaviour {
  bool is_unreachable = false;
  std::vector<LedgerLink> links;
  std::vector<RunSums> runs;
  std::vector<LedgerRow> rows;
  RunEvidence evidence;
  Verification verification;
  std::optional<FoundRow> found;
  std::map<std::string, RowVerdict> verdicts;  ///< by policy
  Finding role{.ok = true, .what = "role ana is no superuser", .cure = ""};
  std::vector<Finding> rights;
};

class FakeTargetProof final : public TargetProof {
 public:
  explicit FakeTargetProof(ProofBehaviour behaviour) : behaviour_(std::move(behaviour)) {}
  std::vector<LedgerLink> ledger_links(const LinkRange& range) override {
    if (behaviour_.is_unreachable)
      throw StoreError(Failure::connection_lost, "target", "", "connection refused");
    std::vector<LedgerLink> found;
    for (const auto& link : behaviour_.links) {
      const bool comes_after =
          std::pair(link.task, link.batch) > std::pair(range.after_task, range.after_batch);
      const bool is_in = range.until_task.empty() || link.task <= range.until_task;
      if (comes_after && is_in && found.size() < static_cast<std::size_t>(range.rows_max))
        found.push_back(link);
    }
    return found;
  }
  std::vector<LedgerHead> fences_without_ledger(const ProofPage&) override { return {}; }
  std::vector<RunSums> run_sums(const std::vector<std::string>&) override {
    return behaviour_.runs;
  }
  std::vector<LedgerRow> ledger(const LedgerFilter&) override { return behaviour_.rows; }
  RunEvidence evidence(const std::string&) override { return behaviour_.evidence; }
  Verification verification(const RunToProve&) override { return behaviour_.verification; }
  std::optional<FoundRow> find_row(const TableName&, const RowKey&) override {
    return behaviour_.found;
  }
  RowVerdict judge_row(const Policy& policy, const TableName&, const RowKey&) override {
    return behaviour_.verdicts[policy.name];
  }
  Finding check_role(const std::string&) override { return behaviour_.role; }
  std::vector<Finding> check_rights(const Policy&, const std::string&) override {
    return behaviour_.rights;
  }

 private:
  ProofBehaviour behaviour_;
};

}  // namespace lethe::cli::test
