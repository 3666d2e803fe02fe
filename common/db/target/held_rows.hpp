#pragma once

// Private to common/db. Pure: which rows of a table holds keep, as SQL.

#include <cstdint>
#include <string>
#include <vector>

#include "common/db/params.hpp"
#include "common/db/target/table_facts.hpp"

namespace lethe::db {

/// One hold as a condition on the rows of one table. All names and operators are the server's own.
struct HeldBy {
  std::int64_t hold = 0;
  std::string parts;  ///< oid[] text: only rows of these relations; "" for all of the table
  struct Equal {
    std::string column;  ///< quoted
    std::string equals;  ///< OPERATOR(…)
    std::string type;
    std::string value;  ///< that the type can read
    friend bool operator==(const Equal&, const Equal&) = default;
  };
  std::vector<Equal> equals;  ///< every one must hold; none: every row
};

/// What holds keep of one table. Holds of the same shape (the same columns) become one comparison
/// with a list, which servers from 14 on hash, so that a thousand held tenants cost as much as one.
/// Written without a join or NOT EXISTS: when a row was changed while the statement waited for it,
/// the server judges it anew by expressions, but by what a join had found before.
class HeldRows {
 public:
  HeldRows() = default;
  explicit HeldRows(std::vector<HeldBy> holds) : holds_(std::move(holds)) {}

  [[nodiscard]] bool none() const { return holds_.empty(); }
  /// Some hold is on these rows or may be; `relation` is the table's or a part's.
  [[nodiscard]] bool may_cover(std::uint32_t relation) const;

  /// Condition over `alias`: a hold keeps the row. NULL means no.
  [[nodiscard]] std::string held(const std::string& alias, Params& params) const;
  /// The number of the first hold that keeps the row of `alias`; NULL when none does. Slower.
  [[nodiscard]] std::string number(const std::string& alias, Params& params) const;

 private:
  std::vector<HeldBy> holds_;
};

/// A child whose rows would go along with those that they point at, or be changed, and of which
/// holds keep some.
struct HeldDependent {
  ForeignKeyFacts key;
  HeldRows held;
  std::vector<HeldDependent> below;  ///< children of the child
};

/// Why rows of a policy's table stay whatever the policy says.
struct Held {
  HeldRows rows;
  std::vector<HeldDependent> dependents;  ///< a row that one of them needs stays with it

  [[nodiscard]] bool none() const { return rows.none() && dependents.empty(); }
  /// Condition over alias x: the row may go. Never NULL.
  [[nodiscard]] std::string free(Params& params) const;
  /// The number of a hold that keeps row x, itself or one of its dependents; NULL when none does.
  [[nodiscard]] std::string number(Params& params) const;
};

}  // namespace lethe::db
