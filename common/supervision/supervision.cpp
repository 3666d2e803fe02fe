#include "common/supervision/supervision.hpp"

#include <algorithm>

namespace lethe {

namespace {

/// A time that `pause` does not count from. What lies in the future stays there.
Clock::time_point shifted(Clock::time_point time, Clock::time_point::duration pause,
                          Clock::time_point now) {
  return time >= now ? time : std::min(time + pause, now);
}

}  // namespace

void LoopMark::succeeded() const {
  if (supervision_ == nullptr) return;
  const auto now = supervision_->clock_.now();
  const std::lock_guard lock(supervision_->mutex_);
  loop_->success = loop_->turn = now;
  loop_->succeeded = true;
  loop_->problem.clear();
}

void LoopMark::turned() const {
  if (supervision_ == nullptr) return;
  const auto now = supervision_->clock_.now();
  const std::lock_guard lock(supervision_->mutex_);
  loop_->turn = now;
}

void LoopMark::failed(const std::string& problem) const {
  if (supervision_ == nullptr) return;
  const auto now = supervision_->clock_.now();
  const std::lock_guard lock(supervision_->mutex_);
  loop_->turn = now;
  loop_->problem = problem;
}

void LoopMark::may_take_until(Clock::time_point until) const {
  if (supervision_ == nullptr) return;
  const std::lock_guard lock(supervision_->mutex_);
  loop_->success = std::max(loop_->success, until);
  loop_->turn = std::max(loop_->turn, until);
}

void LoopMark::rest() const {
  if (supervision_ == nullptr) return;
  const auto now = supervision_->clock_.now();
  const std::lock_guard lock(supervision_->mutex_);
  if (!loop_->resting) loop_->rested_at = now;
  loop_->resting = true;
}

void LoopMark::resume() const {
  if (supervision_ == nullptr) return;
  const auto now = supervision_->clock_.now();
  const std::lock_guard lock(supervision_->mutex_);
  if (!loop_->resting) return;
  loop_->resting = false;
  const auto pause = now - loop_->rested_at;
  loop_->success = shifted(loop_->success, pause, now);
  loop_->turn = shifted(loop_->turn, pause, now);
}

LoopMark Supervision::add(const std::string& name, const LoopLimits& limits) {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  LoopState& loop = loops_.emplace_back();
  loop.name = name;
  loop.limits = limits;
  loop.success = loop.turn = now;
  return {*this, loop};
}

Supervision::Report Supervision::report() const {
  Report report;
  report.phase = phase_;
  const std::lock_guard lock(mutex_);
  report.at = clock_.now();  // under the lock: no mark is newer
  report.loops.assign(loops_.begin(), loops_.end());
  return report;
}

bool Supervision::Report::is_live() const {
  return std::none_of(loops.begin(), loops.end(), [this](const LoopState& loop) {
    return judge(loop, at) == LoopVerdict::stuck;
  });
}

bool Supervision::Report::is_ready() const {
  return phase == Phase::serving &&
         std::all_of(loops.begin(), loops.end(), [this](const auto& loop) {
           const LoopVerdict verdict = judge(loop, at);
           return verdict == LoopVerdict::good || verdict == LoopVerdict::resting;
         });
}

}  // namespace lethe
