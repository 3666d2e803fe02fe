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
/// repeated settlements. Safe to share; wait_until() lets a test wait for a state, but for the
/// hooks, which are set before a worker starts.
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

  /// Called before (true) and after (false) an exchange with settlements takes effect; may throw.
  std::function<void(bool before)> around_settle;
  /// Called after an exchange with a request took effect; may throw.
  std::function<void()> after_lease;

  void add(const std::string& id, TaskKind kind, std::string payload) {
    const std::lock_guard lock(mutex_);
    Item item;
    item.task.lease.task = TaskId{id};
    item.task.kind = kind;
    item.task.run = RunId{"run"};
    item.task.target = "app";
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

  /// A lease that another worker takes.
  LeaseToken steal(const std::string& id, WorkerId worker) {
    const std::lock_guard lock(mutex_);
    return lease_one(items.at(id), {.worker = worker, .lanes = {}, .targets = {}}).lease;
  }

  template <class Ready>
  void wait_until(Ready ready) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ready(*this); });
  }

  void catch_up() override {}  // it admits at once

  Exchange exchange(const std::vector<Settlement>& settlements,
                    const std::optional<LeaseRequest>& request) override {
    const bool settles = !settlements.empty();
    if (settles && around_settle) around_settle(true);
    Exchange result;
    {
      const std::lock_guard lock(mutex_);
      ++exchanges;
      for (const Settlement& one : settlements) result.settled.push_back(settle_one(one));
      if (settles) settle_sizes.push_back(settlements.size());
      if (request) result.leased = lease_some(*request);
      changed_.notify_all();
    }
    if (settles && around_settle) around_settle(false);
    if (request && after_lease) after_lease();
    return result;
  }

  std::optional<RunContext> run_context(const RunId& run, TaskKind) override {
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
  std::vector<LeaseRequest> requests;
  int exchanges = 0;
  bool has_runs = true;
  int context_failures = 0;

 private:
  static const LeasedTask& lease_one(Item& item, const LeaseRequest& request) {
    item.leased = true;
    ++item.task.lease.epoch;
    ++item.task.attempts;
    item.task.lease.worker = request.worker;
    item.task.lease_left = request.length;
    return item.task;
  }

  std::vector<LeasedTask> lease_some(const LeaseRequest& request) {
    requests.push_back(request);
    std::vector<LeasedTask> result;
    for (auto& [id, item] : items)
      if (!item.leased && result.size() < static_cast<std::size_t>(request.tasks_max))
        result.push_back(lease_one(item, request));
    return result;
  }

  /// The task is where the end of this lease put it, and nobody has leased it since.
  bool is_settled(const LeaseToken& lease) const {
    const auto end = ended.find(lease.task.value);
    if (end != ended.end()) return end->second.settlement.lease.epoch == lease.epoch;
    const auto live = items.find(lease.task.value);
    return live != items.end() && !live->second.leased &&
           live->second.task.lease.epoch == lease.epoch;
  }

  Settled settle_one(const Settlement& one) {
    const auto found = items.find(one.lease.task.value);
    const bool holds = found != items.end() && found->second.leased &&
                       found->second.task.lease.epoch == one.lease.epoch &&
                       found->second.task.lease.worker == one.lease.worker;
    const Settled otherwise = is_settled(one.lease) ? Settled::already : Settled::lease_lost;
    answers.push_back(holds ? Settled::yes : otherwise);
    if (!holds) return otherwise;
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
