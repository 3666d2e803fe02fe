#pragma once

// Private to common/db. Pure: the statements around keep_min and tenants' own cutoffs.

#include <string>

#include "common/db/target/batch_delete.hpp"
#include "common/tasks/task.hpp"

namespace lethe::db {

[[nodiscard]] OverrideColumns override_columns(const Policy& policy);

/// Which tenants have a cutoff of their own, and which it is. Everything is borrowed; overrides
/// that the policy itself may hold are not looked at.
struct OwnCutoffs {
  const Policy& policy;
  const OverrideColumns& overrides;
  const TableFacts& table;
  const Held* held = nullptr;  ///< for a census: what holds keep; null: nothing

  /// True when some tenant may have one.
  [[nodiscard]] bool possible() const;

  /// Lets the server read every tenant that the policy names by the type of the tenant column.
  /// Returns given and tenants; fewer tenants than given means that two overrides are for the same
  /// one. For policies with `tenant`.
  [[nodiscard]] BuiltStatement count_tenants() const;

  /// The CTEs `overrides`, `ages`, `short`, `boundaries` and `exceptions(tenant, retain, not_after,
  /// enabled)`, without the word WITH: one row for each tenant whose cutoff is not the policy's.
  ///
  /// keep_min works by a boundary, the time of the N-th newest row, and never by counting and then
  /// deleting: rows that arrive meanwhile only make it safer. One grouped pass finds the tenants
  /// with fewer than N rows younger than their cutoff; only their rows are ranked. A tenant with
  /// fewer than N rows in all has no boundary, and then nothing of it goes. Only rows that match
  /// `where` count.
  [[nodiscard]] std::string exceptions_ctes(const std::string& as_of, Params& params) const;

  /// Stores the cutoffs of a run in lethe.cutoffs. What an earlier plan of the run has stored stays
  /// in force where it keeps more. Affects no row when no tenant has one.
  [[nodiscard]] BuiltStatement store(const std::string& run, const std::string& as_of) const;

  /// The statement that returns newest: by each tenant of the query `tenants` (tenants_taken) the
  /// time of its keep_min-th newest row, as jsonb: 'infinity' for one that keeps none, null for one
  /// that has fewer rows. One probe per tenant, by an index on (tenant, timestamp) if there is one.
  [[nodiscard]] std::string newest_of(const std::string& tenants, Params& params) const;

 private:
  [[nodiscard]] bool any_keep_min() const;
  [[nodiscard]] std::string overrides_from(Params& params) const;
  [[nodiscard]] std::string keep_min_ctes(const std::string& as_of, const std::string& retain,
                                          Params& params) const;
};

/// The table-wide keep_min boundary: the time of the N-th newest row that matches `where`, or
/// '-infinity' when there are fewer. Returns boundary. For policies with keep_min > 0.
[[nodiscard]] BuiltStatement table_boundary(const Policy& policy, const TableFacts& table);

/// The CTE judged(tenant, ts, verdict, relation, tid, key) of census, all rows of the table, with
/// what it is made of, without the word WITH. `key` is an expression over alias x. Where the role
/// may read single columns alone, relation and tid are NULL.
[[nodiscard]] std::string judged_ctes(const OwnCutoffs& own, const std::string& as_of,
                                      const std::string& boundary, Params& params,
                                      const std::string& key = "NULL::text");

/// Counts what a run made now would delete and why the rest stays: one row per verdict and tenant
/// group. Returns verdict, tenant (NULL: the sum), rows, oldest, newest. The verdict "referenced N"
/// means that number N of the table's foreign keys is the first that needs the row, "held N" that
/// hold N keeps it, or a child of it that would go along.
[[nodiscard]] BuiltStatement census(const OwnCutoffs& own, const std::string& as_of,
                                    const std::string& boundary);

/// Some rows that census calls eligible, the oldest first; `key` is an expression over alias x.
/// Returns key.
[[nodiscard]] BuiltStatement eligible_samples(const OwnCutoffs& own, const std::string& as_of,
                                              const std::string& boundary, const std::string& key,
                                              std::int64_t rows_max);

/// The rows that census calls eligible, as a FROM item, beside the CTEs of eligible_ctes.
[[nodiscard]] std::string eligible_rows(const TableFacts& table);
[[nodiscard]] BuiltStatement eligible_ctes(const OwnCutoffs& own, const std::string& as_of,
                                           const std::string& boundary);

}  // namespace lethe::db
