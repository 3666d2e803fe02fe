#include "common/db/target/set_columns.hpp"

#include <fmt/format.h>

#include <vector>

#include "common/db/queries.gen.hpp"
#include "common/db/target/value_check.hpp"
#include "common/policies/action.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

[[noreturn]] void refuse(const std::string& field, const std::string& column,
                         const std::string& problem) {
  throw UserError(ExitCode::bad_config,
                  fmt::format("{}.action.set.{}: {}", field, column, problem));
}

/// What Lethe says about a column that cannot be given `value`; "" when it can.
std::string refusal(const pqxx::row& row, const std::optional<std::string>& value) {
  if (flag(row, "generated")) return "is a generated column; set the columns it is made of";
  if (flag(row, "identity"))
    return "is an identity column that is always generated; set another column";
  if (flag(row, "partition_key"))
    return "is part of the partition key, which says where a row is stored; set another column";
  if (const auto other = maybe<std::string>(row, "referenced_by"))
    return fmt::format("is referred to by a foreign key of {}; set another column", *other);
  if (!value && flag(row, "not_null")) return "is NOT NULL; write a value";
  if (value && flag(row, "geometric"))
    return "has a geometric type, whose = does not mean equality; set it to null";
  return "";
}

std::vector<std::string> names_of(const Action& action) {
  std::vector<std::string> names;
  for (const auto& [column, value] : action.values) names.push_back(column);
  return names;
}

std::string quoted_names(const Policy& policy, const TableFacts& table) {
  std::vector<std::string> names;
  for (const auto& [column, value] : policy.action.values)
    names.push_back(table.columns.at(column).quoted);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

void check_set_columns(Transaction& transaction, const Policy& policy, const TableFacts& table,
                       const std::string& field) {
  for (const auto& [column, value] : policy.action.values) {
    if (!table.columns.contains(column))
      refuse(field, column, fmt::format("{} has no such column", table.name));
    if (const std::string problem = set_problem(policy, column); !problem.empty())
      refuse(field, column, problem);
  }
  for (const auto& row :
       transaction.exec(queries::catalog_set_columns,
                        Params::of(table.oid, to_array(names_of(policy.action))))) {
    const std::string column = text(row, "name");
    if (const std::string problem = refusal(row, policy.action.values.at(column)); !problem.empty())
      refuse(field, column, problem);
    if (const auto closed = maybe<std::string>(row, "closed"))
      refuse(field, column,
             fmt::format("may not be updated by this role; run: GRANT SELECT, UPDATE ({}) ON {} TO "
                         "{}",
                         quoted_names(policy, table), *closed, table.role));
  }
}

void check_set_values(Transaction& transaction, const Policy& policy, const TableFacts& table,
                      const std::string& field) {
  for (const auto& [column, value] : policy.action.values) {
    if (!value) continue;
    const ColumnFacts& facts = table.columns.at(column);
    BuiltStatement built;
    const std::string plain = fmt::format("{}::{}", built.params.bind(*value), facts.type);
    const std::string stored = fmt::format("{}::{}", built.params.bind(*value), facts.stored_type);
    built.sql = fmt::format("SELECT {} IS DISTINCT FROM {} AS differs", plain, stored);
    const std::string place = fmt::format("{}.action.set.{}", field, column);
    // Cut or rounded when stored, it would never be what was asked for, and the run never at its
    // end.
    if (flag(read_values(transaction, built, place, table.name).at(0), "differs"))
      refuse(field, column,
             fmt::format("{} changes this value when it is stored; write it as it fits",
                         facts.stored_type));
  }
}

}  // namespace lethe::db
