#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lethe {

/// An instant, microseconds since 1970 UTC: PostgreSQL's resolution.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;

/// When a policy fires: a cron line in a zone, or a fixed interval. Pure and immutable; safe to
/// share between threads.
///
/// Cron lines are Vixie's: minute hour day-of-month month day-of-week, with lists, ranges, steps
/// and names; 0 and 7 are Sunday; when both day fields are restricted either may match. The macros
/// @hourly @daily @midnight @weekly @monthly @yearly @annually are known. "every N s|min|h|d" fires
/// at whole multiples of N since 1970 UTC.
///
/// Clock changes follow Debian's cron: a line with a fixed hour and minute that falls into the
/// skipped hour fires right after the jump, and in the repeated hour it fires once, the first
/// time; a line with a wildcard hour or minute (`*`, `*/n`) follows real time. docs/schedules.md.
class Schedule {
 public:
  /// Reads a schedule. `timezone` is an IANA name. Throws std::invalid_argument whose message says
  /// what is wrong and how to write it; a line that can never match (31 February) is refused.
  static Schedule parse(std::string_view text, std::string_view timezone);

  /// The first firing strictly after `after`. Nothing only for a line that has no further instant
  /// within eight years.
  [[nodiscard]] std::optional<Instant> next_after(Instant after) const;

  /// The firings in (after, until], oldest first; when there are more than `limit`, the newest
  /// `limit` of them.
  [[nodiscard]] std::vector<Instant> between(Instant after, Instant until, std::size_t limit) const;

 private:
  struct Impl;
  explicit Schedule(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

/// True when `name` is an IANA zone that this machine knows.
[[nodiscard]] bool is_timezone(std::string_view name);

/// ISO 8601 in UTC with microseconds: 2026-11-21T03:00:00.000000Z.
[[nodiscard]] std::string to_iso8601(Instant instant);

}  // namespace lethe
