#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "common/control/ledger_check.hpp"
#include "common/control/operator_store.hpp"
#include "common/control/target_proof.hpp"

namespace lethe::cli {

/// What was found when the table was looked at again.
struct SecondLook {
  Verification verification;
  std::optional<Census> census;  ///< nothing: it could not be taken
  std::string census_problem;    ///< then this is why
};

/// Everything that is known of what a run deleted, for whoever must show it.
struct Certificate {
  RunRow run;
  Policy policy;  ///< as it was frozen
  RunOrigin origin;
  RunEvidence evidence;
  std::vector<Hold> holds;  ///< in force at some moment of the run, by number
  std::vector<ParkedRow> parked;
  std::vector<AuditRow> audit;
  std::vector<LedgerHead> heads;  ///< by the control database
  LedgerCheck ledger;
  std::optional<SecondLook> look;  ///< nothing: nobody wanted it
};

/// Those of `holds` that were in force at some moment between two instants, by number.
[[nodiscard]] std::vector<Hold> holds_between(const std::vector<Hold>& holds,
                                              const std::string& from, const std::string& to);

/// The certificate for programs; the order of the fields is part of the interface.
[[nodiscard]] Record certificate_record(const Certificate& certificate);
/// The same for people.
[[nodiscard]] std::string certificate_text(const Certificate& certificate);

}  // namespace lethe::cli
