#include "worker/executor.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "common/logging.hpp"
#include "common/ulid.hpp"
#include "proto/task_payload.hpp"
#include "worker/guards.hpp"
#include "worker/pacing.hpp"
#include "worker/planner.hpp"

namespace lethe::worker {

namespace {

constexpr std::chrono::seconds tidy_every{30};
constexpr std::chrono::hours vacuum_time_max{24};
constexpr std::size_t kept_told_max = 20;  // log lines of one plan

TargetTrouble trouble(TargetTrouble::Kind kind, std::string message) {
  return {.kind = kind, .message = std::move(message), .sqlstate = ""};
}

void log_plan(const Job& job, const Plan& plan, const PlanFacts& facts) {
  log_event(LogLevel::info, "run_planned",
            {{"run", job.run->id.value},
             {"policy", job.run->policy},
             {"strategy", plan.strategy},
             {"tasks", plan.work.size()},
             {"estimated_rows", plan.estimated_rows.value_or(-1)}});
  std::size_t told = 0;
  for (const auto& [partition, reason] : plan.kept_whole) {
    if (++told > kept_told_max) break;
    log_event(LogLevel::info, "partition_by_rows",
              {{"run", job.run->id.value},
               {"policy", job.run->policy},
               {"partition", partition},
               {"reason", reason},
               {"of", plan.kept_whole.size()}});
  }
  if (facts.purged > 0)
    log_event(
        LogLevel::info, "quarantine_purged",
        {{"run", job.run->id.value}, {"policy", job.run->policy}, {"partitions", facts.purged}});
  if (!facts.purge_problem.empty())
    log_event(
        LogLevel::warn, "quarantine_not_purged",
        {{"run", job.run->id.value}, {"policy", job.run->policy}, {"error", facts.purge_problem}});
}

/// Turns what a call of the runner returned into a step's result.
template <class Found>
StepResult widened(std::variant<Found, TargetTrouble> result) {
  return std::visit([](auto& one) { return StepResult(std::move(one)); }, result);
}

}  // namespace

std::optional<Settlement> Executor::execute(const Job& job) {
  const auto started = clock_.now();
  StepFacts facts{.task = job.task,
                  .strategy = {},
                  .size = 0,
                  .batch_target = batch_target_,
                  .rule = job.run->spec.batch,
                  .cancelled = false,
                  .given_up = false,
                  .overdue = false};
  if (job.task.cancel_requested || presence_.is_cancelled(job.task.lease.task)) {
    facts.cancelled = true;
    return next_step(facts, Verified{}, random_);
  }
  const bool began = begin(job);
  const StepResult result =
      began ? step(job, facts)
            : trouble(TargetTrouble::Kind::timed_out, "its lease was over before the step began");
  facts.cancelled = presence_.is_cancelled(job.task.lease.task);
  facts.given_up = end();
  facts.overdue = began && clock_.now() >= job.end_by;
  auto settlement = next_step(facts, result, random_);
  if (settlement && !settlement->refusal.empty())
    log_event(
        LogLevel::error, "run_refused",
        {{"run", job.run->id.value}, {"policy", job.run->policy}, {"reason", settlement->refusal}});
  if (settlement) settlement->policy = job.run->policy;
  if (settlement && settlement->verify) settlement->verify->vacuum = job.run->spec.vacuum;
  if (settlement)
    settlement->took = std::chrono::ceil<std::chrono::milliseconds>(clock_.now() - started);
  else
    log_event(LogLevel::warn, "task_fenced",
              {{"task", job.task.lease.task.value}, {"epoch", job.task.lease.epoch}});
  return settlement;
}

void Executor::tidy() {
  const auto now = clock_.now();
  if (now - tidied_at_ < tidy_every) return;
  tidied_at_ = now;
  runner_->tidy();
}

void Executor::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  given_up_ = true;
  ask_to_cancel();
}

void Executor::ask_to_cancel() noexcept {
  if (cancelling_ || in_hand_ == nullptr) return;
  cancelling_ = true;
  try {
    canceller_ = std::jthread([this] {
      runner_->cancel();
      const std::lock_guard lock(mutex_);
      cancelling_ = false;
      cancel_ended_.notify_all();
    });
  } catch (const std::system_error&) {  // no thread to be had: at the next look
    cancelling_ = false;
  }
}

void Executor::cancel_lapsed(Clock::time_point now) noexcept {
  const std::lock_guard lock(mutex_);
  if (in_hand_ == nullptr) return;
  const TaskId& task = in_hand_->task.lease.task;
  const bool is_long = in_hand_->task.kind == TaskKind::vacuum;  // others soon see it by themselves
  if (presence_.is_stopped(task) || (is_long && presence_.is_cancelled(task)))
    return ask_to_cancel();
  if (holds(*in_hand_, now)) return;
  if (!std::exchange(given_up_, true))
    log_event(LogLevel::warn, "lease_lapsed",
              {{"task", in_hand_->task.lease.task.value},
               {"epoch", in_hand_->task.lease.epoch},
               {"worker", in_hand_->task.lease.worker.value}});
  ask_to_cancel();
}

