#pragma once

#include <chrono>
#include <cstdint>

#include "common/tasks/task.hpp"

namespace lethe::worker {

/// Bounds of a batch: blocks for sweep, visited rows for key, rows for index and call, the
/// one partition.
struct BatchLimits {
  std::int64_t first = 0;  ///< while nothing is known of the table
  std::int64_t min = 0;
  std::int64_t max = 0;
};

[[nodiscard]] BatchLimits batch_limits(Strategy strategy) noexcept;

/// The size to use for a task that says `stored` (0: nothing known yet), within the bounds; a
/// smaller one, down to isolated_at(), is one that looks for a poisoned row.
[[nodiscard]] std::int64_t batch_size_now(Strategy strategy, std::int64_t stored) noexcept;

/// The next size after a batch of `size` committed in `took`. At most doubles, and only when
/// the batch was clearly faster than `target`; shrinks in proportion when it was clearly slower.
/// Always within the bounds. Pure.
[[nodiscard]] std::int64_t batch_size_after(Strategy strategy, std::int64_t size,
                                            std::chrono::milliseconds took,
                                            std::chrono::milliseconds target) noexcept;

/// The next size after a timeout or lock trouble: half, but not below the smallest. Pure.
[[nodiscard]] std::int64_t halved(Strategy strategy, std::int64_t size) noexcept;

/// The next size after a batch that one of its rows made fail: half, but not below isolated_at(),
/// which is less than any other batch. Pure.
[[nodiscard]] std::int64_t bisected(Strategy strategy, std::int64_t size) noexcept;

}  // namespace lethe::worker
