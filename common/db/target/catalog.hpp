#pragma once

// Private to common/db.

#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/policies/policy.hpp"

namespace lethe::db {

struct BuiltStatement;

/// Looks a policy's table up and checks that Lethe can clean it: the table and its columns exist,
/// the timestamp columns are timestamps, nothing on it makes a DELETE (or, by the
/// policy's action, the UPDATE) mean something else. Throws
/// UserError (bad_config) "FIELD.key: what is wrong; what to do"; `field` is the policy's place.
/// Rows that foreign keys of other tables need are no hindrance: Predicate keeps them.
[[nodiscard]] TableFacts look_up_table(Transaction& transaction, const Policy& policy,
                                       const std::string& field);

/// The same without the last part, for somebody who only looks: a table on which a DELETE would
/// mean something else passes.
[[nodiscard]] TableFacts look_up_shape(Transaction& transaction, const Policy& policy,
                                       const std::string& field);

/// The columns that a policy reads, exact.
[[nodiscard]] std::vector<std::string> columns_of(const Policy& policy);

/// That last part. Throws UserError.
void refuse_hazards(Transaction& transaction, const Policy& policy, TableFacts& table,
                    const std::string& field);

/// The columns of a relation that was checked before and is locked now. A number or a UUID is a
/// time only by its entry in the policy's `units`.
[[nodiscard]] TableFacts look_up_columns(Transaction& transaction, std::uint32_t relation,
                                         const TimeUnits& units);

/// The relations that hold the table's rows, by oid. Throws UserError when one is a foreign table.
[[nodiscard]] std::vector<RelationRow> look_up_relations(Transaction& transaction,
                                                         const TableFacts& table,
                                                         const std::string& field);

/// Throws UserError when the policy lets children go along and this role may not lock the rows that
/// they belong to.
void require_locks(const std::vector<RelationRow>& relations, const Policy& policy,
                   const std::string& field);

/// A relation's name and fingerprint now. Both are empty when it is gone.
struct Identity {
  std::string name;
  std::string fingerprint;
  bool has_keys = false;  ///< a foreign key may point at it; looking them up takes milliseconds
};
[[nodiscard]] Identity look_up_identity(Transaction& transaction, std::uint32_t relation);

/// Whether an index leads to the expired rows of a timestamp column, and through which first key.
enum class IndexLead { none, by_time, by_tenant };

/// What there is for the policy's timestamp column number `phase`; `by_tenant`, the shorter way,
/// only when one tenant is asked for.
[[nodiscard]] IndexLead index_lead(Transaction& transaction, std::uint32_t relation,
                                   const Policy& policy, std::size_t phase);

/// How many rows the server's planner expects of a statement, which it does not run. It knows the
/// relation's size now, and the histograms of its columns.
[[nodiscard]] double estimate_rows(Transaction& transaction, const BuiltStatement& built);

}  // namespace lethe::db
