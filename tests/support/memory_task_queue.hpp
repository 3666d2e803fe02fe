#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/store_error.hpp"
#include "common/tasks/task_queue.hpp"

namespace lethe::test {

/// The items table in memory, as far as a worker can tell: leases by epoch, requeues without delay,
/// repeated settlements. Safe to share; wait_until() lets a test wait for a state.
class MemoryTaskQueue final : public TaskQueue {
 public:
  struct Item {
    LeasedTask task;
    bool leased = false;
  };
  struct Ended {
    Outcome outcome = Outcome::done;
    Settlement settlement;
  };

  /// Called before (true) and after (false) a settlement takes effect; may throw.
  std::function<void(bool before)> around_settle;

  void add(const std::string& id, TaskKind kind, std::string payload) {
    const std::lock_guard lock(mutex_);
    Item item;
    item.task.lease.task = TaskId{id};
    item.task.kind = kind;
    item.task.run = RunId{"run"};
    item.task.payload = std::move(payload);
    item.task.max_attempts = 8;
    items[id] = std::move(item);
  }

  /// What the scheduler's rescue does.
  void rescue(const std::string& id) {
    const std::lock_guard lock(mutex_);
    items.at(id).leased = false;
    ++items.at(id).task.lease.epoch;
  }

  template <class Ready>
  void wait_until(Ready ready) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ready(*this); });
  }

  std::vector<LeasedTask> lease(const LeaseRequest& request) override {
    const std::lock_guard lock(mutex_);
    std::vector<LeasedTask> result;
    for (auto& [id, item] : items) {
      if (item.leased || result.size() >= static_cast<std::size_t>(request.tasks_max)) continue;
      item.leased = true;
      ++item.task.lease.epoch;
      ++item.task.attempts;
      item.task.lease.worker = request.worker;
      result.push_back(item.task);
    }
    ++leases;
    changed_.notify_all();
    return result;
  }

  [[nodiscard]] std::vector<Settled> settle(const std::vector<Settlement>& settlements) override {
    if (around_settle) around_settle(true);
    std::vector<Settled> result;
    {
      const std::lock_guard lock(mutex_);
      for (const Settlement& one : settlements) result.push_back(settle_one(one));
      settle_sizes.push_back(settlements.size());
      changed_.notify_all();
    }
    if (around_settle) around_settle(false);
    return result;
  }

  std::optional<RunContext> run_context(const RunId& run) override {
    const std::lock_guard lock(mutex_);
    if (context_failures > 0 && context_failures-- > 0)
      throw StoreError(Failure::connection_lost, "runs_context", "08006", "no connection");
    if (!has_runs) return std::nullopt;
    RunContext context;
    context.id = run;
    context.target = "app";
    context.spec.timestamp = {"created_at"};
    return context;
  }

  // Read these in wait_until() or when the worker has ended.
  std::map<std::string, Item> items;
  std::map<std::string, Ended> ended;
  std::vector<Outcome> outcomes;
  std::vector<Settled> answers;
  std::vector<std::size_t> settle_sizes;
  int leases = 0;
  bool has_runs = true;
  int context_failures = 0;

 private:
  Settled settle_one(const Settlement& one) {
    const auto found = items.find(one.lease.task.value);
    const bool holds = found != items.end() && found->second.leased &&
                       found->second.task.lease.epoch == one.lease.epoch &&
                       found->second.task.lease.worker == one.lease.worker;
    answers.push_back(holds ? Settled::yes : Settled::lease_lost);
    if (!holds) return Settled::lease_lost;
    outcomes.push_back(one.outcome);
    Item& item = found->second;
    item.leased = false;
    if (one.outcome != Outcome::fail) item.task.attempts = 0;
    if (one.batch_size > 0) item.task.batch_size = one.batch_size;
    if (one.outcome == Outcome::done || one.outcome == Outcome::cancel ||
        one.outcome == Outcome::dead) {
      ended[found->first] = {.outcome = one.outcome, .settlement = one};
      items.erase(found);
    }
    return Settled::yes;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace lethe::test
