#include "cli/why.hpp"

#include <fmt/format.h>

#include "cli/text.hpp"

namespace lethe::cli {
namespace {

std::string paused_sentence(const TaskSituation& situation) {
  if (situation.pause_scope.empty())
    return "paused, though no pause covers it any more; the next change of its target frees it";
  const std::string covered =
      situation.pause_name.empty()
          ? situation.pause_scope
          : fmt::format("{} {}", situation.pause_scope, situation.pause_name);
  const std::string reason =
      situation.pause_reason.empty() ? "" : fmt::format(": {}", situation.pause_reason);
  return fmt::format("paused: {}, by {} since {}{}", covered, situation.paused_by,
                     instant_text(situation.paused_at), reason);
}

std::string leased_sentence(const TaskSituation& situation) {
  const std::string instance =
      situation.instance.empty() ? "" : fmt::format(" ({})", situation.instance);
  return fmt::format("leased by worker {}{} since {}; its lease ends {}",
                     situation.leased_by.value_or(0), instance, instant_text(situation.leased_at),
                     instant_text(situation.lease_deadline));
}

std::string scheduled_sentence(const TaskSituation& situation) {
  std::string result = fmt::format("scheduled: not before {}", instant_text(situation.enqueue_at));
  if (situation.attempts > 0) {
    result += fmt::format(", attempt {} of {} failed", situation.attempts, situation.max_attempts);
    if (!situation.last_error.empty()) result += fmt::format(": {}", situation.last_error);
  }
  if (!situation.pause_scope.empty()) result += "; then " + paused_sentence(situation);
  return result;
}

std::string waiting_sentence(const TaskSituation& situation) {
  return fmt::format(
      "waiting: target {} runs {} of at most {}, {} before it", situation.target,
      situation.target_admitted, counted(situation.target_cap, "task", "tasks"),
      situation.ahead == 1 ? "1 is" : fmt::format("{} are", grouped(situation.ahead)));
}

std::string ready_sentence(const TaskSituation& situation) {
  if (situation.workers == 0)
    return fmt::format("ready, but no running worker serves target {}", situation.target);
  return fmt::format("ready: {} can take it", counted(situation.workers, "worker", "workers"));
}

std::string state_sentence(const TaskSituation& situation) {
  if (situation.state == "leased") return leased_sentence(situation);
  if (situation.state == "scheduled") return scheduled_sentence(situation);
  if (situation.state == "paused") return paused_sentence(situation);
  if (situation.state == "ready") return ready_sentence(situation);
  return waiting_sentence(situation);
}

}  // namespace

std::string why_sentence(const TaskSituation& situation) {
  std::string result = state_sentence(situation);
  if (situation.cancel_requested) result += "; it was asked to stop and ends after its batch";
  return one_line(result);
}

std::string ended_sentence(const TaskRow& task) {
  const std::string when = instant_text(task.ended_at);
  if (task.state == "done")
    return fmt::format("done at {}: {} in {}", when, counted(task.rows, "row", "rows"),
                       counted(task.batches, "batch", "batches"));
  if (task.state == "cancelled") return fmt::format("cancelled at {}", when);
  return one_line(fmt::format("dead since {}{}; lethe task retry {} puts it back", when,
                              task.last_error.empty() ? "" : ": " + task.last_error, task.id));
}

}  // namespace lethe::cli
