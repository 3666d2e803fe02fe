#include "worker/pacing.hpp"

#include <algorithm>

#include "common/tasks/task_runner.hpp"

namespace lethe::worker {

namespace {

// Inside this band around the target a size is kept, so that noise does not move it.
constexpr double fast_below = 0.7;
constexpr double slow_above = 1.3;
constexpr double growth_max = 2;

std::int64_t within(Strategy strategy, std::int64_t size) {
  const BatchLimits limits = batch_limits(strategy);
  return std::clamp(size, limits.min, limits.max);
}

}  // namespace

BatchLimits batch_limits(Strategy strategy) noexcept {
  switch (strategy) {
    case Strategy::sweep: return {.first = 256, .min = 16, .max = 65'536};
    case Strategy::key: return {.first = 10'000, .min = 500, .max = 1'000'000};
    case Strategy::partition: return {.first = 1, .min = 1, .max = 1};
    case Strategy::index:
    case Strategy::call: break;
  }
  return {.first = 1'000, .min = 100, .max = 50'000};
}

std::int64_t batch_size_now(Strategy strategy, std::int64_t stored) noexcept {
  const BatchLimits limits = batch_limits(strategy);
  return stored > 0 ? std::clamp(stored, isolated_at(strategy), limits.max) : limits.first;
}

std::int64_t batch_size_after(Strategy strategy, std::int64_t size, std::chrono::milliseconds took,
                              std::chrono::milliseconds target) noexcept {
  const std::int64_t used = batch_size_now(strategy, size);
  const double wanted = std::max(1.0, static_cast<double>(target.count()));
  const double load = std::max(1.0, static_cast<double>(took.count())) / wanted;
  double factor = 1;
  if (load < fast_below) factor = std::min(growth_max, 1 / load);
  if (load > slow_above) factor = 1 / load;
  return within(strategy, static_cast<std::int64_t>(static_cast<double>(used) * factor));
}

std::int64_t halved(Strategy strategy, std::int64_t size) noexcept {
  return within(strategy, batch_size_now(strategy, size) / 2);
}

std::int64_t bisected(Strategy strategy, std::int64_t size) noexcept {
  return std::max(isolated_at(strategy), size / 2);
}

}  // namespace lethe::worker
