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
  if (!situation.window.empty() && !situation.window_open)
    result += fmt::format(", it is outside its window {}", situation.window);
  if (situation.attempts > 0) {
    result += fmt::format(", attempt {} of {} failed", situation.attempts, situation.max_attempts);
    if (!situation.last_error.empty()) result += fmt::format(": {}", situation.last_error);
  }
  if (!situation.pause_scope.empty()) result += "; then " + paused_sentence(situation);
  return result;
}

/// Why nobody would take the task even if it were its turn; "" when somebody can.
std::string missing_worker(const TaskSituation& situation) {
  if (situation.workers > 0) return "";
  if (situation.workers_of_target == 0)
    return fmt::format("no running worker serves target {}", situation.target);
  return fmt::format("no running worker takes lane {0}; start lethe-worker --lanes {0}",
                     situation.lane);
}

std::string circuit_sentence(const TaskSituation& situation) {
  const std::string error =
      situation.circuit_error.empty() ? "" : fmt::format(": {}", situation.circuit_error);
  return fmt::format("target {} cannot be reached since {}, next attempt at {}{}", situation.target,
                     counted(situation.circuit_failures, "failure", "failures"),
                     instant_text(situation.circuit_until), error);
}

/// Tasks of no single tenant (tenant "") have no cap of their own.
bool is_tenant_full(const TaskSituation& situation) {
  return !situation.tenant.empty() && situation.tenant_admitted >= situation.tenant_cap;
}

std::string tenant_sentence(const TaskSituation& situation) {
  if (situation.tenant_cap == 0)
    return fmt::format(
        "tenant {0} may run nothing; lethe tenant set {0} --target {1} "
        "--max-running N changes that",
        situation.tenant, situation.target);
  return fmt::format("tenant {} runs {} of at most {}", situation.tenant,
                     grouped(situation.tenant_admitted),
                     counted(situation.tenant_cap, "task", "tasks"));
}

std::string ahead_text(const TaskSituation& situation) {
  constexpr std::int64_t counted_max = 1000;  // nobody counts further
  const std::string of_tenant =
      situation.tenant.empty() ? "" : fmt::format(" of tenant {}", situation.tenant);
  if (situation.ahead == 0) return fmt::format("it is the next one{}", of_tenant);
  if (situation.ahead == 1) return fmt::format("1{} is before it", of_tenant);
  return fmt::format("{}{}{} are before it", situation.ahead >= counted_max ? "at least " : "",
                     grouped(situation.ahead), of_tenant);
}

std::string waiting_sentence(const TaskSituation& situation) {
  if (!situation.circuit_until.empty()) return "waiting: " + circuit_sentence(situation);
  if (!situation.paced_until.empty())
    return fmt::format(
        "waiting: target {} may delete {} per second and has done so, next batch at {}",
        situation.target, counted(situation.rows_per_second, "row", "rows"),
        instant_text(situation.paced_until));
  std::string result = "waiting: ";
  if (is_tenant_full(situation)) {
    result += tenant_sentence(situation) + ", ";
  } else if (situation.target_admitted >= situation.target_cap) {
    result += fmt::format("target {} runs {} of at most {}, ", situation.target,
                          grouped(situation.target_admitted),
                          counted(situation.target_cap, "task", "tasks"));
  }
  result += ahead_text(situation);
  const std::string missing = missing_worker(situation);
  return missing.empty() ? result : fmt::format("{}; {}", result, missing);
}

std::string ready_sentence(const TaskSituation& situation) {
  const std::string missing = missing_worker(situation);
  if (!missing.empty()) return "ready, but " + missing;
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
