#pragma once

// Private to common/db: whether copies of a policy's rows have a place, and which.

#include <cstdint>
#include <string>
#include <vector>

#include "common/db/transact.hpp"
#include "common/policies/policy.hpp"

namespace lethe::db {

/// A table that takes copies of rows.
struct ArchiveTable {
  std::string name;                    ///< quoted
  std::string obstacle{};              ///< why it cannot take them, and the cure; "" when it can
  std::vector<std::string> columns{};  ///< those that a copy fills, quoted
  bool has_run = false;                ///< a column lethe_run text
  bool has_at = false;                 ///< a column lethe_at timestamptz
};

/// Looks the policy's archive table up, for rows of `relation`.
[[nodiscard]] ArchiveTable look_up_archive_table(Transaction& transaction, const Policy& policy,
                                                 std::uint32_t relation);

/// Throws UserError (bad_config) "FIELD.archive.table: …" unless the policy's archive, if it has
/// one, can take copies of rows of `relation`.
void check_archive(Transaction& transaction, const Policy& policy, std::uint32_t relation,
                   const std::string& field);

/// A column of a relation, as the copies in files have it.
struct FileColumn {
  std::string name;    ///< exact
  std::string quoted;  ///< by the server
  std::string type;    ///< with length or precision
};
[[nodiscard]] std::vector<FileColumn> look_up_file_columns(Transaction& transaction,
                                                           std::uint32_t relation);

}  // namespace lethe::db
