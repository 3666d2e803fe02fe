#pragma once

#include <cstdint>

#include "scheduler/lead.hpp"

namespace lethe::scheduler {

/// Calls `step(max)`, which says how much it did, until it did less than `max`, but at most ten
/// times, so that one duty cannot keep the others waiting, and as long as it leads. The sum of what
/// was done.
template <class Step>
std::int32_t in_rounds(const Lead& lead, std::int32_t max, Step step) {
  constexpr int rounds_max = 10;
  std::int32_t sum = 0;
  for (int round = 0; round < rounds_max; ++round) {
    if (round > 0 && !lead.keep()) break;
    const std::int32_t done = step(max);
    sum += done;
    if (done < max) break;
  }
  return sum;
}

}  // namespace lethe::scheduler
