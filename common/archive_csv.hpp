#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lethe {

/// A row of an archive: the values as text; nothing is NULL.
using CsvRow = std::vector<std::optional<std::string>>;

/// The first line of a file: the names of its columns, each in double quotes. Without its end.
[[nodiscard]] std::string csv_header(const std::vector<std::string>& names);

/// Reads what archives have: fields between commas, a value in double quotes with each of its own
/// doubled, a NULL as nothing at all. Borrows the text.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}

  /// The next line, or nothing at the end. Throws std::invalid_argument for text that is not of
  /// that form.
  [[nodiscard]] std::optional<CsvRow> next();
  /// The line that next() returned last, as it stands, without its end.
  [[nodiscard]] std::string_view line() const { return line_; }

 private:
  [[nodiscard]] std::optional<std::string> take_field();

  std::string_view rest_;
  std::string_view line_;
};

}  // namespace lethe
