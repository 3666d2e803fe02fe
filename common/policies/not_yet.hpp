#pragma once

#include <string_view>

namespace lethe {

/// A word of the file format that later versions will read and this one cannot.
struct NotYet {
  std::string_view place;  ///< the map that the key stands in, or the key whose value it is
  std::string_view word;
};

/// All of them. The change that brings a feature deletes its line here.
inline constexpr NotYet not_yet[] = {
    {"tenant", "from"},
    {"action", "drop_partitions"},
};

inline constexpr std::string_view not_yet_message =
    "not supported by this version of Lethe; remove it";

[[nodiscard]] constexpr bool is_not_yet(std::string_view place, std::string_view word) {
  for (const NotYet& entry : not_yet) {
    if (entry.place == place && entry.word == word) return true;
  }
  return false;
}

}  // namespace lethe
