#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace lethe::bench {

using Json = nlohmann::ordered_json;

/// One cycle of a client: it took tasks and ended those that it had taken.
struct Sample {
  double at = 0;            ///< seconds since the start of the load, when the cycle was over
  float took_ms = 0;        ///< the cycle
  std::uint32_t tasks = 0;  ///< ended by it
};
using Samples = std::vector<Sample>;

/// The value that a share (0..1] of the values do not exceed: exact, by nearest rank. 0 when there
/// are none.
[[nodiscard]] double percentile(std::vector<float> values, double share);

/// {tasks_per_second, p50_ms, p99_ms, max_ms} of the samples in [from, to) seconds.
[[nodiscard]] Json summary(const Samples& samples, double from, double to);

/// The second at which a share (0..1) of all tasks had ended: where the warm-up is over. Samples
/// must be in the order of `at`.
[[nodiscard]] double second_of_share(const Samples& samples, double share);

}  // namespace lethe::bench
