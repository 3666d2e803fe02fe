#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/tasks/task_runner.hpp"

namespace lethe::test {

/// What all runners of one test share: what their calls return, and a gate at which clean() and
/// vacuum() stand while it is closed. Safe to share.
class FakeTarget {
 public:
  /// A batch that deleted nothing.
  static BatchDone done(bool finished) {
    BatchDone batch;
    batch.finished = finished;
    return batch;
  }

  std::function<std::variant<BatchDone, TargetTrouble>(const LeaseToken&)> batch =
      [](const LeaseToken&) { return done(true); };
  std::variant<PlanFacts, TargetTrouble> facts = PlanFacts{};
  std::variant<Volume, TargetTrouble> volume = Volume{};
  std::variant<Verified, TargetTrouble> verified = Verified{};

  std::function<void()> before_cancel{};  ///< on the thread that cancels

  void close() { set(closed_, true); }
  void open() { set(closed_, false); }
  /// Cancels what `runner` runs now; nothing when it runs nothing.
  void cancel(const TaskRunner* runner) {
    if (before_cancel) before_cancel();
    const std::lock_guard lock(mutex_);
    if (running_.count(runner) > 0) cancelled_.insert(runner);
    changed_.notify_all();
  }

  /// Waits until `count` calls of clean() or vacuum() have begun.
  void wait_for_calls(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_ >= count; });
  }
  /// Waits until `count` of these calls were cancelled.
  void wait_for_cancels(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancels_ >= count; });
  }
  int cancels() {
    const std::lock_guard lock(mutex_);
    return cancels_;
  }
  /// How many of these calls have begun.
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  /// Stands at the gate; the trouble when it is cancelled there.
  std::optional<TargetTrouble> stand(const TaskRunner* runner) {
    std::unique_lock lock(mutex_);
    ++calls_;
    running_.insert(runner);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !closed_ || cancelled_.count(runner) > 0; });
    running_.erase(runner);
    if (cancelled_.erase(runner) == 0) return std::nullopt;
    ++cancels_;
    changed_.notify_all();
    return TargetTrouble{.kind = TargetTrouble::Kind::timed_out,
                         .message = "canceling statement due to user request",
                         .sqlstate = "57014"};
  }

 private:
  void set(bool& flag, bool value) {
    const std::lock_guard lock(mutex_);
    flag = value;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int calls_ = 0;
  int cancels_ = 0;
  bool closed_ = false;
  std::set<const TaskRunner*> running_;
  std::set<const TaskRunner*> cancelled_;
};

/// One executor's runner on a FakeTarget, which is borrowed.
class FakeTaskRunner final : public TaskRunner {
 public:
  explicit FakeTaskRunner(FakeTarget& target) : target_(target) {}

  [[nodiscard]] std::variant<PlanFacts, TargetTrouble> look(const RunContext&,
                                                            const LeaseToken&) override {
    return target_.facts;
  }
  [[nodiscard]] std::variant<Volume, TargetTrouble> weigh(const RunContext&, const LeaseToken&,
                                                          const RunBounds&, std::int64_t) override {
    return target_.volume;
  }
  [[nodiscard]] std::variant<BatchDone, TargetTrouble> clean(const RunContext&,
                                                             const LeaseToken& lease,
                                                             const TaskPayload&,
                                                             std::int64_t) override {
    if (auto trouble = target_.stand(this)) return *std::move(trouble);
    return target_.batch(lease);
  }
  [[nodiscard]] std::variant<Verified, TargetTrouble> verify(const RunContext&, const LeaseToken&,
                                                             const TaskPayload&) override {
    return target_.verified;
  }
  [[nodiscard]] std::variant<Vacuumed, TargetTrouble> vacuum(const RunContext&, const LeaseToken&,
                                                             std::chrono::milliseconds) override {
    if (auto trouble = target_.stand(this)) return *std::move(trouble);
    return Vacuumed{.finished = true, .left = ""};
  }
  void tidy() override {}
  void cancel() noexcept override { target_.cancel(this); }

 private:
  FakeTarget& target_;
};

}  // namespace lethe::test
