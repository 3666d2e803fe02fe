#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/tasks/task_queue.hpp"

namespace lethe {

/// How far a run is, read with its row locked.
struct RunProgress {
  std::string run;             ///< its id
  std::string state;           ///< queued, planned, cleaning, verifying, vacuuming
  std::int32_t passes = 0;     ///< finished rounds
  std::int64_t rows = 0;       ///< deleted so far
  std::int64_t pass_rows = 0;  ///< of them before this pass
  bool cancel_requested = false;
  bool late = false;  ///< its time is over
  bool has_live_tasks = false;
  std::int64_t cancelled_tasks = 0;
  std::string dead_reason;  ///< of the first dead task; "" when none died
  std::string refusal{};    ///< why a guard ended it; "" when none did
};

/// What a run does next.
struct RunStep {
  enum class Kind { wait, begin, verify, plan_again, vacuum, finish };
  Kind kind = Kind::wait;
  std::chrono::milliseconds delay{0};  ///< plan_again: so that locks can go away
  std::string state;                   ///< finish: satisfied, failed, cancelled, expired, refused
  std::string error;                   ///< finish: one line; "" when satisfied
  /// finish: why the vacuum that was asked for was not done, unless its task said so itself
  std::string no_vacuum{};
};

/// Rounds of cleaning and verification after which a run that is not clean has failed.
inline constexpr std::int32_t passes_max = 6;

/// The same where rows of a table point at each other, for as long as each pass deletes some: a
/// chain of N rows takes N passes.
inline constexpr std::int32_t chain_passes_max = 200;

/// Decides what a run does next. `verified` is the outcome of its verification when that has just
/// ended. A run is satisfied only by a verification that found nothing, not even parked rows; what
/// becomes of the vacuum after it changes nothing about that. Pure.
[[nodiscard]] RunStep next_run_step(const RunProgress& progress,
                                    const std::optional<VerifyOutcome>& verified);

}  // namespace lethe
