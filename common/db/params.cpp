#include "common/db/params.hpp"

#include <stdexcept>

namespace lethe::db {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

unsigned nibble(char digit) {
  const auto at = hex_digits.find(digit);
  if (at == std::string_view::npos) throw std::invalid_argument("not a bytea in hex form");
  return static_cast<unsigned>(at);
}

}  // namespace

std::string to_bytea(std::string_view bytes) {
  std::string text = "\\x";
  text.reserve(2 + 2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += hex_digits[byte >> 4U];
    text += hex_digits[byte & 15U];
  }
  return text;
}

std::string from_bytea(std::string_view text) {
  if (text.substr(0, 2) != "\\x" || text.size() % 2 != 0)
    throw std::invalid_argument("not a bytea in hex form");
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 2; i < text.size(); i += 2)
    bytes += static_cast<char>((nibble(text[i]) << 4U) | nibble(text[i + 1]));
  return bytes;
}

std::string to_array(const std::vector<std::string>& items) {
  std::string text = "{";
  for (const auto& item : items) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (const char c : item) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + '}';
}

std::vector<std::string> from_array(std::string_view text) {
  std::vector<std::string> items;
  if (text.empty() || text == "{}") return items;
  std::size_t at = 0;
  const auto next = [&] {
    if (at >= text.size()) throw std::invalid_argument("not an array of quoted text");
    return text[at++];
  };
  const auto expect = [&](char c) {
    if (next() != c) throw std::invalid_argument("not an array of quoted text");
  };
  char before = '{';
  do {
    expect(before);
    expect('"');
    std::string item;
    for (char c = next(); c != '"'; c = next()) item += c == '\\' ? next() : c;
    items.push_back(std::move(item));
    before = ',';
  } while (at < text.size() && text[at] == before);
  expect('}');
  if (at != text.size()) throw std::invalid_argument("something follows an array");
  return items;
}

}  // namespace lethe::db
