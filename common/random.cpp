#include "common/random.hpp"

namespace lethe {

SeededRandom::SeededRandom() {
  std::random_device device;
  engine_.seed((static_cast<std::uint64_t>(device()) << 32U) | device());
}

std::chrono::milliseconds jittered(std::chrono::milliseconds duration, Random& random) {
  const auto spread = static_cast<std::uint64_t>(duration.count()) * 2 / 5;  // 40 % wide
  if (spread == 0) return duration;
  const auto offset = static_cast<std::int64_t>(random.next() % (spread + 1));
  return duration - std::chrono::milliseconds(static_cast<std::int64_t>(spread) / 2 - offset);
}

}  // namespace lethe
