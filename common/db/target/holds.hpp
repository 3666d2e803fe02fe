#pragma once

// Private to common/db: asks the target which of its holds keep rows of a table.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/db/target/held_rows.hpp"
#include "common/db/target/partitions.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// What is asked about holds.
struct HoldQuestion {
  std::uint32_t relation = 0;      ///< whose rows: a table or a part of one
  std::string tenant_column = {};  ///< of the policy that would delete, exact; "": it names none
  std::string parents = "{}";      ///< oid[]: what it was a part of, beside what it is
  std::string old_schemas = "{}";  ///< text[]: names that it and those had, with `old_tables`
  std::string old_tables = "{}";
};

/// The tenant column by which a policy's rows, and those of tables that go along, are told apart.
[[nodiscard]] std::string tenant_column_of(const Policy& policy);

/// For whoever passes no gate: whether any hold is in force. False where Lethe is not installed.
[[nodiscard]] bool has_holds(Transaction& transaction);

/// What holds in force keep of a table. Throws UserError (refused) for a hold that cannot be
/// applied any more, because its table lost a column or a column's type cannot read its value:
/// nobody can tell then which rows it keeps, and none may go.
[[nodiscard]] HeldRows look_up_held_rows(Transaction& transaction, const HoldQuestion& question);

/// A hold that keeps some row of `relation` (quoted), or nothing. Reads the whole relation where
/// none is kept.
[[nodiscard]] std::optional<std::int64_t> find_held(Transaction& transaction,
                                                    const std::string& relation,
                                                    const HeldRows& held);

/// Says of expired partitions of which holds keep rows that they cannot go as a whole. So many may
/// not be read that the table's users would notice: where there are more, it says so of the rest.
void keep_held_partitions(Transaction& transaction, const std::vector<RelationRow>& relations,
                          const HeldRows& held, PartitionMap& partitions);

/// Throws UserError (refused) while a hold is on a table that a function of the user's may delete
/// from: on the policy's own table or one that leads to it by a foreign key; on anything at all
/// when the policy names no table.
void refuse_held_call(Transaction& transaction, const Policy& policy, const std::string& function);

/// How a column's values are compared. All text is the server's own.
struct ComparedColumn {
  std::string name;  ///< exact
  std::string quoted;
  std::string type;
  std::string equals;  ///< "": they cannot be
};

/// Of these columns those that the relation has.
[[nodiscard]] std::vector<ComparedColumn> look_up_compared(Transaction& transaction,
                                                           std::uint32_t relation,
                                                           const std::vector<std::string>& names);

/// Those of the values that the type cannot read.
[[nodiscard]] std::set<std::string> find_unreadable(Transaction& transaction,
                                                    const std::string& type,
                                                    const std::vector<std::string>& values);

/// Why the type cannot read all of the values, in the server's words; nothing when it can.
[[nodiscard]] std::optional<std::string> reading_error(Transaction& transaction,
                                                       const std::string& type,
                                                       const std::vector<std::string>& values);

}  // namespace lethe::db
