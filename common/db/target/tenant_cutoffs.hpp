#pragma once

// Private to common/db. Pure: the statements around keep_min and tenants' own cutoffs.

#include <string>

#include "common/db/target/batch_delete.hpp"

namespace lethe::db {

/// True when some tenant of the policy may have a cutoff of its own.
[[nodiscard]] bool has_own_cutoffs(const Policy& policy);

/// Lets the server read every tenant that the policy names by the type of the tenant column.
/// Returns given and tenants; fewer tenants than given means that two overrides are for the same
/// one.
[[nodiscard]] BuiltStatement count_tenants(const Policy& policy, const TableFacts& table);

/// The CTEs `overrides`, `ages`, `short`, `boundaries` and `exceptions(tenant, retain, not_after,
/// enabled)`, without the word WITH: one row for each tenant whose cutoff is not the policy's own.
///
/// keep_min works by a boundary, the time of the N-th newest row, and never by counting and then
/// deleting: rows that arrive meanwhile only make it safer. One grouped pass finds the tenants with
/// fewer than N rows younger than their cutoff; only their rows are ranked. A tenant with fewer
/// than N rows in all has no boundary, and then nothing of it goes. Only rows that match `where`
/// count.
[[nodiscard]] std::string exceptions_ctes(const Policy& policy, const TableFacts& table,
                                          const std::string& as_of, Params& params);

/// Stores the exceptions of a run in lethe.cutoffs; affects one row per tenant.
[[nodiscard]] BuiltStatement store_cutoffs(const Policy& policy, const TableFacts& table,
                                           const std::string& run, const std::string& as_of);

/// The table-wide keep_min boundary: the time of the N-th newest row that matches `where`, or
/// '-infinity' when there are fewer. Returns boundary. For policies with keep_min > 0.
[[nodiscard]] BuiltStatement table_boundary(const Policy& policy, const TableFacts& table);

/// The CTE judged(tenant, ts, verdict, relation, tid) of census, all rows of the table, with what
/// it is made of, without the word WITH.
[[nodiscard]] std::string judged_ctes(const Policy& policy, const TableFacts& table,
                                      const std::string& as_of, const std::string& boundary,
                                      Params& params);

/// Counts what a run made now would delete and why the rest stays: one row per verdict and tenant
/// group. Returns verdict, tenant (NULL: the sum), rows, oldest, newest. The verdict "referenced N"
/// means that number N of the table's foreign keys is the first that needs the row.
[[nodiscard]] BuiltStatement census(const Policy& policy, const TableFacts& table,
                                    const std::string& as_of, const std::string& boundary);

/// The rows that census calls eligible, as a FROM item, beside the CTEs of eligible_ctes.
[[nodiscard]] std::string eligible_rows(const TableFacts& table);
[[nodiscard]] BuiltStatement eligible_ctes(const Policy& policy, const TableFacts& table,
                                           const std::string& as_of, const std::string& boundary);

}  // namespace lethe::db
