#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace lethe {

/// Random numbers, injected so that a test can choose them.
class Random {
 public:
  virtual ~Random() = default;
  /// A number with all 64 bits drawn evenly.
  virtual std::uint64_t next() = 0;
};

/// The production source, seeded by the operating system. One per thread.
class SeededRandom final : public Random {
 public:
  SeededRandom();
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

/// `duration` made longer or shorter by up to a fifth, so that many processes do not act in step.
[[nodiscard]] std::chrono::milliseconds jittered(std::chrono::milliseconds duration,
                                                 Random& random);

}  // namespace lethe
