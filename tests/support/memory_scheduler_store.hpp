#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/control/scheduler_store.hpp"
#include "common/store_error.hpp"

namespace lethe::test {

/// The row of the leader, with the given clock as the database's. For one thread.
class MemoryLeadership final : public Leadership {
 public:
  explicit MemoryLeadership(const Clock& clock) : clock_(clock) {}

  std::optional<Term> campaign(const std::string& holder,
                               std::chrono::milliseconds length) override {
    if (unreachable)
      throw StoreError(Failure::connection_lost, "leader_campaign", "08006", "no connection");
    const bool over = clock_.now() >= expires_at_;
    if (!over && holder_ != holder) return std::nullopt;
    if (over || holder_ != holder) ++number_;
    holder_ = holder;
    expires_at_ = clock_.now() + length;
    if (on_campaign) on_campaign();
    return Term{.holder = holder_, .number = number_};
  }
  /// Somebody else leads from now on, as after a change by hand.
  void depose() {
    holder_ = "usurper";
    ++number_;
    expires_at_ = clock_.now() + std::chrono::hours(1);
  }
  void resign(const Term& term) override {
    if (holds(term)) expires_at_ = clock_.now();
  }
  [[nodiscard]] bool holds(const Term& term) const {
    return term.holder == holder_ && term.number == number_ && clock_.now() < expires_at_;
  }

  bool unreachable = false;
  std::function<void()> on_campaign;  ///< after the term was won, before the answer

 private:
  const Clock& clock_;
  std::string holder_;
  std::int64_t number_ = 0;
  Clock::time_point expires_at_;
};

/// Policies and runs in memory: one run per policy and instant, and only in a term that holds.
class MemorySchedulerStore final : public SchedulerStore {
 public:
  explicit MemorySchedulerStore(const MemoryLeadership& leadership) : leadership_(leadership) {}

  std::vector<DuePolicy> due_policies(std::int32_t policies_max,
                                      const std::string& after) override {
    std::vector<DuePolicy> page;
    std::sort(due.begin(), due.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    for (const auto& policy : due)
      if (policy.name > after && page.size() < static_cast<std::size_t>(policies_max))
        page.push_back(policy);
    return page;
  }
  Fired fire(const Term& term, const Firing& firing) override {
    ++fire_calls;
    if (const auto state = rejected.find(firing.policy); state != rejected.end())
      throw StoreError(Failure::rejected, "runs_insert", state->second, "no");
    if (!leadership_.holds(term)) return {};
    Fired fired{.leads = true};
    for (const Instant missed : firing.missed)
      if (runs.emplace(firing.policy, missed).second) ++fired.skipped;
    if (!runs.emplace(firing.policy, firing.scheduled_for).second) return fired;
    firings.push_back(firing);
    if (firing.run_newest)
      fired.run = "run-" + std::to_string(firings.size());
    else
      ++fired.skipped;
    return fired;
  }
  std::int32_t promote(const Term&, std::int32_t max) override {
    ++promote_calls;
    const std::int32_t now = std::min(max, scheduled);
    scheduled -= now;
    return now;
  }
  std::vector<Rescue> rescue(const Term&, std::chrono::milliseconds, std::int32_t, bool) override {
    return std::exchange(rescues, {});
  }
  std::int32_t expire(const Term&, std::int32_t) override {
    ++expire_calls;
    return 0;
  }
  std::int32_t close_runs(const Term&, std::int32_t) override {
    ++close_calls;
    return 0;
  }
  void advance_lanes(const Term&) override { ++lanes_calls; }
  void recount(const Term&, const std::function<bool()>&) override { ++recount_calls; }
  void keep_house(const Term&, const KeepDays& days) override {
    house_days = days.history;
    if (on_house) on_house();
  }

  std::vector<DuePolicy> due;
  std::vector<Rescue> rescues;
  std::set<std::pair<std::string, Instant>> runs;
  std::vector<Firing> firings;
  std::map<std::string, std::string> rejected;  ///< the SQLSTATE of what a policy meets
  std::int32_t scheduled = 0;
  int fire_calls = 0;
  int promote_calls = 0;
  int expire_calls = 0;
  int close_calls = 0;
  int lanes_calls = 0;
  int recount_calls = 0;
  std::function<void()> on_house;
  std::int32_t house_days = 0;

 private:
  const MemoryLeadership& leadership_;
};

}  // namespace lethe::test
