#pragma once

// Private to common/db. Pure: what a statement that takes rows says to copy them as well.

#include <cstdint>
#include <string>
#include <vector>

#include "common/db/params.hpp"

namespace lethe::db {

/// Copies of the rows that one statement takes, made by that statement itself: into a table, or as
/// lines of CSV for whoever runs it. In a line a NULL is nothing and every other value stands in
/// double quotes, as the server's own output function writes it.
struct RowCopies {
  std::vector<std::string> columns;  ///< of the relation, quoted
  std::string table;                 ///< for the copies, quoted; "": lines
  std::string run;                   ///< for the column lethe_run; "": there is none
  std::string at;                    ///< timestamptz for the column lethe_at; "": there is none
  /// Lines: more bytes than these are not returned, so that neither side runs out of memory.
  std::int64_t bytes_max = 0;

  /// The values of row `alias`, as columns of a CTE, each with ", " before it.
  [[nodiscard]] std::string taken_from(const std::string& alias) const;
  /// The same columns of a CTE that has them already.
  [[nodiscard]] std::string passed_on(const std::string& cte) const;
  /// The CTE `archived`, with ", " before it, that stores what CTE `source` has; "" for lines.
  [[nodiscard]] std::string stored_from(const std::string& source, Params& params) const;
  /// What the statement returns of the copies, with ", " before it: touched, the rows of `source`;
  /// archived, those that were stored; or bytes and lines (NULL: too many bytes, or no row).
  [[nodiscard]] std::string answer(const std::string& source, Params& params) const;
};

/// Row `alias` as a line of CSV.
[[nodiscard]] std::string csv_line_sql(const std::vector<std::string>& columns,
                                       const std::string& alias);

/// Settings under which what the server prints is read back as the same value, for a session that
/// has those of every transaction of ours. SET LOCAL text.
[[nodiscard]] const char* exact_text_settings() noexcept;

}  // namespace lethe::db
