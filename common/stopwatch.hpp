#pragma once

#include <chrono>

namespace lethe {

/// Measures how long something took, by the monotonic clock. A measurement and never a decision
/// about time, so it needs no injected Clock.
class Stopwatch {
 public:
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start_);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace lethe
