#include "common/policies/guard_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "common/policies/text_rules.hpp"

namespace lethe {

namespace {

constexpr std::int64_t whole = 1'000'000;
constexpr std::size_t digits_max = 6;

[[noreturn]] void refuse_fraction(std::string_view text) {
  throw std::invalid_argument(
      fmt::format("{} is no part of a table; write a number above 0 and up to 1 with at most {} "
                  "digits behind the point, such as 0.8",
                  shown(text), digits_max));
}

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A function alone knows how many rows it will take.
void refuse_for_call(const Policy& policy, const YamlValue* value) {
  if (value == nullptr || policy.action.kind != Action::Kind::call) return;
  value->fail("what a function will do cannot be counted before; write max_rows_per_run instead");
}

}  // namespace

std::int64_t parse_fraction(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view units = text.substr(0, point);
  std::string digits(point < text.size() ? text.substr(point + 1) : "");
  const bool is_one_digit = units == "0" || units == "1";
  const bool has_digits = point == text.size() || !digits.empty();
  if (!is_one_digit || !has_digits || digits.size() > digits_max || !is_digits(digits))
    refuse_fraction(text);
  digits.resize(digits_max, '0');
  std::int64_t ppm = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), ppm);
  ppm += units == "1" ? whole : 0;
  if (ppm < 1 || ppm > whole) refuse_fraction(text);
  return ppm;
}

std::string fraction_text(std::int64_t ppm) {
  if (ppm >= whole) return "1";
  std::string text = fmt::format("0.{:06}", ppm);
  while (text.back() == '0') text.pop_back();
  return text;
}

void read_guards(const YamlMap& map, Policy& policy) {
  const YamlValue* fraction = map.find("max_fraction");
  const YamlValue* above = map.find("acknowledge_above");
  refuse_for_call(policy, fraction);
  refuse_for_call(policy, above);
  if (fraction != nullptr) {
    try {
      policy.guards.max_fraction_ppm = parse_fraction(fraction->text());
    } catch (const std::invalid_argument& error) {
      fraction->fail(error.what());
    }
  }
  if (above != nullptr) policy.guards.acknowledge_above = above->integer(0, guard_rows_max);
  if (const YamlValue* rows = map.find("max_rows_per_run"))
    policy.guards.max_rows_per_run = rows->integer(1, guard_rows_max);
  if (const YamlValue* approval = map.find("approval")) {
    if (approval->text() != "two_person")
      approval->fail(fmt::format("{} is no approval; write two_person, or remove it",
                                 shown(approval->text())));
    policy.guards.two_person = true;
  }
}

}  // namespace lethe
