#pragma once

#include <chrono>
#include <mutex>
#include <stop_token>

#include "common/clock.hpp"

namespace lethe::test {

/// A clock that stands until it is moved. Waiting moves it and returns at once. Safe to share.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  [[nodiscard]] std::chrono::milliseconds unix_time() const override {
    return std::chrono::milliseconds(1'760'000'000'000);
  }
  bool wait_for(std::chrono::milliseconds duration, const std::stop_token& stop) override {
    advance(duration);
    return !stop.stop_requested();
  }
  void advance(std::chrono::milliseconds duration) {
    const std::lock_guard lock(mutex_);
    now_ += duration;
  }

 private:
  mutable std::mutex mutex_;
  time_point now_{std::chrono::hours(1'000)};
};

}  // namespace lethe::test
