#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <vector>

#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe {
namespace {

struct Unit {
  std::string_view name;
  std::string_view plural;
  std::string_view abbreviation;
  std::int64_t months = 0;
  std::int64_t seconds = 0;
};

constexpr std::array<Unit, 7> units{{
    {"year", "years", "y", 12, 0},
    {"month", "months", "mon", 1, 0},
    {"week", "weeks", "w", 0, 604'800},
    {"day", "days", "d", 0, 86'400},
    {"hour", "hours", "h", 0, 3'600},
    {"minute", "minutes", "min", 0, 60},
    {"second", "seconds", "s", 0, 1},
}};

constexpr std::int64_t average_month_seconds = 2'629'746;  // 1/12 of a Gregorian year
constexpr std::int64_t max_seconds = 12'000 * average_month_seconds;
constexpr const char* too_long = "must be at most 1000 years";
constexpr const char* not_positive = R"(must be longer than zero; write for example "90 days")";

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument(message); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_in_word(char c) { return !is_digit(c) && !is_blank(c); }

template <typename Predicate>
std::string_view take_while(std::string_view& rest, Predicate matches) {
  std::size_t length = 0;
  while (length < rest.size() && matches(rest[length])) ++length;
  const std::string_view taken = rest.substr(0, length);
  rest.remove_prefix(length);
  return taken;
}

const Unit* find_unit(std::string_view word) {
  for (const Unit& unit : units) {
    if (word == unit.name || word == unit.plural || word == unit.abbreviation) return &unit;
  }
  return nullptr;
}

const Unit& unit_called(std::string_view word) {
  if (const Unit* unit = find_unit(word)) return *unit;
  if (word == "m") refuse(R"("m" is a minute or a month; write "min" or "mon")");
  refuse(fmt::format("{} is no unit; write seconds, minutes, hours, days, weeks, months or years",
                     shown(word)));
}

std::int64_t to_count(std::string_view digits) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || count > max_seconds) refuse(too_long);
  return count;
}

/// Refuses WHOLE.DECIMALS UNIT, with the same length in a smaller unit where there is one.
[[noreturn]] void refuse_fraction(std::string_view whole, std::string_view rest) {
  rest.remove_prefix(1);
  const std::string_view decimals = take_while(rest, is_digit);
  take_while(rest, is_blank);
  const Unit* unit = find_unit(take_while(rest, is_in_word));
  if (unit != nullptr && whole.size() <= 4 && !decimals.empty() && decimals.size() <= 4) {
    std::int64_t scale = 1;
    for (std::size_t i = 0; i < decimals.size(); ++i) scale *= 10;
    const std::int64_t scaled = to_count(whole) * scale + to_count(decimals);
    const std::int64_t months = scaled * unit->months;
    const std::int64_t seconds = scaled * unit->seconds;
    if (scaled > 0 && months % scale == 0 && seconds % scale == 0) {
      const Retention exact{static_cast<std::int32_t>(months / scale), seconds / scale};
      refuse(fmt::format("must be in whole numbers; write {}", to_text(exact)));
    }
  }
  refuse("must be in whole numbers; write it in a smaller unit");
}

/// One "90 days" from the front of `rest`, as months and seconds.
struct Part {
  const Unit* unit = nullptr;
  std::int64_t count = 0;
};

Part take_part(std::string_view& rest) {
  if (rest.front() == '-') refuse(not_positive);
  const std::string_view digits = take_while(rest, is_digit);
  if (digits.empty()) {
    refuse(fmt::format(R"({} does not start with a number; write for example "90 days")",
                       shown(rest)));
  }
  if (!rest.empty() && (rest.front() == '.' || rest.front() == ',')) refuse_fraction(digits, rest);
  take_while(rest, is_blank);
  const std::string_view word = take_while(rest, is_in_word);
  if (word.empty()) refuse(fmt::format("{0} has no unit; write {0} days", digits.substr(0, 20)));
  const Unit& unit = unit_called(word);
  take_while(rest, is_blank);
  return {&unit, to_count(digits)};
}

void append(std::string& text, std::int64_t count, const Unit& unit) {
  if (!text.empty()) text += ' ';
  text += fmt::format("{} {}", count, count == 1 ? unit.name : unit.plural);
}

}  // namespace

Retention parse_retention(std::string_view text) {
  std::string_view rest = text;
  take_while(rest, is_blank);
  if (rest.empty()) refuse(R"(must not be empty; write for example "90 days")");
  std::vector<const Unit*> seen;
  std::int64_t months = 0;
  std::int64_t seconds = 0;
  while (!rest.empty()) {
    const Part part = take_part(rest);
    for (const Unit* unit : seen) {
      if (unit == part.unit) refuse(fmt::format("has {} twice; add them up", unit->plural));
    }
    seen.push_back(part.unit);
    months += part.count * part.unit->months;
    seconds += part.count * part.unit->seconds;
    // Both stay far from overflow: a count is at most max_seconds and a unit comes once.
    if (months > 12'000 || seconds > max_seconds) refuse(too_long);
  }
  if (months == 0 && seconds == 0) refuse(not_positive);
  if (months * average_month_seconds + seconds > max_seconds) refuse(too_long);
  return {static_cast<std::int32_t>(months), seconds};
}

std::string to_text(const Retention& retention) {
  const Unit& year = units[0];
  const Unit& month = units[1];
  std::string text;
  if (retention.months / 12 != 0) append(text, retention.months / 12, year);
  if (retention.months % 12 != 0) append(text, retention.months % 12, month);
  if (retention.seconds == 0) return text.empty() ? "0 seconds" : text;
  for (std::size_t i = 3; i < units.size(); ++i) {  // from days: people say 14 days, not 2 weeks
    if (retention.seconds % units[i].seconds == 0) {
      append(text, retention.seconds / units[i].seconds, units[i]);
      break;
    }
  }
  return text;
}

std::string to_interval(const Retention& retention) {
  // Before PostgreSQL 15 a number in an interval is read as 32 bits, and hours stay apart from
  // days.
  if (retention.seconds > std::numeric_limits<std::int32_t>::max()) {
    return fmt::format("{} mons {} hours {} secs", retention.months, retention.seconds / 3'600,
                       retention.seconds % 3'600);
  }
  return fmt::format("{} mons {} secs", retention.months, retention.seconds);
}

}  // namespace lethe
