#include "common/schedule/schedule.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <variant>

#include "common/schedule/cron_fields.hpp"
#include "common/schedule/interval.hpp"
#include "common/schedule/schedule_text.hpp"

namespace lethe {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

/// Eight years of any kind: 29 February is skipped in 1900 and 2100.
constexpr days horizon{8 * 366};

/// A larger change of the clock is a correction for Debian's cron, and nothing is made up for.
constexpr seconds largest_seasonal_change = hours{3} - seconds{1};

// Calendar arithmetic is safe between these; PostgreSQL's timestamps reach further.
constexpr Instant earliest = sys_days{year{1} / 1 / 1};
constexpr Instant latest = sys_days{year{9999} / 12 / 31};

bool admits(const CronFields& fields, std::chrono::year_month_day date, local_days day) {
  if (!fields.months[unsigned{date.month()}]) return false;
  const bool by_month = fields.days_of_month[unsigned{date.day()}];
  const bool by_week = fields.days_of_week[std::chrono::weekday{day}.c_encoding()];
  return fields.either_day_may ? by_month || by_week : by_month && by_week;
}

/// The first admitted time of day that is `from` or later; nothing when the day has no more.
std::optional<minutes> first_time_of_day(const CronFields& fields, minutes from) {
  for (auto hour = static_cast<unsigned>(from / hours{1}); hour < 24; ++hour) {
    if (!fields.hours[hour]) continue;
    const minutes begin = hours{hour};
    for (auto minute = std::max(from - begin, minutes{0}); minute < hours{1}; ++minute) {
      if (fields.minutes[static_cast<std::size_t>(minute.count())]) return begin + minute;
    }
  }
  return {};
}

/// The first local time in [from, end) that the line admits, clock changes aside.
std::optional<local_seconds> first_local_match(const CronFields& fields, local_seconds from,
                                               local_seconds end) {
  auto day = std::chrono::floor<days>(from);
  minutes earliest_time = std::chrono::ceil<minutes>(from - day);
  while (day < end) {
    const std::chrono::year_month_day date{day};
    if (admits(fields, date, day)) {
      if (const auto time = first_time_of_day(fields, earliest_time)) {
        const local_seconds match = day + *time;
        return match < end ? std::optional{match} : std::nullopt;
      }
    }
    earliest_time = minutes{0};
    if (fields.months[unsigned{date.month()}]) {
      day += days{1};
    } else {
      day = local_days{(date.year() / date.month() + std::chrono::months{1}) / 1};
    }
  }
  return {};
}

/// A stretch of real time in which the zone's distance from UTC does not change.
struct Stretch {
  sys_seconds begin;
  sys_seconds end;           ///< exclusive
  seconds offset;            ///< local minus UTC
  seconds change_of_offset;  ///< against the stretch before: > 0 skipped local time, < 0 repeats it
};

Stretch stretch_at(const date::time_zone& zone, sys_seconds instant) {
  const date::sys_info info = zone.get_info(instant);
  Stretch stretch{info.begin, info.end, info.offset, seconds{0}};
  if (info.begin > earliest) {
    const seconds change = info.offset - zone.get_info(info.begin - seconds{1}).offset;
    if (std::chrono::abs(change) <= largest_seasonal_change) stretch.change_of_offset = change;
  }
  return stretch;
}

local_seconds to_local(sys_seconds instant, seconds offset) {
  return local_seconds{instant.time_since_epoch() + offset};
}

/// The first firing in [from, end) of a line within one stretch that overlaps [from, end).
std::optional<sys_seconds> first_in_stretch(const CronFields& fields, const Stretch& stretch,
                                            sys_seconds from, sys_seconds end) {
  sys_seconds begin = std::max(from, stretch.begin);
  if (fields.is_fixed && stretch.change_of_offset > seconds{0} && from <= stretch.begin) {
    const local_seconds resumes = to_local(stretch.begin, stretch.offset);
    const local_seconds stopped = resumes - stretch.change_of_offset;
    if (first_local_match(fields, stopped, resumes)) return stretch.begin;
  }
  if (fields.is_fixed && stretch.change_of_offset < seconds{0}) {
    begin = std::max(begin, stretch.begin - stretch.change_of_offset);
  }
  const auto match = first_local_match(fields, to_local(begin, stretch.offset),
                                       to_local(std::min(end, stretch.end), stretch.offset));
  if (!match) return {};
  return sys_seconds{match->time_since_epoch() - stretch.offset};
}

struct CronLine {
  CronFields fields;
  const date::time_zone* zone;

