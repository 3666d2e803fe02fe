#include "common/db/target/row_copies.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lethe::db {

namespace {

/// c0, c1 …: a table may have a column with any name, and a CTE has its own.
std::string place(std::size_t number) { return fmt::format("c{}", number); }

}  // namespace

std::string csv_line_sql(const std::vector<std::string>& columns, const std::string& alias) {
  std::vector<std::string> values;
  // format() calls the type's output function; a cast to text may be somebody's own function, cuts
  // the blanks of character(n) and writes true for t. IS NULL would take a row of NULLs for NULL.
  // Collations may not agree, or know nothing of parts of a text.
  for (const auto& column : columns)
    values.push_back(
        fmt::format("CASE WHEN {0}.{1} IS DISTINCT FROM NULL THEN pg_catalog.concat('\"', "
                    "pg_catalog.replace(pg_catalog.format('%s', {0}.{1}) COLLATE pg_catalog.\"C\", "
                    "'\"', '\"\"'), '\"') ELSE '' END",
                    alias, column));
  return fmt::format("pg_catalog.array_to_string(ARRAY[{}]::text[], ',') COLLATE pg_catalog.\"C\"",
                     fmt::join(values, ", "));
}

std::string RowCopies::taken_from(const std::string& alias) const {
  if (table.empty()) return fmt::format(", {} AS line", csv_line_sql(columns, alias));
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i)
    text += fmt::format(", {}.{} AS {}", alias, columns[i], place(i));
  return text;
}

std::string RowCopies::passed_on(const std::string& cte) const {
  if (table.empty()) return fmt::format(", {}.line", cte);
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) text += fmt::format(", {}.{}", cte, place(i));
  return text;
}

std::string RowCopies::stored_from(const std::string& source, Params& params) const {
  if (table.empty()) return "";
  std::vector<std::string> names = columns;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < columns.size(); ++i) values.push_back(fmt::format("s.{}", place(i)));
  const auto stamp = [&](const char* name, const char* type, const std::string& value) {
    if (value.empty()) return;
    names.emplace_back(name);
    values.push_back(fmt::format("{}::{}", params.bind(value), type));
  };
  stamp("lethe_run", "text", run);
  stamp("lethe_at", "timestamptz", at);
  return fmt::format(
      ", archived AS (INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} AS s "
      "RETURNING 1)",
      table, fmt::join(names, ", "), fmt::join(values, ", "), source);
}

std::string RowCopies::answer(const std::string& source, Params& params) const {
  const std::string touched = fmt::format(", (SELECT count(*) FROM {}) AS touched", source);
  if (!table.empty()) return touched + ", (SELECT count(*) FROM archived) AS archived";
  const std::string bytes = fmt::format(
      "(SELECT coalesce(pg_catalog.sum(pg_catalog.octet_length(s.line)), 0)::bigint FROM {} AS s)",
      source);
  return fmt::format(
      "{0}, {1} AS bytes, CASE WHEN {1} OPERATOR(pg_catalog.<=) {2}::bigint THEN (SELECT "
      "pg_catalog.string_agg(s.line, E'\\n') FROM {3} AS s) END AS lines",
      touched, bytes, params.bind(bytes_max), source);
}

const char* exact_text_settings() noexcept {
  return "SET LOCAL extra_float_digits = 3; SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = "
         "content; SET LOCAL array_nulls = on; SET LOCAL client_encoding = 'UTF8'";
}

}  // namespace lethe::db
