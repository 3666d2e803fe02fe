#include "worker/guards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "common/policies/guard_parser.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe::worker {

namespace {

constexpr std::int64_t ppm_whole = 1'000'000;

std::string rows_text(std::int64_t rows) { return counted(rows, "row", "rows"); }

/// How somebody who has looked lets a run go on.
std::string acknowledge_cure(const Policy& policy) {
  if (policy.name.empty())
    return "look again with --dry-run, and if it is right, enqueue it once more";
  return fmt::format(
      "look with `lethe policy preview {0}`; if it is right: lethe policy run {0} --acknowledge",
      policy.name);
}

/// One guard's word on a run: the rows that it may take, and why not more.
struct Bound {
  RowLimit limit;
  std::string why;           ///< of a refusal, after "would delete … rows: "
  bool is_absolute = false;  ///< an acknowledgement does not move it
};

std::int64_t part_of(std::int64_t rows, std::int64_t ppm) {
  // Not a product of both: rows may be 10^15.
  return rows / ppm_whole * ppm + rows % ppm_whole * ppm / ppm_whole;
}

Bound absolute_bound(const Policy& policy) {
  const std::int64_t rows = policy.guards.max_rows_per_run;
  const std::string name = fmt::format("max_rows_per_run {}", grouped(rows));
  return {.limit = {.rows_max = rows,
                    .name = name,
                    .cure = policy.name.empty()
                                ? "enqueue it again for the rest, or with a larger --max-rows"
                                : "raise it, or give the policy less to do"},
          .why = fmt::format("more than {} allows", name),
          .is_absolute = true};
}

/// `table`: rows in it, those included that the run has taken already.
std::optional<Bound> fraction_bound(const Policy& policy, const RunRecord& record,
                                    std::int64_t table) {
  const auto& own = policy.guards.max_fraction_ppm;
  const bool has_usual = !policy.name.empty() && (!record.proven || table >= small_table_rows);
  if (!own && !has_usual) return std::nullopt;
  const std::int64_t ppm = own.value_or(usual_fraction_ppm);
  const std::string name =
      fmt::format("max_fraction {}{}", fraction_text(ppm), own ? "" : " (the usual one)");
  std::int64_t rows = part_of(table, ppm);
  if (!own) rows = std::max(rows, few_rows);
  return Bound{.limit = {.rows_max = rows,
                         .name = fmt::format("{} of {}", name, rows_text(table)),
                         .cure = acknowledge_cure(policy)},
               .why = fmt::format("more than {} allows", name)};
}

Bound first_bound(const Policy& policy) {
  const std::int64_t rows = policy.guards.acknowledge_above.value_or(usual_acknowledge_above);
  return {.limit = {.rows_max = rows,
                    .name = fmt::format("acknowledge_above {}", grouped(rows)),
                    .cure = acknowledge_cure(policy)},
          .why = fmt::format("the policy is new or changed and no run of it was satisfied yet, and "
                             "then more than {} (acknowledge_above) wait for a person",
                             rows_text(rows))};
}

Bound growth_bound(const Policy& policy, const RunRecord& record, bool is_most_of_table) {
  const std::int64_t expected = *record.forecast;
  const std::int64_t at_least = is_most_of_table ? few_rows : growth_rows_min;
  constexpr std::int64_t expected_max = std::numeric_limits<std::int64_t>::max() / growth_factor;
  const std::int64_t rows = std::max(std::min(expected, expected_max) * growth_factor, at_least);
  return {
      .limit = {.rows_max = rows,
                .name = fmt::format("{} times the expected {}", growth_factor, rows_text(expected)),
                .cure = acknowledge_cure(policy)},
      .why = fmt::format(
          "more than {} times the {} that {}", growth_factor, rows_text(expected),
          record.forecast_is_preview ? "its preview showed" : "the largest of its last runs took")};
}

Bound agreed_bound(const Policy& policy, std::int64_t agreed) {
  return {.limit = {.rows_max = covered(agreed),
                    .name = fmt::format("the {} that a person agreed to, and a margin",
                                        rows_text(agreed)),
                    .cure = acknowledge_cure(policy)},
          .why = fmt::format("a person agreed to {}, which covers {}", rows_text(agreed),
                             rows_text(covered(agreed)))};
}

/// Those that do not depend on the size of the table.
std::vector<Bound> fixed_bounds(const Policy& policy, const RunRecord& record) {
  std::vector<Bound> bounds;
  if (policy.guards.max_rows_per_run > 0) bounds.push_back(absolute_bound(policy));
  const bool is_ad_hoc = policy.name.empty();
  if (!is_ad_hoc && !record.proven) bounds.push_back(first_bound(policy));
  if (is_ad_hoc && record.acknowledged)
    bounds.push_back(agreed_bound(policy, *record.acknowledged));
  return bounds;
}

/// What a person agreed to moves every other bound up to it.
void raise(const Policy& policy, const RunRecord& record, std::vector<Bound>& bounds) {
  if (!record.acknowledged) return;
  const Bound agreed = agreed_bound(policy, *record.acknowledged);
  for (Bound& bound : bounds)
    if (!bound.is_absolute && bound.limit.rows_max < agreed.limit.rows_max) bound = agreed;
}

std::string volume_text(const Policy& policy, const RunRecord& record, const Volume& volume) {
  const std::int64_t table = record.rows_done + std::max(volume.rows, volume.eligible);
  const std::int64_t total = record.rows_done + volume.eligible;
  const char* about = volume.worth == Volume::Worth::estimate   ? "about "
                      : volume.worth == Volume::Worth::at_least ? "at least "
                                                                : "";
  const double percent =
      table == 0 ? 0.0 : 100.0 * static_cast<double>(total) / static_cast<double>(table);
  const std::string done = record.rows_done == 0
                               ? ""
                               : fmt::format(" ({} of them gone already, by its earlier passes)",
                                             grouped(record.rows_done));
  return fmt::format("would {} {}{} of {}, {:.1f} %{}",
                     policy.action.kind == Action::Kind::set ? "change" : "delete", about,
                     grouped(total), rows_text(table), percent, done);
}

}  // namespace

