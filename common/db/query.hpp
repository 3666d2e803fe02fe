#pragma once

#include <string_view>

namespace lethe::db {

/// One named SQL statement. The name is the .sql file's path (`items/lease.sql` is
/// `items_lease`) and is used everywhere: prepared statement, metric label, log field.
struct Query {
  std::string_view name;
  std::string_view sql;
};

}  // namespace lethe::db
