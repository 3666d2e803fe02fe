#include "common/policies/time_unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

namespace lethe {
namespace {

/// Microseconds since 1970 of a count above zero; the largest number when it is more.
std::int64_t to_us(std::int64_t count, TimeUnit unit) {
  const std::int64_t factor = us_in(unit);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  return count > most / factor ? most : count * factor;
}

bool fits(TimeUnit unit, const SeenCounts& seen) {
  return to_us(seen.lowest, unit) >= first_time_us && to_us(seen.highest, unit) < end_of_time_us;
}

/// "2026-11-21", or that it is too far away for a date.
std::string day_of(std::int64_t us) {
  using namespace std::chrono;
  constexpr std::int64_t us_to_year_10000 = 253'402'300'800'000'000;
  if (us >= us_to_year_10000) return "after the year 9999";
  const year_month_day day(floor<days>(sys_time<microseconds>(microseconds(us))));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

/// "2026-10-01 to 2026-11-21", or one day.
std::string days_of(const SeenCounts& seen, TimeUnit unit) {
  const std::string first = day_of(to_us(seen.lowest, unit));
  const std::string last = day_of(to_us(seen.highest, unit));
  return first == last ? first : fmt::format("{} to {}", first, last);
}

}  // namespace

std::optional<TimeUnit> find_time_unit(std::string_view name) {
  const auto found = std::find(time_unit_names.begin(), time_unit_names.end(), name);
  if (found == time_unit_names.end()) return std::nullopt;
  return static_cast<TimeUnit>(found - time_unit_names.begin());
}

const char* to_string(TimeUnit unit) noexcept {
  return time_unit_names[static_cast<std::size_t>(unit)].data();
}

std::int64_t us_in(TimeUnit unit) noexcept {
  switch (unit) {
    case TimeUnit::s: return 1'000'000;
    case TimeUnit::ms:
    case TimeUnit::uuidv7: return 1'000;
    case TimeUnit::us: return 1;
  }
  return 1;
}

std::int64_t count_from(std::int64_t us, TimeUnit unit) noexcept {
  const std::int64_t factor = us_in(unit);
  return us / factor + (us % factor == 0 ? 0 : 1);
}

std::string unit_problem(TimeUnit unit, const SeenCounts& seen) {
  if (fits(unit, seen)) return "";
  std::string cure = "no unit makes times between 1990 and 2100 of them; name another column";
  for (const TimeUnit other : {TimeUnit::s, TimeUnit::ms, TimeUnit::us})
    if (unit != TimeUnit::uuidv7 && fits(other, seen))
      cure = fmt::format("as {} they are {}; write unit: {}", to_string(other),
                         days_of(seen, other), to_string(other));
  return fmt::format("holds values from {} to {}, which as {} are {}; {}", seen.lowest,
                     seen.highest, to_string(unit), days_of(seen, unit), cure);
}

std::string timestamp_text(const Policy& policy, const std::string& column) {
  const auto unit = policy.units.find(column);
  return unit == policy.units.end() ? column
                                    : fmt::format("{} ({})", column, to_string(unit->second));
}

}  // namespace lethe
