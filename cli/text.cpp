#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lethe::cli {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

}  // namespace

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array<const char*, 5> units{"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (amount >= 999.95 && unit + 1 < units.size()) {
    amount /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, units.at(unit));
}

std::string duration_text(std::chrono::milliseconds duration) {
  const std::int64_t ms = std::max<std::int64_t>(duration.count(), 0);
  if (ms < 60'000) return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
  const std::int64_t seconds = ms / 1000;
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
  return fmt::format("{} d {} h", seconds / 86'400, seconds % 86'400 / 3600);
}

std::string instant_text(const std::string& iso8601) {
  constexpr std::size_t seconds_end = 19;
  const bool has_form = iso8601.size() > seconds_end && iso8601[10] == 'T' && iso8601.back() == 'Z';
  if (!has_form) return iso8601;
  return fmt::format("{} {}Z", iso8601.substr(0, 10), iso8601.substr(11, seconds_end - 11));
}

std::string one_line(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    // U+0080..U+009F, which some terminals obey like an escape sequence.
    const bool is_c1 = c == '\xC2' && at + 1 < text.size() &&
                       static_cast<unsigned char>(text[at + 1]) >= 0x80 &&
                       static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (is_c1) {
      result += '?';
      ++at;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      result += ' ';
    } else {
      result += is_control(c) ? '?' : c;
    }
  }
  return result;
}

std::string marked_lines(const Mark& mark, std::string_view what, std::string_view cure,
                         bool colour) {
  const std::string word = fmt::format("{:<8}", mark.word);
  const std::string line = fmt::format(
      "{} {}\n", colour ? fmt::format("{}{}\x1b[0m", mark.paint, word) : word, one_line(what));
  return cure.empty() ? line : line + fmt::format("         {}\n", one_line(cure));
}

std::size_t display_width(std::string_view text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

}  // namespace lethe::cli
