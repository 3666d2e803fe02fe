#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/supervision/loop_state.hpp"

namespace lethe {

class Supervision;

/// With what a loop says how it fares. The default one tells nobody. Cheap to copy; every call is
/// safe from any thread and takes less than a microsecond.
class LoopMark {
 public:
  LoopMark() = default;

  /// A turn ended and did what the loop is for.
  void succeeded() const;
  /// A turn ended, and there was nothing to succeed in.
  void turned() const;
  /// A turn ended in vain; `problem` is one line for people, without secrets.
  void failed(const std::string& problem) const;
  /// What it does now may take until `until`; then its limits begin to count. A time that is over
  /// changes nothing.
  void may_take_until(Clock::time_point until) const;
  /// Nothing is asked of it until resume(). A loop that rests already stays as it is.
  void rest() const;
  /// Something is asked of it again: the time at rest does not count, and what was late before is
  /// as late as it was.
  void resume() const;

 private:
  friend class Supervision;
  LoopMark(Supervision& supervision, LoopState& loop) : supervision_(&supervision), loop_(&loop) {}

  Supervision* supervision_ = nullptr;
  LoopState* loop_ = nullptr;
};

/// The loops of one process and whether it is fit: for people, probes and the service manager, who
/// ask from threads of their own, so that no loop's trouble keeps it from being seen. Safe from any
/// thread. A loop is never forgotten.
class Supervision {
 public:
  /// `clock` is borrowed and must outlive the object.
  explicit Supervision(const Clock& clock) : clock_(clock) {}
  Supervision(const Supervision&) = delete;
  Supervision& operator=(const Supervision&) = delete;

  /// A new loop, of which its duty is asked from now on. The mark must not outlive this object.
  [[nodiscard]] LoopMark add(const std::string& name, const LoopLimits& limits);

  /// It may be asked to work from now on, unless it is stopping.
  void serve() {
    Phase starting = Phase::starting;
    phase_.compare_exchange_strong(starting, Phase::serving);
  }
  /// It ends once what is in hand is finished.
  void stop() { phase_ = Phase::stopping; }

  struct Report {
    Phase phase = Phase::starting;
    Clock::time_point at;          ///< when it was made
    std::vector<LoopState> loops;  ///< in the order in which they were added
    /// No loop is stuck. What does not depend on others, so that a restart may help.
    [[nodiscard]] bool is_live() const;
    /// Serving, and every loop does what it is for.
    [[nodiscard]] bool is_ready() const;
  };
  [[nodiscard]] Report report() const;

 private:
  friend class LoopMark;

  const Clock& clock_;
  std::atomic<Phase> phase_{Phase::starting};

  mutable std::mutex mutex_;
  std::deque<LoopState> loops_;  // guarded by mutex_; a deque, for marks point into it
};

}  // namespace lethe
