#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace lethe {

/// Reads "every N s|min|h|d" (long unit names too, any case). Returns the interval, 1 second to 366
/// days, or nothing when `text` does not start with the word "every". Throws std::invalid_argument
/// whose one-line message says how to write it. Pure.
[[nodiscard]] std::optional<std::chrono::seconds> parse_interval(std::string_view text);

}  // namespace lethe
