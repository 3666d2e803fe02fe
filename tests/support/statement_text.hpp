#pragma once

#include <string>

#include "common/db/target/batch_delete.hpp"

namespace lethe::test {

/// A statement as text with its values in it, to be run by hand.
inline std::string literal(const db::BuiltStatement& built) {
  std::string sql = built.sql;
  const auto& values = built.params.values();
  for (std::size_t i = values.size(); i > 0; --i) {
    const std::string name = "$" + std::to_string(i);
    for (auto at = sql.find(name); at != std::string::npos; at = sql.find(name, at))
      sql.replace(at, name.size(), "'" + values[i - 1].value() + "'");
  }
  return sql;
}

}  // namespace lethe::test
