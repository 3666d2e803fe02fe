#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lethe {

/// What the control database knows of a run and its policy, by which guards judge it.
struct RunRecord {
  bool proven = false;  ///< a run of this very policy was satisfied in this target before
  std::optional<std::int64_t> forecast;  ///< rows that were to be expected; nothing: no idea
  bool forecast_is_preview = false;      ///< it is a preview's, because no run was satisfied yet
  /// Rows that a person saw and agreed to: for this policy and its next satisfied run, or, ad hoc,
  /// for this run. Nothing: nobody did.
  std::optional<std::int64_t> acknowledged;
  bool needs_approval = false;  ///< by a second person
  std::string approved_by;      ///< "": nobody, or not since the policy was changed
  std::string applied_by;       ///< who made the policy what it is
  std::int64_t rows_done = 0;   ///< that earlier passes of the run took
};

/// What a run would take away, as the target shows it before anything is.
struct Volume {
  /// What the number of eligible rows is worth.
  enum class Worth {
    exact,     ///< it was counted
    at_least,  ///< so many were counted, and there are more
    estimate,  ///< of a sample of the blocks
  };
  std::int64_t eligible = 0;
  Worth worth = Worth::exact;
  std::int64_t rows = 0;  ///< in the table, these included; counted, or by the same sample
};

/// A number of rows beyond which no batch of a run may take it, and who says so.
struct RowLimit {
  std::int64_t rows_max = -1;  ///< of all the run's tasks together; -1: no limit
  std::string name;            ///< e.g. "max_rows_per_run 5,000"; at most 200 bytes
  std::string cure;            ///< what a person can do; at most 400 bytes
  [[nodiscard]] bool is_set() const noexcept { return rows_max >= 0; }
  friend bool operator==(const RowLimit&, const RowLimit&) = default;
};

}  // namespace lethe
