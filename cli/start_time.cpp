#include "cli/start_time.hpp"

#include <date/date.h>
#include <fmt/format.h>

#include <sstream>
#include <stdexcept>

#include "cli/parsed.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe::cli {
namespace {

constexpr std::chrono::seconds longest_month{31 * 86'400};
constexpr std::chrono::seconds expiry_min{60};

/// `text` with a T between day and time and with Z written as an offset.
std::string with_offset(std::string text) {
  constexpr std::size_t after_day = 10;
  if (text.size() > after_day && text[after_day] == ' ') text[after_day] = 'T';
  if (!text.empty() && text.back() == 'Z') text.replace(text.size() - 1, 1, "+00:00");
  return text;
}

bool read_instant(const std::string& text, const char* format, Instant& instant) {
  std::istringstream in(text);
  in >> date::parse(format, instant);
  return !in.fail() && in.peek() == std::istringstream::traits_type::eof();
}

}  // namespace

void StartTimeOptions::add_to(const Command& command) {
  command.option("--at", at, "start then and not before, such as 2026-11-21T03:00Z")
      .option("--in", in, "start after this long and not before, such as 2h");
}

Instant parse_instant(const std::string& text) {
  const std::string written = with_offset(text);
  Instant instant;
  if (read_instant(written, "%FT%T%Ez", instant) || read_instant(written, "%FT%R%Ez", instant))
    return instant;
  throw std::invalid_argument(
      fmt::format("{} is no instant; write it with its zone, such as 2026-11-21T03:00Z or "
                  "2026-11-21T03:00+01:00",
                  shown(text)));
}

std::int64_t parse_expiry(const std::string& text) {
  const Retention length = parse_retention(text);
  const std::chrono::seconds seconds(length.seconds);
  if (length.months != 0 || seconds < expiry_min || seconds > expiry_max)
    throw std::invalid_argument("must be from 1 minute to 30 days; write for example 12h");
  return length.seconds;
}

StartTime start_time(Services& services, const StartTimeOptions& options) {
  if (options.at && options.in) throw UserError(ExitCode::usage, "give --at or --in, not both");
  if (options.in) {
    const Retention length = parsed("--in", *options.in, parse_retention);
    return {.not_before = to_interval(length),
            .delay = std::chrono::seconds(length.seconds) + length.months * longest_month};
  }
  if (!options.at) return {};
  const Instant at = parsed("--at", *options.at, parse_instant);
  const Instant now = services.stores().policies.now();
  if (at <= now)
    throw UserError(ExitCode::usage,
                    fmt::format("--at: {} has passed, it is {}; leave --at out to start now",
                                to_iso8601(at), to_iso8601(now)));
  return {.not_before = to_iso8601(at), .delay = std::chrono::ceil<std::chrono::seconds>(at - now)};
}

}  // namespace lethe::cli
