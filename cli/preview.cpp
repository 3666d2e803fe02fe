#include "cli/preview.hpp"

#include <fmt/format.h>

#include "cli/records.hpp"
#include "cli/text.hpp"
#include "common/store_error.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t rows_of_a_pace = 1'000;

void keep(Services& services, const Policy& policy, const Census& census) {
  Census kept = census;
  kept.samples.clear();  // keys of rows may be personal data, and stay where the rows are
  try {
    services.stores().runs.keep_preview(policy,
                                        {.cutoff = census.cutoff,
                                         .eligible = census.eligible,
                                         .total = census.total,
                                         .census = render_json({census_record(kept)})},
                                        services.actor());
  } catch (const StoreError& error) {
    if (error.failure() != Failure::rejected) throw;
    services.note(fmt::format("the preview was not kept: {}", error.detail()));
  }
}

}  // namespace

Preview take_preview(Services& services, const Policy& policy, TargetDatabase& target) {
  Preview preview{.census = target.census(policy), .estimated_ms = {}};
  if (!policy.name.empty())
    if (const auto pace = services.stores().runs.pace_of(policy.name))
      preview.estimated_ms = static_cast<std::int64_t>(
          static_cast<double>(preview.census.eligible) * static_cast<double>(*pace) /
          static_cast<double>(rows_of_a_pace));
  keep(services, policy, preview.census);
  return preview;
}

Record preview_record(const Preview& preview) {
  Record record = census_record(preview.census);
  record.push_back({"estimated_ms", or_null(preview.estimated_ms), Show::count});
  return record;
}

std::string preview_text(const Preview& preview) {
  std::string text = census_text(preview.census);
  if (preview.estimated_ms && preview.census.eligible > 0)
    text += fmt::format("about {} by the policy's last run\n",
                        duration_text(std::chrono::milliseconds(*preview.estimated_ms)));
  return text;
}

void show_preview(Services& services, const Preview& preview) {
  services.output().text(services.output().is_json() ? render_json({preview_record(preview)})
                                                     : preview_text(preview));
}

Record foreseen_fields(const std::optional<PreviewRow>& preview) {
  if (!preview)
    return {{"preview_at", Value{}, Show::instant},
            {"preview_by", Value{}},
            {"preview_rows", Value{}, Show::count}};
  return {{"preview_at", preview->at, Show::instant},
          {"preview_by", preview->made_by},
          {"preview_rows", preview->eligible, Show::count}};
}

std::string comparison_text(const PreviewRow& preview, const RunRow& run) {
  return fmt::format("preview of {} by {}: {}; {} {}\n", instant_text(preview.at),
                     one_line(preview.made_by), counted(preview.eligible, "row", "rows"),
                     run.finished_at.empty() ? "so far the run took" : "the run took",
                     grouped(run.rows));
}

}  // namespace lethe::cli
