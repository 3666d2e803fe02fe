#include "common/archive_csv.hpp"

#include <stdexcept>

namespace lethe {

std::string csv_header(const std::vector<std::string>& names) {
  std::string line;
  for (const auto& name : names) {
    line += line.empty() ? "\"" : ",\"";
    for (const char c : name) {
      if (c == '"') line += c;
      line += c;
    }
    line += '"';
  }
  return line;
}

std::optional<CsvRow> CsvReader::next() {
  if (rest_.empty()) return std::nullopt;
  const std::string_view start = rest_;
  CsvRow row;
  for (;;) {
    row.push_back(take_field());
    if (rest_.empty()) throw std::invalid_argument("the last line has no end");
    const char end = rest_.front();
    rest_.remove_prefix(1);
    if (end == '\n') break;
    if (end != ',') throw std::invalid_argument("a value has something behind its quotes");
  }
  line_ = start.substr(0, start.size() - rest_.size() - 1);
  return row;
}

std::optional<std::string> CsvReader::take_field() {
  if (rest_.empty() || rest_.front() != '"') return std::nullopt;
  std::string value;
  for (std::size_t at = 1; at < rest_.size(); ++at) {
    const bool is_quote = rest_[at] == '"';
    if (is_quote && (at + 1 == rest_.size() || rest_[at + 1] != '"')) {
      rest_.remove_prefix(at + 1);
      return value;
    }
    if (is_quote) ++at;
    value += rest_[at];
  }
  throw std::invalid_argument("a value has no closing quotes");
}

}  // namespace lethe
