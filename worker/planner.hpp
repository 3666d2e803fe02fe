#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/policies/policy.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::worker {

/// Smallest part of a table that becomes a task of its own, in blocks (4 MiB): the first eight of a
/// table, so that a fleet has something to share even in a small one.
inline constexpr std::int64_t range_blocks_min = 512;

/// And from then on (16 MiB): about a tenth of a second of work, so that leasing and settling are a
/// small part of it.
inline constexpr std::int64_t range_blocks_usual = 2'048;

/// Expired rows, by estimate, for which a part of an index becomes a task of its own: the first
/// eight, a batch each, so that a fleet has something to share even of few rows.
inline constexpr std::int64_t range_rows_min = 5'000;

/// And from then on: a few seconds of batches. With less, leasing and settling would be a large
/// part of the work.
inline constexpr std::int64_t range_rows_usual = 20'000;

/// Rows, whether they are expired or not, for which a part of a key becomes a task of its own:
/// about as much work as range_blocks_min, and from the ninth on as range_blocks_usual.
inline constexpr std::int64_t range_visits_min = 20'000;
inline constexpr std::int64_t range_visits_usual = 75'000;

/// Tasks that one plan makes, unless the table has more partitions than this.
inline constexpr std::int64_t plan_tasks_max = 64;

/// A part of the work, and how large its first batch is: blocks (sweep), visited rows (key) or rows
/// (index). As large as the statistics allow for the time that a batch should take, because growing
/// towards it would cost a commit at each step; small where triggers make rows expensive.
struct PlannedWork : CleanWork {
  std::int64_t first_batch = 0;  ///< 0: nothing is known
};

/// How a run will work.
struct Plan {
  /// "sweep", "index", "key", "partition", "mixed", each followed by ", set" where rows are
  /// changed; "call"; "none": no work
  std::string strategy;
  std::optional<std::int64_t> estimated_rows;  ///< expired rows; nothing: a table has no estimate
  std::vector<PlannedWork> work;
  /// Partitions that were to go as a whole and go row by row: name, or "every partition", and why.
  std::vector<std::pair<std::string, std::string>> kept_whole;
};

/// Chooses the strategy and splits the work: the plan, or why there is none and what to do, in one
/// line.
///
/// Each relation goes as choose_strategy() says. A leaf partition goes as a whole where the policy
/// asks for it, no row in it can be young enough to stay, and nothing else holds it back. Every
/// other relation that has a block is visited completely, whatever estimates say of it, for they
/// may be old. A function is one task. Statistics decide into how many tasks and where an index is
/// split; every block, and every value of an index, is in one range.
/// Pure. Source: docs/ARCHITECTURE.md, "Strategies".
[[nodiscard]] std::variant<Plan, std::string> make_plan(const PlanFacts& facts,
                                                        const Policy& policy);

}  // namespace lethe::worker
