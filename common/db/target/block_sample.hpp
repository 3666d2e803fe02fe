#pragma once

// Private to common/db. Pure: statements that read a few blocks of a relation in place of all.

#include <cstdint>
#include <string>

#include "common/db/target/batch_delete.hpp"

namespace lethe::db {

/// Blocks that a sample reads, about: 512 KiB, so some milliseconds even from a slow disk.
inline constexpr std::int64_t sampled_blocks = 64;

/// The part of a relation of `blocks` blocks that a sample reads: above 0 to 1.
[[nodiscard]] double sampled_share(std::int64_t blocks);

/// " TABLESAMPLE ..." to stand behind a table and its alias. The server draws the blocks by `seed`:
/// the same one sees the same blocks as long as the relation keeps its size, so a plan and its
/// explanation agree.
[[nodiscard]] std::string sample_clause(std::int64_t blocks, std::uint32_t seed, Params& params);

/// Counts in a sample of one relation. Returns rows, expired, aged (old enough whether or not the
/// policy's action has been done to them) and, for each of the `phases` timestamp columns,
/// expired_0 and so on: the rows that are old by that column.
[[nodiscard]] BuiltStatement count_in_sample(const RelationRow& relation,
                                             const Predicate& predicate, std::size_t phases);

/// Counts in that part of a relation's blocks, above 0 to 1; 1: in all of them. Returns rows,
/// eligible.
[[nodiscard]] BuiltStatement count_in_part(const RelationRow& relation, const Predicate& predicate,
                                           double share);

/// Counts eligible rows, no more than `rows_max` and one. Returns rows.
[[nodiscard]] BuiltStatement count_up_to(const RelationRow& relation, const Predicate& predicate,
                                         std::int64_t rows_max);

}  // namespace lethe::db
