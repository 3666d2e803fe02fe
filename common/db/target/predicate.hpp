#pragma once

// Private to common/db. Pure: builds SQL text and its parameters, asks nobody.

#include <optional>
#include <string>

#include "common/db/params.hpp"
#include "common/db/target/held_rows.hpp"
#include "common/db/target/table_facts.hpp"
#include "common/policies/policy.hpp"

namespace lethe::db {

/// One instant in the types that timestamp columns have, as text (gate/read.sql).
struct Limit {
  std::string timestamptz;
  std::string timestamp;
  std::string date;     ///< a row of this day is not older: a date stands for the end of its day
  std::int64_t us = 0;  ///< microseconds since 1970, from which numbers and UUIDs are made; >= 0
};

/// The cutoffs in force in one transaction.
struct Limits {
  std::string as_of;      ///< timestamptz text
  std::string own_shift;  ///< interval by which own cutoffs lie before those stored; "" for none
  Limit cutoff;           ///< of every tenant without one in lethe.cutoffs
  Limit floor;            ///< the oldest cutoff of any tenant
  Limit reach;            ///< the newest cutoff of any tenant
};

/// Builds the condition "this row may be deleted", or changed by the policy's action `set`, over
/// the alias `x`: then a row that has the new values already is none. Used for the pick, repeated
/// in the DELETE or UPDATE around it, and turned round by verification, so that all three agree.
/// Rows that a foreign key needs may not be deleted; one that comes to need a row in the same
/// instant is left to the server's own check.
class Predicate {
 public:
  /// Everything is borrowed and must outlive the predicate. `has_cutoffs`: lethe.cutoffs knows
  /// `run`.
  Predicate(const Policy& policy, const TableFacts& table, const Limits& limits, std::string run,
            bool has_cutoffs)
      : policy_(policy),
        table_(table),
        limits_(limits),
        run_(std::move(run)),
        has_cutoffs_(has_cutoffs) {}

  /// Leaves out the rows of the run that are set aside in lethe.parked.
  void leave_out_parked() { without_parked_ = true; }
  /// Leaves out the rows that holds keep. Borrowed.
  void leave_out_held(const Held& held) { held_ = held.none() ? nullptr : &held; }

  /// Rows that are old enough by any of the policy's timestamp columns.
  [[nodiscard]] std::string all_phases(Params& params) const;
  /// Rows that are old enough by timestamp column number `phase`, those before it being NULL.
  [[nodiscard]] std::string one_phase(std::size_t phase, Params& params) const;
  [[nodiscard]] const ColumnFacts& column(std::size_t phase) const {
    return table_.columns.at(policy_.timestamp.at(phase));
  }
  /// Text of the type of column `phase`: no row at or after it is old enough by that column.
  [[nodiscard]] std::string limit(std::size_t phase) const;
  /// Rows in front of limit() by the first timestamp column, of the one tenant that is asked for or
  /// of all, whether or not they may go: an index on just that is enough to find the oldest.
  [[nodiscard]] std::string in_front(bool of_tenant, Params& params) const;
  /// Rows that are old enough whether or not the action has been done to them already.
  [[nodiscard]] std::string aged(Params& params) const;
  /// The policy's action: true when rows are changed, false when they are deleted.
  [[nodiscard]] bool sets() const { return policy_.action.kind == Action::Kind::set; }
  /// The new values, for UPDATE … SET; action `set` only.
  [[nodiscard]] std::string assignments(Params& params) const;
  /// The row has the new values; action `set` only.
  [[nodiscard]] std::string done(Params& params) const;
  /// For each row another table is asked.
  [[nodiscard]] bool asks_others() const;
  /// Holds keep rows, perhaps many and old ones.
  [[nodiscard]] bool leaves_out_held() const { return held_ != nullptr; }
  /// The row alone decides: to judge it twice costs little.
  [[nodiscard]] bool judges_by_row() const;
  /// The row's time as timestamptz; NULL when it has none.
  [[nodiscard]] std::string instant() const;

 private:
  [[nodiscard]] std::string old_enough(std::size_t phase, Params& params) const;
  [[nodiscard]] std::string tenant_cutoff(TimeType type, Params& params) const;
  [[nodiscard]] std::string own_cutoff(Params& params) const;
  [[nodiscard]] std::string only_tenant(Params& params) const;
  [[nodiscard]] std::string shared_part(Params& params) const;

  const Policy& policy_;
  const TableFacts& table_;
  const Limits& limits_;
  std::string run_;
  bool has_cutoffs_;
  bool without_parked_ = false;
  const Held* held_ = nullptr;
};

/// The policy's `where` over alias `x`; "true" when there is none. NULLs make it not true, so such
/// rows stay.
[[nodiscard]] std::string condition_sql(const Condition& condition, const TableFacts& table,
                                        Params& params);

/// Some column of alias `x` does not have the value that the policy's action `set` gives it; "true"
/// for other actions. Never NULL.
[[nodiscard]] std::string undone_sql(const Policy& policy, const TableFacts& table, Params& params);

/// The row's time over alias `x`: the first timestamp column that is not NULL.
[[nodiscard]] std::string row_instant_sql(const Policy& policy, const TableFacts& table);

/// The tenant of alias `x` as text that compares byte by byte, as lethe.cutoffs stores it.
[[nodiscard]] std::string tenant_sql(const ColumnFacts& column);

/// The sorted array of lethe.cutoffs that tenants of this type stand in.
struct TenantKeys {
  const char* column = "";
  const char* type = "";
};

/// Nothing for a type without one, whose tenants stand in the jsonb.
[[nodiscard]] std::optional<TenantKeys> tenant_keys(const ColumnFacts& column);

/// Whether row x is the one tenant's that the policy was asked to clean (tenant->only), and not
/// one's whose name the column's collation takes for the same; NULL for a row without a tenant.
[[nodiscard]] std::string one_tenant_sql(const Policy& policy, const TableFacts& table,
                                         Params& params);

/// "Some row of the child points at row x": such a row x cannot be deleted. A key that is NULL in
/// any column points at nothing (MATCH SIMPLE).
[[nodiscard]] std::string referenced_sql(const ForeignKeyFacts& key);

}  // namespace lethe::db
