#include "common/policies/text_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace lethe {
namespace {

constexpr std::size_t max_identifier_bytes = 63;  // NAMEDATALEN - 1: PostgreSQL cuts longer ones
constexpr std::size_t max_quoted_bytes = 60;

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0U) == 0x80U; }

/// Bytes of the well-formed character at the start of `text`, which is not empty; 0 when there is
/// none.
std::size_t character_length(std::string_view text) {
  const std::uint8_t first = byte_at(text, 0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2U : first < 0xF0 ? 3U : 4U;
  if (text.size() < length) return 0;
  for (std::size_t at = 1; at < length; ++at) {
    if (!is_continuation(byte_at(text, at))) return 0;
  }
  const std::uint8_t second = byte_at(text, 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool too_large = first == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool has_control_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::uint8_t byte = byte_at(text, at);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && at + 1 < text.size() && byte_at(text, at + 1) < 0xA0) return true;
  }
  return false;
}

std::string shown(std::string_view text) {
  std::string result = "\"";
  std::size_t at = 0;
  while (at < text.size() && at < max_quoted_bytes) {
    const std::size_t length = character_length(text.substr(at));
    const std::string_view character = text.substr(at, std::max<std::size_t>(length, 1));
    if (length == 0 || has_control_character(character)) {
      for (std::size_t i = 0; i < character.size(); ++i) {
        result += fmt::format("\\x{:02x}", byte_at(character, i));
      }
    } else {
      result += character;
    }
    at += character.size();
  }
  return result + (at < text.size() ? "...\"" : "\"");
}

std::string identifier_problem(std::string_view text) {
  if (text.empty()) return "must not be empty; write its name as in the catalog";
  if (text.size() > max_identifier_bytes) {
    return fmt::format("{} is longer than {} bytes; write its name as in the catalog", shown(text),
                       max_identifier_bytes);
  }
  if (!is_utf8(text)) return "is not valid UTF-8; write its name in UTF-8";
  if (has_control_character(text)) {
    return fmt::format("{} holds a control character; remove it", shown(text));
  }
  return {};
}

std::string grouped(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string counted(std::int64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(number), number == 1 ? one : many);
}

}  // namespace lethe
