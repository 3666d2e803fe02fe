#include "common/supervision/loop_state.hpp"

namespace lethe {

namespace {

/// Compares without adding to a time that may be the last one that there is.
bool is_late(Clock::time_point since, std::chrono::milliseconds limit, Clock::time_point now) {
  return now > since && now - since > limit;
}

}  // namespace

const char* to_string(LoopVerdict verdict) noexcept {
  switch (verdict) {
    case LoopVerdict::good: return "good";
    case LoopVerdict::fresh: return "fresh";
    case LoopVerdict::resting: return "resting";
    case LoopVerdict::failing: return "failing";
    case LoopVerdict::stuck: return "stuck";
  }
  return "unknown";
}

LoopVerdict judge(const LoopState& loop, Clock::time_point now) noexcept {
  if (loop.resting) return LoopVerdict::resting;
  if (is_late(loop.turn, loop.limits.turn, now)) return LoopVerdict::stuck;
  if (is_late(loop.success, loop.limits.success, now)) return LoopVerdict::failing;
  return loop.succeeded ? LoopVerdict::good : LoopVerdict::fresh;
}

std::chrono::milliseconds success_age(const LoopState& loop, Clock::time_point now) noexcept {
  if (now <= loop.success) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - loop.success);
}

const char* to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::starting: return "starting";
    case Phase::serving: return "serving";
    case Phase::stopping: return "stopping";
  }
  return "unknown";
}

}  // namespace lethe
