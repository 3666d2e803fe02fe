#include "common/control/run_step.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lethe {

namespace {

RunStep finish(std::string state, std::string error) {
  return {.kind = RunStep::Kind::finish,
          .delay = {},
          .state = std::move(state),
          .error = std::move(error)};
}

std::string parked_text(const RunProgress& progress, const VerifyOutcome& verified) {
  const bool one = verified.parked == 1;
  return fmt::format(
      "{} {} parked: the database refuses to delete {}; it said: {}; lethe parked list --run {} "
      "shows {}",
      verified.parked, one ? "row is" : "rows are", one ? "it" : "them", verified.parked_why,
      progress.run, one ? "it" : "them");
}

RunStep after_verification(const RunProgress& progress, const VerifyOutcome& verified) {
  if (verified.clean && verified.parked > 0)
    return finish("failed", parked_text(progress, verified));
  if (verified.clean && verified.vacuum && progress.rows > 0)
    return {.kind = RunStep::Kind::vacuum, .delay = {}, .state = "", .error = ""};
  if (verified.clean) return finish("satisfied", "");
  const bool goes_down_a_chain = verified.chained && progress.rows > progress.pass_rows;
  if (goes_down_a_chain && progress.passes + 1 < chain_passes_max)
    return {.kind = RunStep::Kind::plan_again, .delay = {}, .state = "", .error = ""};
  if (progress.passes + 1 >= passes_max)
    return finish(
        "failed",
        fmt::format("after {} passes, the last of which deleted {} rows, {} still has "
                    "eligible rows; look for long locks, triggers that return NULL and "
                    "rows that keep arriving with old timestamps",
                    progress.passes + 1, progress.rows - progress.pass_rows, verified.left_in));
  const auto doubled = std::chrono::milliseconds(500) * (1 << std::min(progress.passes, 6));
  return {.kind = RunStep::Kind::plan_again, .delay = doubled, .state = "", .error = ""};
}

/// The run was verified before: it is satisfied however its vacuum ended.
RunStep after_vacuum(const RunProgress& progress) {
  RunStep step = finish("satisfied", "");
  step.no_vacuum = !progress.dead_reason.empty() ? progress.dead_reason : "cancelled";
  return step;
}

}  // namespace

RunStep next_run_step(const RunProgress& progress, const std::optional<VerifyOutcome>& verified) {
  if (progress.has_live_tasks) return {};
  if (progress.state == "vacuuming") return after_vacuum(progress);
  if (!progress.refusal.empty()) return finish("refused", progress.refusal);
  if (!progress.dead_reason.empty()) {
    const bool expired = progress.dead_reason.starts_with("expired");
    return finish(expired ? "expired" : "failed", progress.dead_reason);
  }
  if (progress.cancel_requested) return finish("cancelled", "cancelled by an operator");
  if (progress.cancelled_tasks > 0)
    return finish("cancelled",
                  fmt::format("{} of its tasks were cancelled", progress.cancelled_tasks));
  if (progress.state == "queued") {
    if (progress.late)
      return finish("expired", "expired: the run before it took until its time was over");
    return {.kind = RunStep::Kind::begin, .delay = {}, .state = "", .error = ""};
  }
  if (verified.has_value()) return after_verification(progress, *verified);
  if (progress.state == "cleaning")
    return {.kind = RunStep::Kind::verify, .delay = {}, .state = "", .error = ""};
  return finish("failed",
                fmt::format("the run was {} but had no task left; start it again", progress.state));
}

}  // namespace lethe
