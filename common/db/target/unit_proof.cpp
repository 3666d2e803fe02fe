#include "common/db/target/unit_proof.hpp"

#include <fmt/format.h>

#include "common/db/target/block_sample.hpp"
#include "common/db/target/time_column.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

/// What a sample of `blocks` blocks shows of one column. Returns seen, strangers (UUIDs of another
/// version), lowest and highest: the counts among the others, NULL when there are none.
BuiltStatement look_at_values(const TableFacts& table, const ColumnFacts& column,
                              std::int64_t blocks) {
  BuiltStatement built;
  const std::string name = "x." + column.quoted;
  const std::string has_time = has_time_sql(column);
  const std::string sample = sample_clause(blocks, table.oid, built.params);
  built.sql = fmt::format(
      "SELECT count(*) AS seen, count(*) FILTER (WHERE NOT {0}) AS strangers, pg_catalog.min({1}) "
      "FILTER (WHERE {0})::text AS lowest, pg_catalog.max({1}) FILTER (WHERE {0})::text AS highest "
      "FROM {2} AS x{3} WHERE {4}",
      has_time.empty() ? "true" : has_time, count_sql(column), table.name, sample,
      has_time.empty() ? fmt::format("{} OPERATOR(pg_catalog.>) 0", name) : name + " IS NOT NULL");
  return built;
}

/// What is wrong; "" when nothing is.
std::string problem_of(const pqxx::row& row, TimeUnit unit) {
  if (const auto strangers = number(row, "strangers"); strangers > 0)
    return fmt::format(
        "holds UUIDs that are not of version 7 ({} of {} that were looked at) and have no time in "
        "them; name another column",
        strangers, number(row, "seen"));
  const auto lowest = maybe<std::int64_t>(row, "lowest");
  const auto highest = maybe<std::int64_t>(row, "highest");
  if (!lowest || !highest) return "";
  return unit_problem(unit, {.lowest = *lowest, .highest = *highest});
}

}  // namespace

void prove_units(Transaction& transaction, const Policy& policy, const TableFacts& table,
                 const std::vector<RelationRow>& relations, const std::string& field) {
  std::int64_t blocks = 0;
  for (const RelationRow& relation : relations) blocks += relation.blocks;
  for (const std::string& name : policy.timestamp) {
    const ColumnFacts& column = table.columns.at(name);
    const auto unit = unit_of(column.time);
    if (!unit) continue;
    const BuiltStatement built = look_at_values(table, column, blocks);
    const auto row = transaction.exec_built(built.sql, built.params).at(0);
    const std::string problem = problem_of(row, *unit);
    if (!problem.empty())
      throw UserError(ExitCode::bad_config, fmt::format("{}.timestamp: column '{}' of {} {}", field,
                                                        name, table.name, problem));
  }
}

}  // namespace lethe::db
