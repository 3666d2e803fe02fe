#include "worker/executor_pool.hpp"

#include <cassert>
#include <utility>

namespace lethe::worker {

namespace {

constexpr std::chrono::seconds idle_wait{5};  // then look whether there is something to tidy

}  // namespace

ExecutorPool::ExecutorPool(const Options& options, Clock& clock, const Presence& presence,
                           const RunnerFactory& make_runner)
    : options_(options) {
  for (std::int32_t i = 0; i < options.slots; ++i)
    executors_.push_back(
        std::make_unique<Executor>(clock, presence, make_runner(), options.batch_target));
  for (std::size_t i = 0; i < executors_.size(); ++i)
    threads_.emplace_back([this, &one = *executors_[i],
                           mark = options_.marks.empty() ? LoopMark() : options_.marks.at(i)](
                              const std::stop_token& stop) { run(one, mark, stop); });
}

std::int32_t ExecutorPool::free_slots() const {
  const std::lock_guard lock(mutex_);
  return options_.slots - taken_slots_;
}

void ExecutorPool::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    assert(taken_slots_ < options_.slots);
    ++taken_slots_;
    jobs_.push_back(std::move(job));
  }
  job_came_.notify_one();
}

std::vector<FinishedJob> ExecutorPool::take_finished() {
  const std::lock_guard lock(mutex_);
  taken_slots_ -= static_cast<std::int32_t>(finished_.size());
  return std::exchange(finished_, {});
}

void ExecutorPool::wait_finished(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  job_ended_.wait_for(lock, stop, duration, [this] { return !finished_.empty() || nudged_; });
  nudged_ = false;
}

void ExecutorPool::nudge() {
  {
    const std::lock_guard lock(mutex_);
    nudged_ = true;
  }
  job_ended_.notify_one();
}

void ExecutorPool::cancel_running() noexcept {
  for (const auto& executor : executors_) executor->cancel();
}

void ExecutorPool::cancel_lapsed(Clock::time_point now) noexcept {
  for (const auto& executor : executors_) executor->cancel_lapsed(now);
}

void ExecutorPool::run(Executor& executor, const LoopMark& mark, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    executor.tidy();
    mark.succeeded();
    const auto job = wait_for_job(stop);
    if (!job) continue;
    mark.may_take_until(job->end_by);
    if (options_.metrics != nullptr) options_.metrics->step_began();
    FinishedJob finished{.lease = job->task.lease,
                         .run = job->task.run,
                         .kind = job->task.kind,
                         .settlement = executor.execute(*job)};
    if (options_.metrics != nullptr) options_.metrics->step_ended(!finished.settlement);
    {
      const std::lock_guard lock(mutex_);
      finished_.push_back(std::move(finished));
    }
    job_ended_.notify_one();
  }
}

std::optional<Job> ExecutorPool::wait_for_job(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!job_came_.wait_for(lock, stop, idle_wait, [this] { return !jobs_.empty(); }))
    return std::nullopt;
  if (stop.stop_requested()) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

}  // namespace lethe::worker
