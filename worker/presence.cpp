#include "worker/presence.hpp"

namespace lethe::worker {

void Presence::registered(WorkerId worker, Clock::time_point at) {
  const std::lock_guard lock(mutex_);
  worker_ = worker;
  last_beat_ = at;
  cancelled_.clear();
}

void Presence::beaten(WorkerId worker, Clock::time_point at, const std::vector<TaskId>& cancelled) {
  const std::lock_guard lock(mutex_);
  if (worker != worker_) return;
  last_beat_ = at;
  cancelled_ = std::set<TaskId>(cancelled.begin(), cancelled.end());
}

void Presence::lost(WorkerId worker) {
  const std::lock_guard lock(mutex_);
  if (worker == worker_) end_registration();
}

void Presence::give_up(WorkerId worker) {
  const std::lock_guard lock(mutex_);
  if (worker != worker_ || worker_ == WorkerId{}) return;
  given_up_ = worker_;
  end_registration();
}

std::optional<WorkerId> Presence::give_up_when_silent(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (worker_ == WorkerId{} || is_trusted(now)) return std::nullopt;
  given_up_ = worker_;
  end_registration();
  return given_up_;
}

void Presence::left(WorkerId worker) {
  const std::lock_guard lock(mutex_);
  if (worker == given_up_) given_up_ = {};
}

WorkerId Presence::worker() const {
  const std::lock_guard lock(mutex_);
  return worker_;
}

std::optional<WorkerId> Presence::trusted(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (!is_trusted(now)) return std::nullopt;
  return worker_;
}

WorkerId Presence::given_up() const {
  const std::lock_guard lock(mutex_);
  return given_up_;
}

void Presence::wait_given_up(std::chrono::milliseconds duration,
                             const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, stop, duration, [this] { return given_up_ != WorkerId{}; });
}

bool Presence::is_cancelled(const TaskId& task) const {
  const std::lock_guard lock(mutex_);
  return cancelled_.count(task) > 0;
}

bool Presence::is_trusted(Clock::time_point now) const {
  return worker_ != WorkerId{} && now - last_beat_ <= trust_;
}

void Presence::end_registration() {
  worker_ = {};
  cancelled_.clear();
  ended_.notify_all();
}

}  // namespace lethe::worker
