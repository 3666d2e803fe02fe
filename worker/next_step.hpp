#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/random.hpp"
#include "common/tasks/task_queue.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::worker {

/// What one step of a task came to.
using StepResult = std::variant<PlanOutcome, BatchDone, Verified, Vacuumed, TargetTrouble>;

/// What is known of the step besides its result.
struct StepFacts {
  LeasedTask task;
  std::optional<Strategy> strategy;  ///< clean tasks only
  std::int64_t size = 0;             ///< clean tasks: of this batch, blocks or rows
  std::chrono::milliseconds batch_target{250};
  BatchRule rule;          ///< of the policy
  bool cancelled = false;  ///< an operator asked for it while the step ran
  bool given_up = false;   ///< this worker itself cancelled the statement, to stop in time
  bool overdue = false;    ///< the step did not end before its lease did
};

/// Decides how the lease ends after one step. Nothing when the lease is lost already and there is
/// nothing to settle. A cancel wins over every way of going on, but not over an end. Pure, but for
/// the random numbers that keep workers out of step.
[[nodiscard]] std::optional<Settlement> next_step(const StepFacts& facts, const StepResult& result,
                                                  Random& random);

/// The pause after the n-th consecutive attempt without progress: 2^n seconds, at most 15 minutes.
[[nodiscard]] std::chrono::milliseconds backoff(std::int32_t attempts) noexcept;

/// `text` as the control database takes it: one line, valid UTF-8 without control characters, at
/// most about 1,000 bytes.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace lethe::worker
