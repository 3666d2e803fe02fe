#pragma once

// Private to common/db. Pure: the statements that delete, or by the policy's action change, and
// that look for what is left.

#include <cstdint>
#include <string>

#include "common/db/target/predicate.hpp"

namespace lethe::db {

/// A statement with its values.
struct BuiltStatement {
  std::string sql;
  Params params;
};

/// Physical blocks [from, to) of a relation.
struct BlockRange {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

/// The part [from, to) of a timestamp column; text of its type, "" is an open end.
struct KeyRange {
  std::size_t phase = 0;  ///< which of the policy's timestamp columns
  std::string from;
  std::string to;
};

/// Deletes or changes the eligible rows of a block range in one pass, each page visited once. Waits
/// for row locks up to lock_timeout. Returns rows, oldest, newest.
///
/// A row that another transaction renews while the statement waits is judged anew by the whole
/// predicate, and stays. `relation` is quoted by the server.
[[nodiscard]] BuiltStatement sweep_delete(const std::string& relation, const Predicate& predicate,
                                          const BlockRange& blocks);

/// The same for a range in which a row was locked: leaves locked rows to a later pass. Slower.
[[nodiscard]] BuiltStatement sweep_delete_skip_locked(const std::string& relation,
                                                      const Predicate& predicate,
                                                      const BlockRange& blocks);

/// Deletes or changes up to `rows_max` eligible rows of a key range, oldest first, from `cursor` on
/// ("" is the beginning of the range), leaving locked rows to a later pass. Without the cursor each
/// batch would walk the index entries of all rows deleted before. Returns picked, rows, oldest,
/// newest, cursor.
[[nodiscard]] BuiltStatement index_delete(const std::string& relation, const Predicate& predicate,
                                          const KeyRange& range, const std::string& cursor,
                                          std::int64_t rows_max);

/// Whether a block range still has an eligible row. Returns found.
[[nodiscard]] BuiltStatement find_in_blocks(const std::string& relation, const Predicate& predicate,
                                            const BlockRange& blocks);

/// Whether the relation has an eligible row at all: in one scan that the server may share out to
/// several processes, which a scan of blocks cannot be. Returns found.
[[nodiscard]] BuiltStatement find_anywhere(const std::string& relation, const Predicate& predicate);

/// Whether the relation still has a row that is eligible by timestamp column `phase`, by the index
/// that leads to it. Returns found.
[[nodiscard]] BuiltStatement find_by_index(const std::string& relation, const Predicate& predicate,
                                           std::size_t phase);

/// All eligible rows of the relation, for EXPLAIN's estimate of their number.
[[nodiscard]] BuiltStatement select_eligible(const std::string& relation,
                                             const Predicate& predicate);

/// The same for the rows that are eligible by timestamp column `phase`.
[[nodiscard]] BuiltStatement select_eligible_by(const std::string& relation,
                                                const Predicate& predicate, std::size_t phase);

/// The rows that are old enough, those included that the action has been done to already.
[[nodiscard]] BuiltStatement select_aged(const std::string& relation, const Predicate& predicate);

/// The oldest value of the first timestamp column among Predicate::in_front. Returns oldest, text
/// or NULL.
[[nodiscard]] BuiltStatement find_oldest(const std::string& relation, const Predicate& predicate,
                                         bool of_tenant);

}  // namespace lethe::db
