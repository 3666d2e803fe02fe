#include "worker/next_step.hpp"

#include <algorithm>

#include "common/policies/text_rules.hpp"
#include "worker/pacing.hpp"

namespace lethe::worker {

namespace {

using std::chrono::milliseconds;
using Kind = TargetTrouble::Kind;

constexpr milliseconds halted_pause{5'000};
constexpr milliseconds locked_pause{1'000};
/// Whoever waits for a partition's parent makes every reader behind it wait as well.
constexpr milliseconds partition_locked_pause{10'000};
constexpr milliseconds timed_out_pause{200};
constexpr milliseconds backoff_max{15 * 60 * 1'000};
constexpr milliseconds rest_max{10 * 60 * 1'000};
constexpr std::size_t error_bytes_max = 1'000;

Settlement settlement_of(const StepFacts& facts) {
  Settlement result;
  result.lease = facts.task.lease;
  result.run = facts.task.run;
  result.target = facts.task.target;
  return result;
}

/// By time, and so that no batch deletes more than a second's allowance of rows: what the fleet is
/// charged for afterwards should not come in lumps.
std::int64_t next_size(const StepFacts& facts, const BatchDone& batch) {
  const Strategy strategy = facts.strategy.value_or(Strategy::sweep);
  const milliseconds target =
      facts.rule.target_ms > 0 ? milliseconds(facts.rule.target_ms) : facts.batch_target;
  const std::int64_t size = batch_size_after(strategy, batch.size, batch.took, target);
  if (facts.rule.rows_per_second == 0 || batch.rows == 0) return size;
  const double allowed = static_cast<double>(batch.size) *
                         static_cast<double>(facts.rule.rows_per_second) /
                         static_cast<double>(batch.rows);
  return std::max(batch_limits(strategy).min,
                  static_cast<std::int64_t>(std::min(static_cast<double>(size), allowed)));
}

milliseconds rest_after(milliseconds took, std::int64_t duty_percent) {
  return std::min(rest_max, took * (100 - duty_percent) / duty_percent);
}

Settlement after_plan(const StepFacts& facts, const PlanOutcome& plan) {
  Settlement result = settlement_of(facts);
  result.outcome = Outcome::done;
  result.plan = plan;
  return result;
}

Settlement after_batch(const StepFacts& facts, const BatchDone& batch) {
  Settlement result = settlement_of(facts);
  result.outcome = batch.finished ? Outcome::done : Outcome::again;
  result.batches = batch.totals.batches;
  result.rows = batch.totals.rows;
  if (batch.finished) result.ledger_head = batch.totals.ledger_head;
  result.batch_rows = batch.rows;
  result.ledger = batch.ledger;
  result.batch_size = next_size(facts, batch);
  if (!batch.finished) result.delay = rest_after(batch.took, facts.rule.duty_percent);
  return result;
}

Settlement after_verification(const StepFacts& facts, const Verified& verified) {
  Settlement result = settlement_of(facts);
  result.outcome = verified.finished ? Outcome::done : Outcome::again;
  if (verified.finished)
    result.verify = VerifyOutcome{.clean = verified.clean,
                                  .left_in = verified.left_in,
                                  .parked = verified.parked,
                                  .parked_why = one_line(verified.parked_why),
                                  .chained = verified.chained,
                                  .space = verified.space,
                                  .database = verified.database};
  return result;
}

Settlement after_vacuum(const StepFacts& facts, const Vacuumed& vacuumed) {
  Settlement result = settlement_of(facts);
  result.outcome = vacuumed.finished ? Outcome::done : Outcome::again;
  if (vacuumed.finished)
    result.vacuum = VacuumOutcome{.problem = one_line(vacuumed.left), .space = vacuumed.space};
  return result;
}

void smaller(const StepFacts& facts, Settlement& result) {
  if (facts.strategy) result.batch_size = halved(*facts.strategy, facts.size);
}

void fail(const StepFacts& facts, Settlement& result, Random& random) {
  result.outcome = Outcome::fail;
  // After the jitter, so that no pause is longer than the longest.
  result.delay = std::min(backoff_max, jittered(backoff(facts.task.attempts), random));
}

/// Never the same size again: half of it, and an attempt spent only where no smaller one is left.
void after_timeout(const StepFacts& facts, Settlement& result, Random& random) {
  if (facts.overdue)
    result.error = "not ended when its lease was over: " + result.error;
  else if (facts.given_up)
    return;  // says nothing about the size
  smaller(facts, result);
  if (!facts.strategy || result.batch_size >= facts.size) return fail(facts, result, random);
  result.delay = jittered(timed_out_pause, random);
}

void bury(Settlement& result, std::string_view reason, const std::string& message) {
  result.outcome = Outcome::dead;
  result.error = std::string(reason) + (reason.empty() || message.empty() ? "" : ": ") + message;
}

/// Half the size at once, until the runner takes the rest row by row and parks what it cannot
/// delete. What fails even then is not about single rows.
void after_poison(const StepFacts& facts, Settlement& result, const std::string& message) {
  if (!facts.strategy || facts.size <= isolated_at(*facts.strategy))
    return bury(result, "", message);
  result.batch_size = bisected(*facts.strategy, facts.size);
}

/// Nothing depends on a vacuum: what another attempt would not mend, or none is left for, is told
/// and the run goes on. Nothing for the trouble of other tasks, and what waits as theirs does.
std::optional<Settlement> after_vacuum_trouble(const StepFacts& facts, const TargetTrouble& trouble,
                                               Random& random) {
  if (facts.task.kind != TaskKind::vacuum) return std::nullopt;
  Settlement result = settlement_of(facts);
  result.error = one_line(trouble.message);
  result.sqlstate = trouble.sqlstate;
  switch (trouble.kind) {
    case Kind::fenced:
    case Kind::halted:
    case Kind::frozen:
    case Kind::unreachable: return std::nullopt;
    case Kind::timed_out:
      if (facts.cancelled || (facts.given_up && !facts.overdue))
        return result;  // not its own fault: the next worker goes on, or an operator wants no more
      break;
    case Kind::locked:
    case Kind::retryable:
      if (facts.task.attempts >= facts.task.max_attempts) break;
      fail(facts, result, random);
      return result;
    default: break;
  }
  result.outcome = Outcome::done;
  result.vacuum = VacuumOutcome{.problem = result.error};
  return result;
}

std::optional<Settlement> after_trouble(const StepFacts& facts, const TargetTrouble& trouble,
                                        Random& random) {
  if (auto vacuum = after_vacuum_trouble(facts, trouble, random)) return vacuum;
  Settlement result = settlement_of(facts);
  result.outcome = Outcome::release;
  result.error = trouble.message;
  result.sqlstate = trouble.sqlstate;
  switch (trouble.kind) {
    case Kind::fenced: return std::nullopt;
    case Kind::frozen:
      result.freeze = one_line(trouble.message);
      result.delay = halted_pause;
      break;
    case Kind::halted:
    case Kind::closed: result.delay = halted_pause; break;
    case Kind::stale:
      bury(result, "the policy changed since this run was made; its next run follows the new one",
           trouble.message);
      break;
    case Kind::expired: bury(result, "expired", trouble.message); break;
    case Kind::changed:
    case Kind::unsupported:
    case Kind::permanent: bury(result, "", trouble.message); break;
    case Kind::locked:
      smaller(facts, result);
      result.delay = jittered(
          facts.strategy == Strategy::partition ? partition_locked_pause : locked_pause, random);
      break;
    case Kind::timed_out: after_timeout(facts, result, random); break;
    case Kind::retryable:
      smaller(facts, result);
      fail(facts, result, random);
      break;
    case Kind::refused:
      // Nothing went wrong, so there is nothing to retry: the task is over, and so is its run.
      result.outcome = Outcome::done;
      result.refusal = one_line(trouble.message);
      break;
    case Kind::poisoned: after_poison(facts, result, trouble.message); break;
    case Kind::unreachable:
      // Not the task's fault. No delay either: how soon the target is tried again is its circuit's
      // business.
      result.target_down = true;
      break;
  }
  if (result.error.empty()) result.error = to_string(trouble.kind);
  result.error = one_line(result.error);
  return result;
}

}  // namespace

std::optional<Settlement> next_step(const StepFacts& facts, const StepResult& result,
                                    Random& random) {
  std::optional<Settlement> step;
  if (const auto* plan = std::get_if<PlanOutcome>(&result)) step = after_plan(facts, *plan);
  if (const auto* batch = std::get_if<BatchDone>(&result)) step = after_batch(facts, *batch);
  if (const auto* verified = std::get_if<Verified>(&result))
    step = after_verification(facts, *verified);
  if (const auto* vacuumed = std::get_if<Vacuumed>(&result)) step = after_vacuum(facts, *vacuumed);
  if (const auto* trouble = std::get_if<TargetTrouble>(&result))
    step = after_trouble(facts, *trouble, random);
  const bool goes_on = step && (step->outcome == Outcome::again || step->outcome == Outcome::fail ||
                                step->outcome == Outcome::release);
  if (facts.cancelled && goes_on) {
    step->outcome = Outcome::cancel;
    step->delay = milliseconds(0);
  }
  return step;
}

milliseconds backoff(std::int32_t attempts) noexcept {
  const auto doublings = std::clamp(attempts, 1, 10);  // 2^10 s is more than the longest pause
  return std::min(backoff_max, milliseconds(1'000) * (1 << doublings));
}

std::string one_line(std::string_view text) {
  std::string result(text.substr(0, error_bytes_max));
  const bool cut = result.size() < text.size();
  while (cut && !is_utf8(result) && result.size() > error_bytes_max - 4)
    result.pop_back();  // a character that the cut went through
  const bool readable = is_utf8(result);
  for (char& c : result) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
    if (!readable && byte >= 0x80) c = '?';
  }
  return result;
}

}  // namespace lethe::worker
