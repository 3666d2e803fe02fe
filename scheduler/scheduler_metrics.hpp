#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/control/fleet_statistics.hpp"
#include "common/control/scheduler_store.hpp"
#include "common/metrics/counters.hpp"

namespace lethe::scheduler {

/// What one scheduler counts of its own work as a leader. Safe from any thread.
class SchedulerMetrics {
 public:
  SchedulerMetrics();

  void fired(const Fired& fired);
  void refused();  ///< a policy that could not fire
  void rescued(bool dead);
  void did(const std::string& what, std::int64_t tasks);

  [[nodiscard]] MetricFamilies families() const;

 private:
  LabelledCounter firings_;
  LabelledCounter rescues_;
  LabelledCounter moved_;
};

/// Whether a scheduler leads, and in which term.
[[nodiscard]] MetricFamilies leadership_metrics(const std::optional<std::int64_t>& term);

/// The whole fleet, as the leader counted it. Pure.
[[nodiscard]] MetricFamilies fleet_metrics(const FleetStatistics& statistics);

/// A store that counts what passes through it. Thread safety and errors: the store's.
class CountedStore final : public SchedulerStore {
 public:
  /// Both are borrowed and must outlive the object.
  CountedStore(SchedulerStore& store, SchedulerMetrics& metrics)
      : store_(store), metrics_(metrics) {}

  std::vector<DuePolicy> due_policies(std::int32_t policies_max, const std::string& after) override;
  Fired fire(const Term& term, const Firing& firing) override;
  std::int32_t promote(const Term& term, std::int32_t tasks_max) override;
  std::vector<Rescue> rescue(const Term& term, std::chrono::milliseconds worker_ttl,
                             std::int32_t tasks_max, bool deadlines) override;
  std::int32_t expire(const Term& term, std::int32_t tasks_max) override;
  std::int32_t close_runs(const Term& term, std::int32_t runs_max) override;
  void advance_lanes(const Term& term) override { store_.advance_lanes(term); }
  void recount(const Term& term, const std::function<bool()>& goes_on) override {
    store_.recount(term, goes_on);
  }
  void keep_house(const Term& term, const KeepDays& days) override {
    store_.keep_house(term, days);
  }

 private:
  SchedulerStore& store_;
  SchedulerMetrics& metrics_;
};

}  // namespace lethe::scheduler
