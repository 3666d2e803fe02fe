#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/output.hpp"
#include "cli/services.hpp"

namespace lethe::cli {

/// What a person is shown before a run.
struct Preview {
  Census census;
  /// How long the run will take, by the last run of the policy; nothing: none is to go by.
  std::optional<std::int64_t> estimated_ms;
};

/// Counts in a read-only transaction of the target what a run of `policy` made now would do, and
/// keeps the numbers in the control database, for the runs to be compared with. An account that may
/// not write there is told so and gets its answer. Throws what TargetDatabase::census throws.
[[nodiscard]] Preview take_preview(Services& services, const Policy& policy,
                                   TargetDatabase& target);

/// Field names as in docs/cli.md. Pure.
[[nodiscard]] Record preview_record(const Preview& preview);
/// For people. Pure.
[[nodiscard]] std::string preview_text(const Preview& preview);
/// Writes one of both as the command's result.
void show_preview(Services& services, const Preview& preview);

/// What was foreseen of a run: preview_at, preview_by, preview_rows; all null without one. Pure.
[[nodiscard]] Record foreseen_fields(const std::optional<PreviewRow>& preview);
/// "preview of … by …: 1,200 rows; deleted 1,198" as a line of text. Pure.
[[nodiscard]] std::string comparison_text(const PreviewRow& preview, const RunRow& run);

}  // namespace lethe::cli
