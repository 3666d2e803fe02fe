#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

namespace lethe::cli {

enum class OutputFormat { table, json };

/// Text that is JSON already: a list or an object inside a record.
struct JsonText {
  std::string text;
};

/// A value; std::monostate is what is absent: null in JSON, "-" for people.
using Value = std::variant<std::monostate, bool, std::int64_t, std::string, JsonText>;

/// How people see a value. JSON always has the exact one.
enum class Show { plain, count, bytes, instant };

struct Field {
  std::string name;  ///< snake_case; part of the interface, documented in docs/cli.md
  Value value{};
  Show show = Show::plain;
};

/// One thing. Fields are written in this order.
using Record = std::vector<Field>;

/// Absent when `text` is "".
[[nodiscard]] Value or_null(const std::string& text);
[[nodiscard]] Value or_null(const std::optional<std::int64_t>& number);

/// A JSON list of objects on one line, e.g. for a list inside a record.
[[nodiscard]] JsonText nested(const std::vector<Record>& records);
[[nodiscard]] JsonText nested(const std::vector<std::string>& texts);

/// A JSON array with one object per line, ending in a line break. Bytes that are not UTF-8 are
/// replaced.
[[nodiscard]] std::string render_json(const std::vector<Record>& records);

/// A table of the fields in `columns`, numbers to the right, with a line of titles.
[[nodiscard]] std::string render_table(const std::vector<Record>& records,
                                       const std::vector<std::string>& columns);

/// All fields of one thing, one per line.
[[nodiscard]] std::string render_card(const Record& record);

/// Where a command's result goes. Thread safety: none.
class Output {
 public:
  /// `out` is borrowed.
  Output(std::ostream& out, OutputFormat format) : out_(out), format_(format) {}

  [[nodiscard]] bool is_json() const noexcept { return format_ == OutputFormat::json; }

  /// A table of `columns`, or `none` when there is nothing; as JSON all fields.
  void list(const std::vector<Record>& records, const std::vector<std::string>& columns,
            const std::string& none);
  /// One thing with all its fields; as JSON an array of one object.
  void card(const Record& record);
  /// What a command did: a sentence, or as JSON an array of one object.
  void result(const Record& record, const std::string& sentence);
  /// Text as it is, in both formats.
  void text(const std::string& text);

 private:
  std::ostream& out_;
  OutputFormat format_;
};

}  // namespace lethe::cli
