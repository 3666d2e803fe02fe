#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/control/proof_findings.hpp"
#include "common/control/target_proof.hpp"

namespace lethe {

/// Follows the chains of a target's ledger batch by batch, and compares where each ends with what
/// its fence and the control database say. Works through ranges of tasks; keeps one range's heads,
/// the chain in hand and what is wrong. Pure.
class LedgerCheck {
 public:
  /// Begins a range of tasks: what the control database, asked before the ledger, knows of those
  /// that have ended.
  void begin(std::vector<LedgerHead> heads);
  /// The next link, in the order of tasks and batches.
  void add(const LedgerLink& link);
  /// Ends the range. Returns the tasks in the ledger that none of its heads is of: they are live,
  /// or nobody knows them.
  [[nodiscard]] std::vector<std::string> end();

  /// Of those, tasks that the control database has never heard of.
  void add_unknown(const std::vector<std::string>& tasks);
  /// A fence that counts batches of which the ledger has none.
  void add_silent_fence(const LedgerHead& fence);
  /// A run that has ended, by the control database and by the ledger.
  void compare(const RunSums& control, const RunSums& ledger);

  [[nodiscard]] const ProofFindings& findings() const noexcept { return findings_; }
  [[nodiscard]] std::int64_t batches() const noexcept { return batches_; }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::int64_t tasks() const noexcept { return tasks_; }
  [[nodiscard]] std::int64_t runs() const noexcept { return runs_; }

 private:
  void end_chain();
  void check_fence(const ChainEnd& fence);
  void check_head(const LedgerHead& head);

  std::map<std::string, LedgerHead> heads_;  ///< of the range, of tasks that were not met yet
  std::vector<std::string> without_head_;
  std::optional<LedgerLink> last_;  ///< of the chain in hand
  std::int64_t chain_rows_ = 0;
  std::int64_t batches_ = 0;
  std::int64_t rows_ = 0;
  std::int64_t tasks_ = 0;
  std::int64_t runs_ = 0;
  ProofFindings findings_;
};

}  // namespace lethe