bool Executor::begin(const Job& job) {
  const std::lock_guard lock(mutex_);
  given_up_ = stopping_ || !holds(job, clock_.now());
  if (!given_up_) in_hand_ = &job;
  return !given_up_;
}

bool Executor::end() {
  std::unique_lock lock(mutex_);
  in_hand_ = nullptr;
  cancel_ended_.wait(lock, [this] { return !cancelling_; });
  return given_up_;
}

bool Executor::holds(const Job& job, Clock::time_point now) const {
  return now < job.end_by && presence_.trusted(now) == job.task.lease.worker;
}

StepResult Executor::step(const Job& job, StepFacts& facts) {
  auto decoded = decode_task_payload(job.task.payload);
  if (const auto* problem = std::get_if<std::string>(&decoded))
    return trouble(TargetTrouble::Kind::permanent, "the task's payload is damaged: " + *problem);
  const auto& payload = std::get<TaskPayload>(decoded);
  switch (job.task.kind) {
    case TaskKind::plan: return plan(job);
    case TaskKind::clean: return clean(job, payload, facts);
    case TaskKind::verify: return widened(runner_->verify(*job.run, job.task.lease, payload));
    case TaskKind::vacuum: return vacuum(job);
  }
  return trouble(TargetTrouble::Kind::permanent, "this version does not know the task's kind");
}

std::variant<RowLimit, TargetTrouble> Executor::guard(const Job& job, const PlanFacts& facts) {
  const RunContext& run = *job.run;
  if (guards_ == Guards::off) return RowLimit{};
  if (run.spec.action.kind == Action::Kind::call) return unweighed_limit(run.spec);
  const auto rows_max = rows_to_count(run.spec, run.record);
  if (!rows_max) return RowLimit{};
  const auto weighed = runner_->weigh(run, job.task.lease, facts.bounds, *rows_max);
  if (const auto* problem = std::get_if<TargetTrouble>(&weighed)) return *problem;
  auto verdict = judge(run.spec, run.record, std::get<Volume>(weighed));
  if (auto* refusal = std::get_if<std::string>(&verdict))
    return trouble(TargetTrouble::Kind::refused, std::move(*refusal));
  return std::get<RowLimit>(std::move(verdict));
}

StepResult Executor::plan(const Job& job) {
  if (guards_ == Guards::on)
    if (auto refusal = approval_refusal(job.run->spec, job.run->record); !refusal.empty())
      return trouble(TargetTrouble::Kind::refused, std::move(refusal));
  auto looked = runner_->look(*job.run, job.task.lease);
  if (auto* problem = std::get_if<TargetTrouble>(&looked)) return std::move(*problem);
  auto& facts = std::get<PlanFacts>(looked);
  auto made = make_plan(facts, job.run->spec);
  if (auto* refusal = std::get_if<std::string>(&made))
    return trouble(TargetTrouble::Kind::unsupported, std::move(*refusal));
  const auto& plan = std::get<Plan>(made);
  auto guarded = guard(job, facts);
  if (auto* problem = std::get_if<TargetTrouble>(&guarded)) return std::move(*problem);
  facts.bounds.limit = std::get<RowLimit>(std::move(guarded));
  PlanOutcome outcome;
  outcome.strategy = plan.strategy;
  outcome.estimated_rows = plan.estimated_rows;
  outcome.verify_payload = encode({.bounds = facts.bounds, .work = {}});
  outcome.database = facts.database;
  outcome.tasks.reserve(plan.work.size());
  for (const PlannedWork& work : plan.work)
    outcome.tasks.push_back({.id = TaskId{new_ulid(clock_, random_)},
                             .kind = TaskKind::clean,
                             .payload = encode({.bounds = facts.bounds, .work = work}),
                             .batch_size = work.first_batch});
  log_plan(job, plan, facts);
  return outcome;
}

StepResult Executor::clean(const Job& job, const TaskPayload& payload, StepFacts& facts) {
  if (!payload.work)
    return trouble(TargetTrouble::Kind::permanent, "the task's payload is damaged: it has no work");
  facts.strategy = payload.work->strategy;
  facts.size = batch_size_now(payload.work->strategy, job.task.batch_size);
  auto result = runner_->clean(*job.run, job.task.lease, payload, facts.size);
  if (const auto* batch = std::get_if<BatchDone>(&result); batch != nullptr && batch->parked > 0)
    log_event(LogLevel::error, "rows_parked",
              {{"run", job.run->id.value},
               {"task", job.task.lease.task.value},
               {"policy", job.run->policy},
               {"rows", batch->parked}});
  return widened(std::move(result));
}

StepResult Executor::vacuum(const Job& job) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::duration_cast<milliseconds>(job.end_by - clock_.now());
  auto result = runner_->vacuum(*job.run, job.task.lease,
                                std::clamp<milliseconds>(left, milliseconds(1), vacuum_time_max));
  return widened(std::move(result));
}

}  // namespace lethe::worker
