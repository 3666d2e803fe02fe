#include "common/policies/timing_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "common/policies/policy_parser.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe {

namespace {

constexpr std::array<std::string_view, 2> window_keys{"from", "to"};
constexpr std::int64_t jitter_seconds_max = 86'400;
constexpr std::int64_t expire_seconds_min = 60;
constexpr std::int64_t expire_seconds_max = 30 * 86'400;

template <typename Parse>
auto read_with(const YamlValue& value, Parse parse) {
  try {
    return parse(value.text());
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

TimeWindow read_window(const YamlValue& value) {
  const YamlMap map = value.map(window_keys.size());
  map.check_keys(window_keys, "window");
  const YamlValue& to = map.require("to", "\"05:00\"");
  const TimeWindow window{.from = read_with(map.require("from", "\"01:00\""), parse_time_of_day),
                          .to = read_with(to, parse_time_of_day)};
  if (window.from == window.to)
    to.fail("is the same as from; write another time, or remove the window to allow any time");
  return window;
}

}  // namespace

std::int64_t read_seconds(const YamlValue& value, std::int64_t min, std::int64_t max,
                          std::string_view limits) {
  if (value.text() == "0" && min == 0) return 0;
  const Retention length =
      read_with(value, [](std::string_view text) { return parse_retention(text); });
  if (length.months != 0 || length.seconds < min || length.seconds > max)
    value.fail(fmt::format("is not {}; write such as 10 minutes or 6 hours", limits));
  return length.seconds;
}

void read_timing(const YamlMap& map, Policy& policy) {
  if (const YamlValue* window = map.find("window")) policy.window = read_window(*window);
  if (const YamlValue* missed = map.find("missed"))
    policy.missed = read_with(*missed, parse_missed);
  if (const YamlValue* overlap = map.find("overlap"))
    policy.overlap = read_with(*overlap, parse_overlap);
  if (const YamlValue* jitter = map.find("jitter"))
    policy.jitter_seconds = read_seconds(*jitter, 0, jitter_seconds_max, "at most 24 hours");
  if (const YamlValue* lane = map.find("lane")) {
    policy.lane = lane->text();
    if (!is_name(policy.lane))
      lane->fail(
          fmt::format("{} is no lane; write 1 to 63 of a-z 0-9 _ . - and start with a "
                      "letter or digit",
                      shown(policy.lane)));
  }
  if (const YamlValue* priority = map.find("priority"))
    policy.priority = static_cast<std::int32_t>(priority->integer(0, 4));
  if (const YamlValue* expire = map.find("expire_after"))
    policy.expire_after_seconds =
        read_seconds(*expire, expire_seconds_min, expire_seconds_max, "from 1 minute to 30 days");
}

std::string to_text(const TimeOfDay& time) {
  return fmt::format("{:02}:{:02}", time.minutes / 60, time.minutes % 60);
}

TimeOfDay parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] - '0'; };
  const bool form = text.size() == 5 && text[2] == ':' &&
                    std::all_of(text.begin(), text.end(),
                                [](char c) { return c == ':' || (c >= '0' && c <= '9'); }) &&
                    std::count(text.begin(), text.end(), ':') == 1;
  const int hour = form ? digit(0) * 10 + digit(1) : 24;
  const int minute = form ? digit(3) * 10 + digit(4) : 60;
  if (hour > 23 || minute > 59)
    throw std::invalid_argument(
        fmt::format("{} is no time of day; write HH:MM from \"00:00\" to \"23:59\"", shown(text)));
  return {.minutes = hour * 60 + minute};
}

Missed parse_missed(std::string_view text) {
  if (text == "once") return Missed::once;
  if (text == "skip") return Missed::skip;
  throw std::invalid_argument("must be once or skip; write one of them or remove the key");
}

Overlap parse_overlap(std::string_view text) {
  if (text == "skip") return Overlap::skip;
  if (text == "queue") return Overlap::queue;
  throw std::invalid_argument("must be skip or queue; write one of them or remove the key");
}

const char* to_string(Missed missed) noexcept { return missed == Missed::skip ? "skip" : "once"; }

const char* to_string(Overlap overlap) noexcept {
  return overlap == Overlap::queue ? "queue" : "skip";
}

}  // namespace lethe