  [[nodiscard]] std::optional<Instant> first_in(Instant after, Instant until) const {
    const sys_seconds from = std::chrono::floor<seconds>(after) + seconds{1};
    const sys_seconds end = std::chrono::floor<seconds>(until) + seconds{1};
    for (sys_seconds at = from; at < end;) {
      const Stretch stretch = stretch_at(*zone, at);
      if (const auto found = first_in_stretch(fields, stretch, from, end)) return *found;
      at = stretch.end;
    }
    return {};
  }
};

struct FixedInterval {
  seconds length;

  [[nodiscard]] std::optional<Instant> first_in(Instant after, Instant until) const {
    const auto whole = std::chrono::floor<seconds>(after);
    const seconds since_multiple = (whole.time_since_epoch() % length + length) % length;
    const Instant next = whole - since_multiple + length;
    return next <= until ? std::optional{next} : std::nullopt;
  }
};

/// Null when `name` is unknown, or when the machine has no time zone database at all.
const date::time_zone* find_zone(std::string_view name) {
  if (name == "localtime") return nullptr;  // Debian's link to another zone on each machine
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

}  // namespace

struct Schedule::Impl {
  std::variant<CronLine, FixedInterval> rule;

  /// The first firing in (after, until].
  [[nodiscard]] std::optional<Instant> first_in(Instant after, Instant until) const {
    after = std::max(after, earliest);
    until = std::min(until, latest);
    if (after >= until) return {};
    return std::visit([&](const auto& known) { return known.first_in(after, until); }, rule);
  }

  [[nodiscard]] std::vector<Instant> all_in(Instant after, Instant until) const {
    std::vector<Instant> found;
    for (auto next = first_in(after, until); next; next = first_in(*next, until)) {
      found.push_back(*next);
    }
    return found;
  }
};

Schedule Schedule::parse(std::string_view text, std::string_view timezone) {
  const date::time_zone* zone = find_zone(timezone);
  if (zone == nullptr) {
    throw std::invalid_argument(
        fmt::format("timezone: {} is not a time zone this machine knows; use an IANA name such as "
                    "Europe/Berlin or UTC, and see that tzdata is installed",
                    in_quotes(timezone)));
  }
  if (const auto interval = parse_interval(text)) {
    return Schedule(std::make_shared<const Impl>(Impl{FixedInterval{*interval}}));
  }
  return Schedule(std::make_shared<const Impl>(Impl{CronLine{parse_cron_fields(text), zone}}));
}

std::optional<Instant> Schedule::next_after(Instant after) const {
  return impl_->first_in(after, std::clamp(after, earliest, latest) + horizon);
}

std::vector<Instant> Schedule::between(Instant after, Instant until, std::size_t limit) const {
  // Looks back from `until` in growing windows, so that a year of minutes costs no more than the
  // newest `limit` of them.
  std::vector<Instant> found;
  after = std::clamp(after, earliest, latest);
  until = std::clamp(until, earliest, latest);
  for (std::chrono::microseconds window = minutes{1}; limit > 0 && after < until; window *= 2) {
    const Instant begin = std::max(after, until - std::min(window, until - after));
    found = impl_->all_in(begin, until);
    if (found.size() >= limit || begin == after) break;
  }
  if (found.size() > limit)
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(limit));
  return found;
}

bool is_timezone(std::string_view name) { return find_zone(name) != nullptr; }

std::string to_iso8601(Instant instant) {
  const auto day = std::chrono::floor<days>(instant);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{instant - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", int{date.year()},
                     unsigned{date.month()}, unsigned{date.day()}, time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

}  // namespace lethe
