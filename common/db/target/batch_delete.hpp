#pragma once

// Private to common/db. Pure: the statements that delete, or by the policy's action change, and
// that look for what is left.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/db/target/predicate.hpp"
#include "common/db/target/row_copies.hpp"

namespace lethe::db {

/// A statement with its values.
struct BuiltStatement {
  std::string sql;
  Params params;
};

/// The first server that scans ranges of row addresses.
inline constexpr std::int32_t tid_ranges_since = 140'000;

/// Physical blocks [from, to) of a relation.
struct BlockRange {
  std::int64_t from = 0;
  std::int64_t to = 0;
  /// Every address that a row of these blocks can have is named, for a server that would read the
  /// whole relation for a range. Takes about five times as long as a range where there are some.
  bool listed = false;
};

/// A place in the order of a key: values of its first columns, or of all, as text of their types.
/// Empty is an open end.
using KeyPoint = std::vector<std::string>;

/// The rows of a relation that come after one place in the order of a unique key, up to another;
/// those that agree with `to` in its columns are in it, those that agree with `after` are not.
struct UniqueKeyRange {
  std::vector<ColumnFacts> key;
  KeyPoint after;
  KeyPoint to;
};

/// What one batch of a sweep visits.
using SweptRange = std::variant<BlockRange, UniqueKeyRange>;

/// The same with what the fence is to remember after it.
struct SweptPart {
  SweptRange range;
  std::string cursor;
  bool finished = false;  ///< nothing of the task follows
};

/// The part [from, to) of a timestamp column; text of its type, "" is an open end.
struct KeyRange {
  std::size_t phase = 0;  ///< which of the policy's timestamp columns
  std::string from;
  std::string to;
};

/// Deletes or changes the eligible rows of a range in one pass, each page or row visited once.
/// Waits for row locks up to lock_timeout. Returns rows, oldest, newest.
/// `copies`, of this and of the statements below: made of the rows in the same statement, which
/// then returns RowCopies::answer() too; nullptr: none.
///
/// A row that another transaction renews while the statement waits is judged anew by the whole
/// predicate, and stays. `relation` is quoted by the server.
[[nodiscard]] BuiltStatement sweep_delete(const std::string& relation, const Predicate& predicate,
                                          const SweptRange& range,
                                          const RowCopies* copies = nullptr);

/// The same for a predicate that judges_by_row(), in half the time: RETURNING would fetch each row
/// once more. The statement's own count is that of the rows; what they are the first and the last
/// of is found by the same snapshot, and left for ledger/found.sql. With no eligible row it ends
/// after looking for one. Copies nothing.
[[nodiscard]] BuiltStatement sweep_delete_found(const std::string& relation,
                                                const Predicate& predicate,
                                                const BlockRange& blocks);

/// The same for a range in which a row was locked: leaves locked rows to a later pass. Slower.
[[nodiscard]] BuiltStatement sweep_delete_skip_locked(const std::string& relation,
                                                      const Predicate& predicate,
                                                      const SweptRange& range,
                                                      const RowCopies* copies = nullptr);

/// The tenants whose rows of a range may go, as a query for `params`' statement: value (of the
/// tenant column's type) and tenant (as tenant_sql writes it), each tenant once.
[[nodiscard]] std::string tenants_taken(const std::string& relation, const Predicate& predicate,
                                        const SweptRange& range, const ColumnFacts& tenant,
                                        Params& params);

/// The row that is number `rows` (from 1) of a range in the order of its key, whether it may go or
/// not. Returns one row with the key's columns as text, or none.
[[nodiscard]] BuiltStatement last_by_key(const std::string& relation, const UniqueKeyRange& range,
                                         std::int64_t rows);

/// The rows of one batch by index.
struct IndexPick {
  KeyRange range;
  /// Where the batch before ended, "" at the beginning of the range: without it each batch would
  /// walk the index entries of all rows deleted before.
  std::string cursor;
  std::int64_t rows_max = 0;
  /// Leaves locked rows to a later pass instead of waiting for them up to lock_timeout. Slower:
  /// each row is written once more, to lock it.
  bool skip_locked = false;
};

/// Deletes or changes up to `rows_max` eligible rows of a key range, oldest first. Returns picked,
/// rows, oldest, newest, cursor.
[[nodiscard]] BuiltStatement index_delete(const std::string& relation, const Predicate& predicate,
                                          const IndexPick& pick, const RowCopies* copies = nullptr);

/// What to return of picked rows, and whether to lock them.
struct RowPick {
  std::string key;      ///< expression over alias x that shows which row it is
  bool locked = false;  ///< for this transaction, leaving rows that others locked to a later pass
};

/// The eligible rows of a sweep's range, oldest first. Returns tid, row_xmin, key, cursor ("").
[[nodiscard]] BuiltStatement pick_swept(const std::string& relation, const Predicate& predicate,
                                        const SweptRange& range, const RowPick& pick);

/// The same for the `rows_max` oldest rows of a part of a timestamp column; `cursor` is the row's
/// time, text of the column's type.
[[nodiscard]] BuiltStatement pick_in_keys(const std::string& relation, const Predicate& predicate,
                                          const KeyRange& range, const RowPick& pick,
                                          std::int64_t rows_max);

/// Locks one row by its ctid if it is eligible still. Returns one row, or none.
[[nodiscard]] BuiltStatement lock_one(const std::string& relation, const Predicate& predicate,
                                      const std::string& tid);

/// Deletes or changes rows by their ctids if they are eligible still. Returns rows, oldest, newest.
[[nodiscard]] BuiltStatement delete_picked(const std::string& relation, const Predicate& predicate,
                                           const std::vector<std::string>& tids,
                                           const RowCopies* copies = nullptr);

/// Whether a block range still has an eligible row. Returns found.
[[nodiscard]] BuiltStatement find_in_blocks(const std::string& relation, const Predicate& predicate,
                                            const BlockRange& blocks);

/// The last block of a range in which this transaction sees a row. Returns block, or NULL. Not for
/// listed blocks: such a server cannot tell.
[[nodiscard]] BuiltStatement last_block_with_row(const std::string& relation,
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
