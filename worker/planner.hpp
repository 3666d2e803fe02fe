#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/policies/policy.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::worker {

/// Smallest part of a table that becomes a task of its own, in blocks (16 MiB): about a tenth of a
/// second of work, so that leasing and settling are a small part of it.
inline constexpr std::int64_t range_blocks_min = 2'048;

/// Expired rows, by estimate, for which a part of an index becomes a task of its own: a few seconds
/// of batches. With less, leasing and settling would be a large part of the work.
inline constexpr std::int64_t range_rows_min = 20'000;

/// Tasks that one plan makes, unless the table has more partitions than this.
inline constexpr std::int64_t plan_tasks_max = 64;

/// A part of the work, and how large its first batch is: blocks (sweep) or rows (index). As large
/// as the statistics allow for the time that a batch should take, because growing towards it would
/// cost a commit at each step; small where triggers make rows expensive.
struct PlannedWork : CleanWork {
  std::int64_t first_batch = 0;  ///< 0: nothing is known
};

/// How a run will work.
struct Plan {
  std::string strategy;                        ///< "sweep", "index", "mixed"; "none": no work
  std::optional<std::int64_t> estimated_rows;  ///< expired rows; nothing: a table has no estimate
  std::vector<PlannedWork> work;
};

/// Chooses the strategy and splits the work: the plan, or why there is none and what to do, in one
/// line.
///
/// Every relation that has a block is visited completely, whatever statistics say of it, for they
/// may be old: by the strategy that is the cheapest by choose_strategy(). Statistics decide into
/// how many tasks and where an index is split; every block, and every value of an index, is in one
/// range.
/// Pure. Source: docs/ARCHITECTURE.md, "Strategies".
[[nodiscard]] std::variant<Plan, std::string> make_plan(const PlanFacts& facts,
                                                        const Policy& policy);

}  // namespace lethe::worker
