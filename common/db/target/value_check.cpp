#include "common/db/target/value_check.hpp"

#include <fmt/format.h>

#include "common/user_error.hpp"

namespace lethe::db {

pqxx::result read_values(Transaction& transaction, const BuiltStatement& built,
                         const std::string& field, const std::string& table) {
  try {
    return transaction.exec_built(built.sql, built.params);
  } catch (const pqxx::sql_error& error) {
    std::string what = error.what();
    what = what.substr(0, what.find('\n'));
    const bool no_operator = error.sqlstate() == "42883";
    throw UserError(ExitCode::bad_config,
                    fmt::format("{}: {} does not take it: {}; {}", field, table, what,
                                no_operator ? "a column of this type can only be compared with null"
                                            : "write a value of the column's type"));
  }
}

}  // namespace lethe::db
