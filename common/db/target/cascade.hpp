#pragma once

// Private to common/db. The children that a policy lets go along with the rows that it deletes.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/db/target/batch_delete.hpp"
#include "common/db/target/held_rows.hpp"
#include "common/db/target/table_facts.hpp"
#include "common/db/transact.hpp"
#include "common/policies/policy.hpp"

namespace lethe::db {

/// What becomes of the rows of one child, reached by one path of foreign keys.
struct CascadeStep {
  ForeignKeyFacts key;
  bool changes = false;  ///< the server changes them (SET NULL, SET DEFAULT): they are only counted
  std::string which;     ///< condition over alias c: the row points at one that goes
  HeldRows held{};       ///< what holds keep of it
};

/// What happens to children, and which of them holds keep.
struct CascadePlan {
  std::vector<CascadeStep> steps;
  std::vector<HeldDependent> held;
};

/// What the rows are that children belong to. Borrowed.
struct CascadeQuestion {
  const TableFacts& table;
  const Policy& policy;
  const std::string& rows;  ///< those that go, as a FROM item
  bool has_holds = false;   ///< some hold is in force
};

/// Marks the keys that point at a table whose child the policy lists under cascade.
void mark_declared(TableFacts& table, const Policy& policy);

/// The rows of `relation` (quoted; the table or a leaf of it) that cascade() is told of, as a FROM
/// item.
[[nodiscard]] std::string picked_rows(const std::string& relation);

/// What to do before rows of a table are deleted, children of children first.
/// Empty when the policy lists no child. Throws UserError (bad_config) "FIELD.cascade: …" for a
/// child that may not go along: one below it is not listed, keys form a ring, somebody else's code
/// would run, rights are missing; and for a listed table that no key leads to. UserError (refused)
/// as look_up_held_rows().
[[nodiscard]] CascadePlan plan_cascade(Transaction& transaction, const CascadeQuestion& question,
                                       const std::string& field);

/// What holds keep of a policy's table, children that would go along included. `has_holds`: some
/// hold is in force; otherwise nobody is asked. Throws UserError as plan_cascade().
[[nodiscard]] Held look_up_held(Transaction& transaction, bool has_holds, const Policy& policy,
                                const TableFacts& table);

/// Rows by child.
struct Cascaded {
  std::map<std::string, std::int64_t> deleted;
  std::map<std::string, std::int64_t> changed;
};

/// Carries the steps out for the parents `tids` of picked_rows, which are locked, and adds up what
/// they did. A child that came to be held meanwhile stays, and its parent is not free any more.
void cascade(Transaction& transaction, const std::vector<CascadeStep>& steps,
             const std::vector<std::string>& tids, Cascaded& done);

/// Counts what the steps, one or more, would do. `ctes`, without the word WITH, is what the rows
/// are made of that they were planned for. A row that two paths lead to counts once.
[[nodiscard]] Cascaded count_children(Transaction& transaction,
                                      const std::vector<CascadeStep>& steps,
                                      const BuiltStatement& ctes);

/// For the ledger; nothing when no row was touched.
[[nodiscard]] std::optional<std::string> to_json(const Cascaded& done);

}  // namespace lethe::db
