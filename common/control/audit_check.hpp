#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/control/proof_findings.hpp"
#include "common/control/proof_store.hpp"

namespace lethe {

/// Follows the audit's chain entry by entry, from the first. Pure; keeps nothing but the last entry
/// and what is wrong.
class AuditCheck {
 public:
  /// `known`: heads that the chain must go through: the one that the database itself names, read
  /// before the first entry, and those that somebody kept elsewhere.
  explicit AuditCheck(std::vector<AuditHead> known);

  void add(const AuditLink& link);
  /// After the last entry.
  void finish();
  /// The head as the database names it, asked once more after finish(): nobody writes an entry
  /// without it. Nothing: it does not say.
  void compare(const std::optional<AuditHead>& head);

  [[nodiscard]] const ProofFindings& findings() const noexcept { return findings_; }
  [[nodiscard]] std::int64_t entries() const noexcept { return entries_; }
  /// The last entry; id 0 when there is none.
  [[nodiscard]] const AuditHead& head() const noexcept { return last_; }

 private:
  void check_known(const AuditLink& link);

  std::vector<AuditHead> known_;  ///< still to be met, by id
  AuditHead last_;
  std::int64_t entries_ = 0;
  ProofFindings findings_;
};

/// "ID:HASH", 64 hexadecimal digits in lower case. Nothing when it is none.
[[nodiscard]] std::optional<AuditHead> parse_audit_head(const std::string& text);
[[nodiscard]] std::string to_text(const AuditHead& head);

}  // namespace lethe
