#include "worker/presence.hpp"

namespace lethe::worker {

void Presence::registered(WorkerId worker, Clock::time_point at) {
  const std::lock_guard lock(mutex_);
  worker_ = worker;
  last_beat_ = at;
  cancelled_.clear();
}

void Presence::beaten(Clock::time_point at, const std::vector<TaskId>& cancelled) {
  const std::lock_guard lock(mutex_);
  last_beat_ = at;
  cancelled_ = std::set<TaskId>(cancelled.begin(), cancelled.end());
}

void Presence::lost() {
  const std::lock_guard lock(mutex_);
  worker_ = {};
  cancelled_.clear();
}

WorkerId Presence::worker() const {
  const std::lock_guard lock(mutex_);
  return worker_;
}

std::optional<WorkerId> Presence::trusted(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (worker_ == WorkerId{} || now - last_beat_ > trust_) return std::nullopt;
  return worker_;
}

bool Presence::is_cancelled(const TaskId& task) const {
  const std::lock_guard lock(mutex_);
  return cancelled_.count(task) > 0;
}

}  // namespace lethe::worker
