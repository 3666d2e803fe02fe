#pragma once

#include <chrono>
#include <string>

#include "common/clock.hpp"

namespace lethe {

/// How late a loop may be.
struct LoopLimits {
  std::chrono::milliseconds success{60'000};  ///< without a success for so long: failing
  std::chrono::milliseconds turn{300'000};    ///< without the end of any turn for so long: stuck
};

/// What is known of one loop of this process.
struct LoopState {
  std::string name;  ///< snake_case; loops of one kind share it
  LoopLimits limits{};
  bool resting = false;  ///< nothing is asked of it, such as a duty of one that does not lead
  Clock::time_point rested_at{};  ///< since when, while it rests
  /// Of its last turn that did what it is for. Before the first: since when that is asked of it. In
  /// the future while it does something that may take until then.
  Clock::time_point success{};
  Clock::time_point turn{};  ///< end of its last turn, however it ended; likewise
  bool succeeded = false;    ///< at least once
  std::string problem{};     ///< why the last turn that did not succeed failed; "" after a success
};

enum class LoopVerdict {
  good,     ///< does what it is for
  fresh,    ///< began lately and had no success yet
  resting,  ///< nothing is asked of it
  failing,  ///< its turns end, and none succeeds: a cause outside of this process, as a rule
  stuck,    ///< its turn does not end: nothing but a new process helps, as a rule
};
[[nodiscard]] const char* to_string(LoopVerdict verdict) noexcept;

/// Whether a loop is late at `now`. Pure.
[[nodiscard]] LoopVerdict judge(const LoopState& loop, Clock::time_point now) noexcept;

/// How long ago its last success is; zero while it does something that may take until later.
[[nodiscard]] std::chrono::milliseconds success_age(const LoopState& loop,
                                                    Clock::time_point now) noexcept;

/// Whether this process may be asked to work.
enum class Phase {
  starting,  ///< waits for what it needs
  serving,
  stopping,  ///< finishes what is in hand
};
[[nodiscard]] const char* to_string(Phase phase) noexcept;

}  // namespace lethe
