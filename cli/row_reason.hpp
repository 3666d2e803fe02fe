#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "common/control/operator_store.hpp"
#include "common/control/target_proof.hpp"

namespace lethe::cli {

/// A policy that covers a row, and what it says of it.
struct RowAnswer {
  PolicyRow row;
  Policy policy;
  /// Nothing: the row's table is one whose rows go along with those of the policy's table.
  std::optional<RowVerdict> verdict;
  std::vector<FleetStore::PauseRow> pauses;  ///< those in force, of whatever
};

/// Why the row is still there, or what takes it next. Pure.
struct RowReason {
  std::string code;      ///< for programs; listed in docs/cli.md
  std::string sentence;  ///< for people, without a full stop
};
[[nodiscard]] RowReason row_reason(const RowAnswer& answer);

/// One answer as programs get it.
[[nodiscard]] Record row_answer_record(const RowAnswer& answer);

/// "id=7,name=x" as its parts; a comma is a part of a value unless a further COLUMN= follows it.
/// Throws std::invalid_argument with a cure.
[[nodiscard]] RowKey parse_row_key(const std::vector<std::string>& texts);

}  // namespace lethe::cli
