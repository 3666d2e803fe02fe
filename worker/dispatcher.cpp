#include "worker/dispatcher.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

#include "common/logging.hpp"

namespace lethe::worker {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t contexts_max = 64;
constexpr milliseconds context_age_max{10'000};
constexpr milliseconds failure_pause_min{200};
constexpr milliseconds failure_pause_max{10'000};
constexpr milliseconds drain_poll{200};
constexpr milliseconds woken_poll{2'000};  // while somebody wakes it; hints may get lost
constexpr milliseconds last_settle_grace{5'000};
constexpr milliseconds lease_margin{5'000};  // of the deadline: for a cancel to take effect

LogLevel level_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::again: return LogLevel::debug;
    case Outcome::done:
    case Outcome::cancel: return LogLevel::info;
    case Outcome::fail:
    case Outcome::release: return LogLevel::warn;
    case Outcome::dead: return LogLevel::error;
  }
  return LogLevel::info;
}

void log_settled(const Settlement& settlement, Settled settled) {
  if (settled == Settled::lease_lost) {
    log_event(LogLevel::warn, "lease_lost",
              {{"task", settlement.lease.task.value},
               {"epoch", settlement.lease.epoch},
               {"outcome", to_string(settlement.outcome)}});
    return;
  }
  if (settled == Settled::already) {
    log_event(LogLevel::debug, "settled_before",
              {{"task", settlement.lease.task.value},
               {"epoch", settlement.lease.epoch},
               {"outcome", to_string(settlement.outcome)}});
    return;
  }
  log_event(level_of(settlement.outcome), "task_settled",
            {{"task", settlement.lease.task.value},
             {"run", settlement.run.value},
             {"outcome", to_string(settlement.outcome)},
             {"batches", settlement.batches},
             {"rows", settlement.rows},
             {"took_ms", settlement.took.count()},
             {"delay_ms", settlement.delay.count()},
             {"error", settlement.error}});
}

Settlement settlement_of(const LeasedTask& task, Outcome outcome, std::string error) {
  Settlement result;
  result.lease = task.lease;
  result.run = task.run;
  result.target = task.target;
  result.outcome = outcome;
  result.error = std::move(error);
  return result;
}

/// A batch was done, and the run stands where it stood.
bool went_on(const FinishedJob& job) {
  if (!job.settlement) return false;
  const Outcome outcome = job.settlement->outcome;
  return outcome == Outcome::again || (outcome == Outcome::done && job.kind == TaskKind::clean);
}

}  // namespace

void Dispatcher::run(const std::stop_token& drain_token, const std::stop_token& cancel) {
  while (!drain_token.stop_requested()) {
    const milliseconds pause = guarded_turn();
    if (pause > milliseconds(0)) {
      clock_.wait_for(pause, drain_token);
    } else {
      pool_.wait_finished(idle_pause(), drain_token);
    }
  }
  drain(cancel);
}

void Dispatcher::drain(const std::stop_token& cancel) {
  draining_ = true;
  presence_.set_draining();
  log_event(LogLevel::info, "draining", {{"busy", handed_out_}});
  auto give_up_at = clock_.now() + options_.drain_timeout;
  bool cancelled = false;
  while (true) {
    const milliseconds pause = guarded_turn();
    if (idle()) break;
    if (!cancelled && (cancel.stop_requested() || clock_.now() >= give_up_at)) {
      cancelled = true;
      give_up_at = clock_.now();
      log_event(LogLevel::warn, "cancelling", {{"busy", handed_out_}});
    }
    // Again and again: a statement may begin between two looks.
    if (cancelled) pool_.cancel_running();
    if (cancelled && handed_out_ == 0 && clock_.now() >= give_up_at + last_settle_grace) {
      log_event(LogLevel::error, "left_unsettled", {{"tasks", unsettled_.size()}});
      break;
    }
    // Not with a token that is already requested: that would not wait at all.
    const std::stop_token watched = cancelled ? std::stop_token() : cancel;
    if (pause > milliseconds(0)) {
      clock_.wait_for(std::min(pause, drain_poll), watched);
    } else {
      pool_.wait_finished(drain_poll, watched);
    }
  }
}

milliseconds Dispatcher::guarded_turn() {
  try {
    run_once();
    failed_turns_ = 0;
    options_.mark.succeeded();
    return milliseconds(0);
  } catch (const StoreError& error) {
    const auto doublings = std::min(failed_turns_, 10);
    ++failed_turns_;
    const auto pause = std::min(failure_pause_max, failure_pause_min * (1 << doublings));
    log_failed_turn(error, pause);
    options_.mark.failed(error.what());
    return jittered(pause, random_);
  }
}

void Dispatcher::log_failed_turn(const StoreError& error, milliseconds pause) const {
  // Rejected: our SQL, the schema or our rights are wrong, and a person has to look.
  const bool ours = error.failure() == Failure::rejected;
  log_event(ours ? LogLevel::error : LogLevel::warn, "turn_failed",
            {{"failure", to_string(error.failure())},
             {"transaction", error.transaction()},
             {"unsettled", unsettled_.size()},
             {"pause_ms", pause.count()},
             {"error", error.what()}});
}

void Dispatcher::run_once() {
  notice_registration();
  collect();
  if (draining_) give_back_waiting();
  exchange(request());
  hand_out();
  exchange(std::nullopt);  // of tasks that could not even be handed out
  queue_.catch_up();
  renew_when_unsure();
}

void Dispatcher::notice_registration() {
  const WorkerId now = presence_.worker();
  if (now == worker_) return;
  // Leases of an id that was declared lost or given up are not ours any more. Batches in flight are
  // cancelled by the watchdog, and the fence refuses what comes after the next holder's first
  // batch.
  if (worker_ != WorkerId{})
    log_event(LogLevel::warn, "leases_forgotten",
              {{"worker", worker_.value},
               {"unsettled", unsettled_.size() + waiting_.size()},
               {"busy", handed_out_}});
  unsettled_.clear();
  waiting_.clear();
  unsure_ = false;
  worker_ = now;
}

void Dispatcher::collect() {
  for (FinishedJob& job : pool_.take_finished()) {
    --handed_out_;
    if (options_.on_finished) options_.on_finished(job);
    // Trouble may come from a run or target that was changed meanwhile: read it anew.
    if (!went_on(job)) contexts_.erase(job.run);
    if (job.settlement && job.lease.worker == worker_)
      unsettled_.push_back(std::move(*job.settlement));
  }
  presence_.set_busy(handed_out_);
}

void Dispatcher::give_back_waiting() {
  for (const Job& job : waiting_)
    unsettled_.push_back(settlement_of(job.task, Outcome::release, ""));
  waiting_.clear();
}

std::optional<LeaseRequest> Dispatcher::request() const {
  const auto worker = presence_.trusted(clock_.now());
  // What is settled in the same exchange has left its slot already.
  const auto slots = pool_.free_slots() - static_cast<std::int32_t>(waiting_.size());
  const bool is_wanted = presence_.wanted() == Wanted::running;
  if (draining_ || !is_wanted || unsure_ || worker != worker_ || slots <= 0) return std::nullopt;
  return LeaseRequest{.worker = worker_,
                      .tasks_max = slots,
                      .length = options_.lease_length,
                      .lanes = options_.lanes,
                      .targets = options_.targets};
}

void Dispatcher::exchange(const std::optional<LeaseRequest>& request) {
  if (unsettled_.empty() && !request) return;
  const auto asked_at = clock_.now();
  Exchange answer;
  try {
    answer = queue_.exchange(unsettled_, request);
  } catch (const StoreError& error) {
    // Also without a request: an adapter may be late to tell of one.
    if (error.failure() == Failure::commit_unknown) unsure_ = true;
    throw;
  }
  assert(answer.settled.size() == unsettled_.size());
  for (std::size_t i = 0; i < unsettled_.size(); ++i) log_settled(unsettled_[i], answer.settled[i]);
  unsettled_.clear();
  for (LeasedTask& task : answer.leased) {
    const auto end_by = asked_at + task.lease_left - lease_margin;
    waiting_.push_back({.task = std::move(task), .run = nullptr, .end_by = end_by});
  }
}

void Dispatcher::hand_out() {
  while (!waiting_.empty() && pool_.free_slots() > 0) {
    waiting_.front().run = context_of(waiting_.front().task);  // may throw: then the task waits on
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    if (job.run == nullptr) {
      unsettled_.push_back(settlement_of(job.task, Outcome::dead, "its run is gone"));
      continue;
    }
    pool_.submit(std::move(job));
    ++handed_out_;
  }
  presence_.set_busy(handed_out_);
}

void Dispatcher::renew_when_unsure() {
  if (!unsure_ || draining_ || !idle()) return;
  log_event(LogLevel::warn, "leases_unknown", {{"worker", worker_.value}});
  presence_.give_up(worker_);
}

std::shared_ptr<const RunContext> Dispatcher::context_of(const LeasedTask& task) {
  const auto now = clock_.now();
  const auto known = contexts_.find(task.run);
  // A plan or a verification stands at the turn from one pass of the run to the next.
  const bool may_be_cached = task.kind == TaskKind::clean;
  if (may_be_cached && known != contexts_.end() && now - known->second.read_at < context_age_max)
    return known->second.run;
  auto context = queue_.run_context(task.run, task.kind);
  if (!context) return nullptr;
  if (task.kind == TaskKind::plan) return std::make_shared<const RunContext>(std::move(*context));
  if (contexts_.size() >= contexts_max) contexts_.clear();
  auto run = std::make_shared<const RunContext>(std::move(*context));
  contexts_[task.run] = {.run = run, .read_at = now};
  return run;
}

milliseconds Dispatcher::idle_pause() {
  const bool is_woken = options_.is_woken && options_.is_woken();
  return jittered(is_woken ? std::max(options_.idle_poll, woken_poll) : options_.idle_poll,
                  random_);
}

bool Dispatcher::idle() const { return handed_out_ == 0 && unsettled_.empty() && waiting_.empty(); }

}  // namespace lethe::worker
