#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "common/clock.hpp"

namespace lethe::scheduler {

/// Whether this scheduler leads, for threads that only look. What it says never outlives the term,
/// not even when the thread that leads hangs. Safe from any thread.
class LeaderStatus {
 public:
  /// It leads in `term`, and goes by it until `until` at most.
  void leads(std::int64_t term, Clock::time_point until) {
    const std::lock_guard lock(mutex_);
    term_ = term;
    until_ = until;
  }
  void leads_no_more() {
    const std::lock_guard lock(mutex_);
    term_.reset();
  }
  /// The term in which it leads at `now`; nothing when it does not.
  [[nodiscard]] std::optional<std::int64_t> term(Clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    return now < until_ ? term_ : std::nullopt;
  }

 private:
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::optional<std::int64_t> term_;
  Clock::time_point until_;
};

}  // namespace lethe::scheduler