std::int64_t covered(std::int64_t rows) noexcept {
  constexpr std::int64_t rows_max = std::numeric_limits<std::int64_t>::max() / 2;
  const std::int64_t known = std::min(rows, rows_max);
  return known + std::max(known / 5, few_rows);
}

std::string approval_refusal(const Policy& policy, const RunRecord& record) {
  if (policy.name.empty() || !record.needs_approval || !record.approved_by.empty()) return "";
  return fmt::format(
      "the policy needs a second person (approval: two_person) and nobody but {} has seen it as it "
      "is now; let somebody else look with `lethe policy preview {}` and run: lethe policy approve "
      "{}",
      record.applied_by.empty() ? "whoever applied it" : record.applied_by, policy.name,
      policy.name);
}

std::optional<std::int64_t> rows_to_count(const Policy& policy, const RunRecord& record) {
  std::vector<Bound> bounds = fixed_bounds(policy, record);
  const bool is_by_policy = !policy.name.empty();
  if (bounds.empty() && !is_by_policy && !policy.guards.max_fraction_ppm) return std::nullopt;
  // The lowest that growth may come to is not asked for: whether it applies is known afterwards.
  if (is_by_policy && record.forecast) bounds.push_back(growth_bound(policy, record, false));
  raise(policy, record, bounds);
  std::int64_t rows = std::numeric_limits<std::int64_t>::max();
  for (const Bound& bound : bounds) rows = std::min(rows, bound.limit.rows_max);
  if (bounds.empty()) return usual_acknowledge_above;
  return std::max<std::int64_t>(0, rows - record.rows_done);
}

std::variant<RowLimit, std::string> judge(const Policy& policy, const RunRecord& record,
                                          const Volume& volume) {
  const std::int64_t total = record.rows_done + volume.eligible;
  const std::int64_t table = record.rows_done + std::max(volume.rows, volume.eligible);
  std::vector<Bound> bounds = fixed_bounds(policy, record);
  if (auto fraction = fraction_bound(policy, record, table)) bounds.push_back(*fraction);
  if (!policy.name.empty() && record.forecast)
    bounds.push_back(growth_bound(policy, record, total > table / 2));
  raise(policy, record, bounds);
  RowLimit lowest;
  for (const Bound& bound : bounds) {
    if (total > bound.limit.rows_max)
      return fmt::format("{}: {}; {}", volume_text(policy, record, volume), bound.why,
                         bound.limit.cure);
    if (!lowest.is_set() || bound.limit.rows_max < lowest.rows_max) lowest = bound.limit;
  }
  return lowest;
}

RowLimit unweighed_limit(const Policy& policy) {
  if (policy.guards.max_rows_per_run == 0) return {};
  return absolute_bound(policy).limit;
}

}  // namespace lethe::worker
