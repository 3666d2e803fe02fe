#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "common/control/operator_store.hpp"
#include "common/control/target_database.hpp"

namespace lethe::cli {

/// All that is known of one policy of the demonstration after its run.
struct DemoResult {
  std::string policy;
  std::string table;
  Census before{};  ///< counted before the run
  Census after{};   ///< counted after it
  RunRow run{};
  RunEffort effort{};
  LedgerTotals ledger{};  ///< of the run
};

/// What does not fit together, one sentence each; empty when everything does. Pure.
[[nodiscard]] std::vector<std::string> disagreements(const DemoResult& result);

/// Everything as one record, for JSON and for the tables. Pure.
[[nodiscard]] Record demo_record(const DemoResult& result);

/// The tables for people: what was deleted, what stays and why. Pure.
[[nodiscard]] std::string demo_tables(const std::vector<DemoResult>& results);

/// The closing lines for people: the sum over all policies, which took `elapsed` together, and
/// whether everything agrees. Pure.
[[nodiscard]] std::string demo_verdict(const std::vector<DemoResult>& results,
                                       std::chrono::milliseconds elapsed);

}  // namespace lethe::cli
