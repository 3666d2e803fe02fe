#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/policies/policy.hpp"
#include "common/tasks/guard_facts.hpp"

namespace lethe::worker {

/// Of a table's rows, in millionths, where a policy names no max_fraction. It does not bind a
/// proven policy on a table of fewer than `small_table_rows` rows.
inline constexpr std::int64_t usual_fraction_ppm = 900'000;
inline constexpr std::int64_t small_table_rows = 1'000;

/// Rows that no guard asks about unless a person named a number: where these are all, an accident
/// is small.
inline constexpr std::int64_t few_rows = 100;

/// Rows that the first run of a new or changed policy takes unasked.
inline constexpr std::int64_t usual_acknowledge_above = 10'000;

/// A run may take so many times what was to be expected, and `growth_rows_min` in any case, unless
/// that is more than half of the table.
inline constexpr std::int64_t growth_factor = 3;
inline constexpr std::int64_t growth_rows_min = 1'000;

/// Rows that agreeing to `rows` covers: a fifth more, for what comes meanwhile, and at least
/// `few_rows` more.
[[nodiscard]] std::int64_t covered(std::int64_t rows) noexcept;

/// Why no run of the policy may begin before a second person agreed, and the cure; "" when it may.
[[nodiscard]] std::string approval_refusal(const Policy& policy, const RunRecord& record);

/// Up to which number of eligible rows a run has to be weighed: more than that and some guard says
/// no, whatever the size of the table. Nothing: no guard asks.
[[nodiscard]] std::optional<std::int64_t> rows_to_count(const Policy& policy,
                                                        const RunRecord& record);

/// Judges a run by what it would take away, together with what its earlier passes took: how far it
/// may go, or why it may not begin and what to do, in one line. Where the volume is an estimate
/// that is too low, the limit stops the run, for batches count exactly. Pure. Source:
/// docs/guards.md.
[[nodiscard]] std::variant<RowLimit, std::string> judge(const Policy& policy,
                                                        const RunRecord& record,
                                                        const Volume& volume);

/// The limit of a run that cannot be weighed, because a function alone knows what it does.
[[nodiscard]] RowLimit unweighed_limit(const Policy& policy);

}  // namespace lethe::worker
