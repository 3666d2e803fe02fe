#include "worker/presence.hpp"

#include <algorithm>
#include <utility>

namespace lethe::worker {

void Presence::registered(WorkerId worker, Clock::time_point at) {
  const std::lock_guard lock(mutex_);
  worker_ = worker;
  last_beat_ = at;
  cancelled_.clear();
  stopped_.clear();
}

void Presence::beaten(WorkerId worker, Clock::time_point at, const std::vector<TaskId>& cancelled,
                      const std::vector<TaskId>& stopped) {
  const std::lock_guard lock(mutex_);
  if (worker != worker_) return;
  last_beat_ = at;
  cancelled_ = std::set<TaskId>(cancelled.begin(), cancelled.end());
  std::set<TaskId> now(stopped.begin(), stopped.end());
  has_new_stops_ =
      has_new_stops_ || !std::includes(stopped_.begin(), stopped_.end(), now.begin(), now.end());
  stopped_ = std::move(now);
  if (has_new_stops_) stops_came_.notify_all();
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

void Presence::ask_for_beat() {
  const std::lock_guard lock(mutex_);
  beat_asked_ = true;
  beat_due_.notify_all();
}

void Presence::wait_beat(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  beat_due_.wait_for(lock, stop, duration,
                     [this] { return beat_asked_ || given_up_ != WorkerId{}; });
  beat_asked_ = false;  // whoever asks from now on wants to know what comes after this beat
}

void Presence::wait_stops(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  stops_came_.wait_for(lock, stop, duration, [this] { return has_new_stops_; });
  has_new_stops_ = false;
}

bool Presence::is_cancelled(const TaskId& task) const {
  const std::lock_guard lock(mutex_);
  return cancelled_.count(task) > 0;
}

bool Presence::is_stopped(const TaskId& task) const {
  const std::lock_guard lock(mutex_);
  return stopped_.count(task) > 0;
}

bool Presence::is_trusted(Clock::time_point now) const {
  return worker_ != WorkerId{} && now - last_beat_ <= trust_;
}

void Presence::end_registration() {
  worker_ = {};
  cancelled_.clear();
  stopped_.clear();
  beat_due_.notify_all();
}

}  // namespace lethe::worker
