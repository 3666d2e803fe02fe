#include "common/schedule/interval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "common/schedule/schedule_text.hpp"

namespace lethe {
namespace {

using std::chrono::seconds;

constexpr std::chrono::days longest{366};
constexpr std::string_view keyword = "every";
constexpr std::string_view digits = "0123456789";

struct Unit {
  std::string_view name;
  seconds length;
};

constexpr std::array<Unit, 13> units{{{"s", seconds{1}},
                                      {"sec", seconds{1}},
                                      {"second", seconds{1}},
                                      {"seconds", seconds{1}},
                                      {"min", std::chrono::minutes{1}},
                                      {"minute", std::chrono::minutes{1}},
                                      {"minutes", std::chrono::minutes{1}},
                                      {"h", std::chrono::hours{1}},
                                      {"hour", std::chrono::hours{1}},
                                      {"hours", std::chrono::hours{1}},
                                      {"d", std::chrono::days{1}},
                                      {"day", std::chrono::days{1}},
                                      {"days", std::chrono::days{1}}}};

[[noreturn]] void refuse(const std::string& text, std::string_view problem) {
  throw std::invalid_argument(fmt::format(
      "{} {}; write for example \"every 10 min\" (units: s, min, h, d)", in_quotes(text), problem));
}

}  // namespace

std::optional<seconds> parse_interval(std::string_view text) {
  const std::string line = normalized(text);
  if (line != keyword && line.rfind("every ", 0) != 0) return {};

  std::string_view rest = std::string_view(line).substr(keyword.size());
  if (!rest.empty()) rest.remove_prefix(1);
  const std::string_view count_text = rest.substr(0, rest.find_first_not_of(digits));
  std::string_view unit_text = rest.substr(count_text.size());
  if (!unit_text.empty() && unit_text.front() == ' ') unit_text.remove_prefix(1);
  if (count_text.empty()) refuse(line, "has no whole number after every");

  const auto* unit = std::find_if(units.begin(), units.end(),
                                  [&](const Unit& known) { return known.name == unit_text; });
  if (unit == units.end()) refuse(line, "has no unit Lethe knows after a whole number");

  std::int64_t count = 0;
  const auto [end, error] =
      std::from_chars(count_text.data(), count_text.data() + count_text.size(), count);
  if (error != std::errc{} || count > longest / unit->length) {
    refuse(line, "is longer than 366 days");
  }
  if (count == 0) refuse(line, "must be at least 1 second");
  return unit->length * count;
}

}  // namespace lethe
