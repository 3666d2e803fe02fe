#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/policies/text_rules.hpp"

namespace lethe::cli {

/// "512 B", "1.5 MB": powers of 1000.
[[nodiscard]] std::string bytes_text(std::int64_t bytes);

/// "0.3 s", "42.0 s", "2 min 5 s", "1 h 3 min", "2 d 4 h".
[[nodiscard]] std::string duration_text(std::chrono::milliseconds duration);

/// An ISO 8601 instant for people: "2026-11-21T03:00:00.123456Z" as "2026-11-21 03:00:00Z".
/// Anything else is returned as it is.
[[nodiscard]] std::string instant_text(const std::string& iso8601);

/// `text` without what could end a line or steer a terminal: line breaks become spaces, other
/// control characters question marks. Names, tenants and error texts come from other people.
[[nodiscard]] std::string one_line(std::string_view text);

/// What stands in front of a line that somebody should see: eight columns wide.
struct Mark {
  const char* word;
  const char* paint;  ///< escape sequence that sets its colour
};
inline constexpr Mark mark_ok{"ok", "\x1b[32m"};
inline constexpr Mark mark_warning{"warning", "\x1b[33m"};
inline constexpr Mark mark_problem{"problem", "\x1b[31m"};

/// A line with its mark, and below it the cure unless that is "".
[[nodiscard]] std::string marked_lines(const Mark& mark, std::string_view what,
                                       std::string_view cure, bool colour);

/// How many columns `text` (UTF-8) takes, one per code point.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// The parts between separators; one empty part for an empty text.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

}  // namespace lethe::cli
