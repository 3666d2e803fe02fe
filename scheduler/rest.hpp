#pragma once

#include "common/clock.hpp"

namespace lethe::scheduler {

/// Keeps a look that may take long to a fiftieth of the time. While an old snapshot is open, some
/// looks read all that happened since. Thread safety: none.
class Rest {
 public:
  /// `clock` is borrowed.
  explicit Rest(const Clock& clock) : clock_(clock) {}

  [[nodiscard]] bool is_over() const { return clock_.now() >= until_; }

  /// Runs `look` and rests fifty times as long as it took. Errors: those of `look`.
  template <class Look>
  void after(Look look) {
    constexpr int rests_per_look = 50;
    const auto begin = clock_.now();
    look();
    const auto end = clock_.now();
    until_ = end + rests_per_look * (end - begin);
  }

 private:
  const Clock& clock_;
  Clock::time_point until_{};
};

}  // namespace lethe::scheduler
