#include "common/supervision/report_text.hpp"

#include <fmt/format.h>

namespace lethe {

namespace {

double seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// What went wrong last, to be put behind a state; "" when nothing did.
std::string reason(const LoopState& loop) {
  return (loop.problem.empty() ? "" : ": ") + loop.problem;
}

std::string why(const LoopState& loop, LoopVerdict verdict, Clock::time_point now) {
  const double age = seconds(success_age(loop, now));
  switch (verdict) {
    case LoopVerdict::good: return fmt::format("last success {:.1f} s ago", age);
    case LoopVerdict::fresh: return "no success yet" + reason(loop);
    case LoopVerdict::resting: return "nothing is asked of it";
    case LoopVerdict::failing:
      return fmt::format("no success for {:.1f} s, the limit is {:g} s{}", age,
                         seconds(loop.limits.success), reason(loop));
    case LoopVerdict::stuck:
      return fmt::format("its turn does not end: more than {:g} s", seconds(loop.limits.turn));
  }
  return "";
}

std::string line(bool fits, const std::string& name, const char* state, const std::string& text) {
  return fmt::format("[{}] {} {}: {}\n", fits ? '+' : '-', name, state, text);
}

std::string phase_line(Phase phase) {
  const bool fits = phase == Phase::serving;
  const char* const text = phase == Phase::starting  ? "waits for the control database"
                           : phase == Phase::serving ? "at work"
                                                     : "finishes what is in hand";
  return line(fits, "process", to_string(phase), text);
}

}  // namespace

std::string liveness_text(const Supervision::Report& report) {
  std::string text;
  for (const LoopState& loop : report.loops) {
    const LoopVerdict verdict = judge(loop, report.at);
    const bool fits = verdict != LoopVerdict::stuck;
    text += line(fits, loop.name, fits ? "alive" : "stuck",
                 fits ? "its turns end" : why(loop, verdict, report.at));
  }
  return text + (report.is_live() ? "live: yes\n" : "live: no\n");
}

std::string readiness_text(const Supervision::Report& report) {
  std::string text = phase_line(report.phase);
  for (const LoopState& loop : report.loops) {
    const LoopVerdict verdict = judge(loop, report.at);
    const bool fits = verdict == LoopVerdict::good || verdict == LoopVerdict::resting;
    text += line(fits, loop.name, to_string(verdict), why(loop, verdict, report.at));
  }
  return text + (report.is_ready() ? "ready: yes\n" : "ready: no\n");
}

}  // namespace lethe
