#include "common/schedule/cron_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "common/schedule/schedule_text.hpp"

namespace lethe {
namespace {

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> day_names{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};

/// What one of the five places admits.
struct FieldRule {
  std::string_view name;
  unsigned low;
  unsigned high;
  std::span<const std::string_view> names;  ///< names[i] stands for low + i
};

constexpr FieldRule minute_rule{"minute", 0, 59, {}};
constexpr FieldRule hour_rule{"hour", 0, 23, {}};
constexpr FieldRule day_of_month_rule{"day-of-month", 1, 31, {}};
constexpr FieldRule month_rule{"month", 1, 12, month_names};
constexpr FieldRule day_of_week_rule{"day-of-week", 0, 7, day_names};
constexpr unsigned sunday_as_seven = 7;

struct Macro {
  std::string_view name;
  std::string_view line;
};

constexpr std::array<Macro, 7> macros{{{"@hourly", "0 * * * *"},
                                       {"@daily", "0 0 * * *"},
                                       {"@midnight", "0 0 * * *"},
                                       {"@weekly", "0 0 * * 0"},
                                       {"@monthly", "0 0 1 * *"},
                                       {"@yearly", "0 0 1 1 *"},
                                       {"@annually", "0 0 1 1 *"}}};

[[noreturn]] void refuse(const FieldRule& rule, const std::string& problem) {
  throw std::invalid_argument(fmt::format("{}: {}", rule.name, problem));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

/// Nothing when `text` is not digits alone. Numbers too large to hold come back as the largest.
std::optional<unsigned> read_digits(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? value : ~0U;
}

std::string what_is_allowed(const FieldRule& rule) {
  if (rule.names.empty()) return fmt::format("{}..{}", rule.low, rule.high);
  return fmt::format("{}..{} or {}..{}", rule.low, rule.high, rule.names.front(),
                     rule.names.back());
}

/// `part` is the element of the list that `text` stands in, for the message.
unsigned read_value(const FieldRule& rule, std::string_view text, std::string_view part) {
  if (const auto name = std::find(rule.names.begin(), rule.names.end(), text);
      name != rule.names.end()) {
    return rule.low + static_cast<unsigned>(name - rule.names.begin());
  }
  const auto number = read_digits(text);
  if (!number) {
    refuse(rule, fmt::format("{} is not understood; use {}, with lists (1,2), ranges (1-5), steps "
                             "(*/2) or *",
                             in_quotes(part), what_is_allowed(rule)));
  }
  if (*number < rule.low || *number > rule.high) {
    refuse(rule, fmt::format("{} is out of range {}", text, what_is_allowed(rule)));
  }
  return *number;
}

struct Range {
  unsigned first = 0;
  unsigned last = 0;
};

Range read_range(const FieldRule& rule, std::string_view text) {
  if (text == "*") return {rule.low, rule.high};
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    const unsigned value = read_value(rule, text, text);
    return {value, value};
  }
  const std::string_view last_text = text.substr(dash + 1);
  Range range{read_value(rule, text.substr(0, dash), text), read_value(rule, last_text, text)};
  // "fri-sun" can only mean the end of the week.
  if (last_text == day_names.front() && range.first > 0) range.last = sunday_as_seven;
  if (range.first > range.last) {
    refuse(rule, fmt::format("{0} runs backwards; write {2}-{1}, or {1}-{4},{3}-{2} to wrap around",
                             in_quotes(text), range.first, range.last, rule.low, rule.high));
  }
  return range;
}

unsigned read_step(const FieldRule& rule, std::string_view part, std::string_view text) {
  const auto step = read_digits(text);
  if (!step || *step == 0 || *step > rule.high) {
    refuse(rule, fmt::format("the step in {} must be 1..{}; longer intervals are written like "
                             "\"every 90 min\"",
                             in_quotes(part), rule.high));
  }
  return *step;
}

/// One element of a list: `*`, a value, a range, each but the value perhaps with a step.
void add_part(const FieldRule& rule, std::string_view part, FieldSet& set) {
  if (part.empty()) refuse(rule, "an element of the list is empty; remove the extra comma");
  const std::size_t slash = part.find('/');
  const std::string_view range_text = part.substr(0, slash);
  const Range range = read_range(rule, range_text);
  unsigned step = 1;
  if (slash != std::string_view::npos) {
    step = read_step(rule, part, part.substr(slash + 1));
    if (range_text != "*" && range_text.find('-') == std::string_view::npos) {
      refuse(rule, fmt::format("{} has a step without a range; write {}-{}/{}", in_quotes(part),
                               range_text, rule.high, step));
    }
  }
  for (unsigned value = range.first; value <= range.last; value += step) set.set(value);
}

FieldSet read_field(const FieldRule& rule, std::string_view text) {
  FieldSet set;
  for (const std::string_view part : split(text, ',')) add_part(rule, part, set);
  return set;
}

bool starts_with_star(std::string_view field) { return field.front() == '*'; }

bool some_month_has_such_a_day(const CronFields& fields) {
  constexpr std::array<unsigned, 12> longest{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= longest.size(); ++month) {
    if (!fields.months[month]) continue;
    for (unsigned day = 1; day <= longest[month - 1]; ++day) {
      if (fields.days_of_month[day]) return true;
    }
  }
  return false;
}

/// The line that a macro stands for.
std::string_view expand(std::string_view name) {
  const auto* macro = std::find_if(macros.begin(), macros.end(),
                                   [&](const Macro& known) { return known.name == name; });
  if (macro != macros.end()) return macro->line;
  throw std::invalid_argument(fmt::format(
      "{} is not a macro Lethe knows; use @hourly, @daily, @midnight, @weekly, @monthly, @yearly "
      "or @annually",
      in_quotes(name)));
}

std::vector<std::string_view> split_into_five(std::string_view line) {
  std::vector<std::string_view> fields = split(line, ' ');
  if (fields.size() == 5) return fields;
  throw std::invalid_argument(fmt::format(
      "{} has {} field{}, a cron line has five: minute hour day-of-month month day-of-week; for "
      "seconds write for example \"every 30 s\"",
      in_quotes(line), fields.size(), fields.size() == 1 ? "" : "s"));
}

}  // namespace

CronFields parse_cron_fields(std::string_view line) {
  const std::string text = normalized(line);
  if (text.empty()) {
    throw std::invalid_argument(
        "the schedule is empty; write five fields (minute hour day-of-month month day-of-week), "
        "@daily or \"every 10 min\"");
  }
  const std::vector<std::string_view> parts =
      split_into_five(text.front() == '@' ? expand(text) : text);

  CronFields fields;
  fields.minutes = read_field(minute_rule, parts[0]);
  fields.hours = read_field(hour_rule, parts[1]);
  fields.days_of_month = read_field(day_of_month_rule, parts[2]);
  fields.months = read_field(month_rule, parts[3]);
  fields.days_of_week = read_field(day_of_week_rule, parts[4]);
  if (fields.days_of_week[sunday_as_seven]) fields.days_of_week.set(0);
  fields.days_of_week.reset(sunday_as_seven);
  fields.is_fixed = !starts_with_star(parts[0]) && !starts_with_star(parts[1]);
  fields.either_day_may = !starts_with_star(parts[2]) && !starts_with_star(parts[4]);

  if (!fields.either_day_may && !some_month_has_such_a_day(fields)) {
    refuse(day_of_month_rule,
           fmt::format("month {} has no day {}, so {} never fires; change either", parts[3],
                       parts[2], in_quotes(text)));
  }
  return fields;
}

}  // namespace lethe
