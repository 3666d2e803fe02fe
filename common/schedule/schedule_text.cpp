#include "common/schedule/schedule_text.hpp"

#include <algorithm>

namespace lethe {

std::string normalized(std::string_view text) {
  constexpr std::string_view white_space = " \t\r\n";
  std::string result;
  bool at_word_begin = true;
  for (const char letter : text) {
    if (white_space.find(letter) != std::string_view::npos) {
      at_word_begin = true;
      continue;
    }
    if (at_word_begin && !result.empty()) result += ' ';
    at_word_begin = false;
    const bool is_upper = letter >= 'A' && letter <= 'Z';
    result += is_upper ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown(text.substr(0, longest));
  std::replace_if(
      shown.begin(), shown.end(), [](char letter) { return letter < ' ' || letter > '~'; }, '?');
  return '"' + shown + (text.size() > longest ? "...\"" : "\"");
}

}  // namespace lethe
