#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/policies/policy.hpp"

namespace lethe {

/// The words of the file format and the stored JSON, in the order of `enum class TimeUnit`.
inline constexpr std::array<std::string_view, 4> time_unit_names{"s", "ms", "us", "uuidv7"};

/// Nothing when `name` is not among time_unit_names.
[[nodiscard]] std::optional<TimeUnit> find_time_unit(std::string_view name);

[[nodiscard]] const char* to_string(TimeUnit unit) noexcept;

/// Values outside of [first_time, end_of_time) are no times: they count as none at all and their
/// rows stay. So a second that stands among milliseconds is not mistaken for an instant in 1970,
/// and zero means nothing. Microseconds since 1970-01-01 UTC.
inline constexpr std::int64_t first_time_us = 631'152'000'000'000;     // 1990-01-01
inline constexpr std::int64_t end_of_time_us = 4'102'444'800'000'000;  // 2100-01-01

/// How many microseconds one of the unit is; of a UUIDv7 the millisecond in it.
[[nodiscard]] std::int64_t us_in(TimeUnit unit) noexcept;

/// The smallest value of the unit that is not before `us`, which is >= 0. Values below it, and no
/// others, are older.
[[nodiscard]] std::int64_t count_from(std::int64_t us, TimeUnit unit) noexcept;

/// The ends of what was seen in a column; of UUIDs their milliseconds.
struct SeenCounts {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
};

/// What is wrong with reading counts between two seen ones, both above zero, as `unit`, and which
/// unit fits them; "" when every one between is a time.
[[nodiscard]] std::string unit_problem(TimeUnit unit, const SeenCounts& seen);

/// A column of `policy.timestamp` for people: "created_at", "created_ms (ms)".
[[nodiscard]] std::string timestamp_text(const Policy& policy, const std::string& column);

}  // namespace lethe
