#include "tests/bench/samples.hpp"

#include <algorithm>
#include <cmath>

namespace lethe::bench {

double percentile(std::vector<float> values, double share) {
  if (values.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(std::max(1.0, rank)) - 1;
  std::nth_element(values.begin(), nth, values.end());
  return static_cast<double>(*nth);
}

Json summary(const Samples& samples, double from, double to) {
  std::vector<float> cycles;
  std::uint64_t tasks = 0;
  for (const Sample& sample : samples) {
    if (sample.at < from || sample.at >= to) continue;
    cycles.push_back(sample.took_ms);
    tasks += sample.tasks;
  }
  return {{"tasks_per_second", to > from ? static_cast<double>(tasks) / (to - from) : 0},
          {"p50_ms", percentile(cycles, 0.5)},
          {"p99_ms", percentile(cycles, 0.99)},
          {"max_ms", percentile(cycles, 1)}};
}

double second_of_share(const Samples& samples, double share) {
  std::uint64_t all = 0;
  for (const Sample& sample : samples) all += sample.tasks;
  std::uint64_t sum = 0;
  for (const Sample& sample : samples) {
    sum += sample.tasks;
    if (static_cast<double>(sum) >= share * static_cast<double>(all)) return sample.at;
  }
  return 0;
}

}  // namespace lethe::bench
