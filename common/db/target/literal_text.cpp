#include "common/db/target/literal_text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace lethe::db {

namespace {

std::string literal(const std::optional<std::string>& value) {
  if (!value) return "NULL";
  std::string text;
  bool has_backslash = false;
  for (const char c : *value) {
    has_backslash = has_backslash || c == '\\';
    if (c == '\'' || c == '\\') text += c;
    text += c;
  }
  return fmt::format("{}'{}'", has_backslash ? "E" : "", text);
}

/// The first place after the quoted part that begins at `at`. A doubled quote is two parts.
std::size_t end_of_quoted(const std::string& sql, std::size_t at) {
  const std::size_t end = sql.find(sql[at], at + 1);
  return end == std::string::npos ? sql.size() : end + 1;
}

}  // namespace

std::string with_literals(const BuiltStatement& built) {
  const std::string& sql = built.sql;
  std::string text;
  for (std::size_t at = 0; at < sql.size();) {
    std::size_t end = at + 1;
    if (sql[at] == '"' || sql[at] == '\'') {
      end = end_of_quoted(sql, at);
    } else if (sql[at] == '$') {
      std::size_t number = 0;
      const auto read = std::from_chars(sql.data() + at + 1, sql.data() + sql.size(), number);
      if (read.ec == std::errc() && number >= 1 && number <= built.params.values().size()) {
        text += literal(built.params.values()[number - 1]);
        at = static_cast<std::size_t>(read.ptr - sql.data());
        continue;
      }
    }
    text.append(sql, at, end - at);
    at = end;
  }
  return text;
}

std::string read_only_script(const BuiltStatement& built) {
  return fmt::format(
      "BEGIN TRANSACTION READ ONLY;\n"
      "SET LOCAL search_path = pg_catalog, pg_temp;\n"
      "SET LOCAL TimeZone = 'UTC';\n"
      "SET LOCAL DateStyle = 'ISO, YMD';\n"
      "SET LOCAL IntervalStyle = 'postgres';\n"
      "SET LOCAL standard_conforming_strings = on;\n"
      "SET LOCAL row_security = off;\n"
      "{};\n"
      "COMMIT;\n",
      with_literals(built));
}

}  // namespace lethe::db
