#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "common/control/operator_store.hpp"
#include "common/control/proof_store.hpp"
#include "common/control/target_database.hpp"
#include "common/control/target_proof.hpp"

namespace lethe::cli {

// What the commands show of each thing. Names and order are part of the interface (docs/cli.md):
// add at the end, never rename. `details` begin with the fields of the list.

[[nodiscard]] Record target_record(const TargetRow& row);
[[nodiscard]] Record policy_record(const PolicyRow& row);
[[nodiscard]] Record policy_details(const PolicyRow& row);
[[nodiscard]] Record run_record(const RunRow& row);
[[nodiscard]] Record run_details(const RunRow& row);
/// With what the target knows of it; nothing when that could not be asked.
[[nodiscard]] Record run_details(const RunRow& row, const std::optional<RunTraces>& traces);
[[nodiscard]] Record parked_record(const ParkedRow& row);
[[nodiscard]] Record task_record(const TaskRow& row);
[[nodiscard]] Record task_details(const TaskRow& row);
[[nodiscard]] Record dead_record(const DeadRow& row);
[[nodiscard]] Record dead_details(const DeadRow& row);
[[nodiscard]] Record tenant_record(const TenantLimits& limits);
[[nodiscard]] Record worker_record(const WorkerRow& row);
[[nodiscard]] Record worker_details(const WorkerRow& row);
[[nodiscard]] Record quarantine_record(const QuarantinedTable& table);
/// `target` is where the hold is.
[[nodiscard]] Record hold_record(const std::string& target, const Hold& hold);
[[nodiscard]] Record audit_record(const AuditRow& row);
[[nodiscard]] Record ledger_record(const LedgerRow& row);
[[nodiscard]] Record census_record(const Census& census);

/// The census for people: what would go, what stays and why, the tenants with most to delete.
[[nodiscard]] std::string census_text(const Census& census);

/// One record per row.
template <class Row>
[[nodiscard]] std::vector<Record> records_of(const std::vector<Row>& rows,
                                             Record (*make)(const Row&)) {
  std::vector<Record> records;
  records.reserve(rows.size());
  for (const Row& row : rows) records.push_back(make(row));
  return records;
}

}  // namespace lethe::cli
