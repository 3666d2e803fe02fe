#pragma once

// Private to common/db: partitions that were detached and are kept aside for a while.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/control/target_database.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// A leaf partition. `name` and `parent` are qualified and quoted, the rest exact.
struct Leaf {
  std::uint32_t oid = 0;
  std::string name;
  std::string schema;
  std::string table;
  std::string table_quoted;
  std::uint32_t parent_oid = 0;
  std::string parent;
  std::string parent_schema;
  std::string parent_table;
  std::string bounds;  ///< FOR VALUES …, as the server prints it
  std::int64_t blocks = 0;
  std::int64_t bytes = 0;  ///< with indexes and TOAST
};

/// Why a leaf goes to quarantine, and for how long.
struct QuarantineEntry {
  std::string policy;
  std::string run;
  std::string task;
  std::int64_t rows = 0;
  bool estimated = false;
  std::int64_t seconds = 0;        ///< until it may be purged
  std::string tenant_column = {};  ///< of the policy; "": it names none
};

/// Moves a leaf that is detached in this transaction to the schema lethe_quarantine, under names
/// that nothing else there has, and records it.
void quarantine_leaf(Transaction& transaction, const Leaf& leaf, const QuarantineEntry& entry);

/// The newest first, at most 1,000; `all`: also what was purged or restored; `id`: only that one.
[[nodiscard]] std::vector<QuarantinedTable> list_quarantine(Transaction& transaction, bool all,
                                                            std::optional<std::int64_t> id = {});

/// The next one after `id` whose time is over, of one policy or of any; nothing when there is none.
[[nodiscard]] std::optional<std::int64_t> next_due(Transaction& transaction,
                                                   const std::optional<std::string>& policy,
                                                   std::int64_t id);

/// Drops one for good. False when somebody else ended its quarantine already, or took the table
/// away. Throws UserError (refused) when it was attached to a table by hand, and while a hold keeps
/// a row of it. The caller has the gate's shared locks.
bool purge_quarantined(Transaction& transaction, std::int64_t id, const std::string& by);

/// Attaches one to its table again, under its old name and bounds. Throws UserError (refused) when
/// it is not in quarantine any more.
void restore_quarantined(Transaction& transaction, std::int64_t id, const std::string& by);

}  // namespace lethe::db
