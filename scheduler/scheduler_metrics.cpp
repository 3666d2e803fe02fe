#include "scheduler/scheduler_metrics.hpp"

#include <utility>

namespace lethe::scheduler {

namespace {

constexpr std::size_t names_max = 10;

MetricFamily by_name(std::string name, std::string help, const std::string& label,
                     const NamedCounts& counts) {
  MetricFamily family{
      .name = std::move(name), .help = std::move(help), .kind = MetricKind::gauge, .samples = {}};
  for (const auto& [value, count] : counts)
    family.samples.push_back({.labels = {{label, value}}, .value = static_cast<double>(count)});
  return family;
}

/// A gauge with one sample per element of `list`; `sample` makes it.
template <class List, class MakeSample>
MetricFamily of_each(std::string name, std::string help, const List& list, MakeSample sample) {
  MetricFamily family{
      .name = std::move(name), .help = std::move(help), .kind = MetricKind::gauge, .samples = {}};
  for (const auto& one : list)
    if (auto made = sample(one)) family.samples.push_back(*std::move(made));
  return family;
}

using Made = std::optional<MetricSample>;

void add_lanes(MetricFamilies& families, const std::vector<LaneStatistics>& lanes) {
  families.push_back(of_each(
      "lethe_demand_slots", "Slots that could be busy now: admitted tasks, leased or ready.", lanes,
      [](const LaneStatistics& one) -> Made {
        return MetricSample{.labels = {{"lane", one.lane}},
                            .value = static_cast<double>(one.busy + one.ready)};
      }));
  families.push_back(
      of_each("lethe_oldest_claimable_age_seconds",
              "Since the oldest task that waits for nothing but a worker is ready.", lanes,
              [](const LaneStatistics& one) -> Made {
                return MetricSample{.labels = {{"lane", one.lane}}, .value = one.oldest_seconds};
              }));
}

void add_workers(MetricFamilies& families, const std::vector<WorkerStatistics>& workers) {
  MetricFamily slots{.name = "lethe_fleet_slots",
                     .help = "Slots of all workers that take leases.",
                     .kind = MetricKind::gauge,
                     .samples = {}};
  NamedCounts phases;
  for (const WorkerStatistics& one : workers) {
    phases.emplace_back(one.phase, one.workers);
    if (one.phase != "running") continue;
    slots.samples = {
        {.labels = {{"state", "busy"}}, .value = static_cast<double>(one.busy)},
        {.labels = {{"state", "free"}}, .value = static_cast<double>(one.slots - one.busy)}};
  }
  families.push_back(by_name("lethe_workers", "Registered workers.", "phase", phases));
  families.push_back(std::move(slots));
}

void add_policies(MetricFamilies& families, const std::vector<PolicyStatistics>& policies) {
  const auto labels = [](const PolicyStatistics& one) {
    return MetricLabels{{"policy", one.name}, {"target", one.target}};
  };
  const auto maybe = [&labels](const PolicyStatistics& one, const std::optional<double>& value) {
    return value ? Made({.labels = labels(one), .value = *value}) : Made();
  };
  families.push_back(of_each(
      "lethe_policy_retention_lag_seconds",
      "Since the policy as it is now was last proved satisfied, or was made. Where it was, no "
      "row is overdue by more.",
      policies, [&](const PolicyStatistics& one) { return maybe(one, one.lag_seconds); }));
  families.push_back(of_each(
      "lethe_policy_failing", "Whether its last run was neither satisfied nor cancelled.", policies,
      [&](const PolicyStatistics& one) { return maybe(one, one.failing ? 1.0 : 0.0); }));
  families.push_back(of_each(
      "lethe_policy_inserts_per_second",
      "Rows inserted into its table between its last two satisfied runs, by statistics.", policies,
      [&](const PolicyStatistics& one) { return maybe(one, one.inserts_per_second); }));
  families.push_back(of_each(
      "lethe_policy_deletes_per_second", "Rows that its runs deleted or changed in that time.",
      policies, [&](const PolicyStatistics& one) { return maybe(one, one.deletes_per_second); }));
}

}  // namespace

SchedulerMetrics::SchedulerMetrics()
    : firings_("outcome", names_max, {"run", "skipped", "refused"}),
      rescues_("outcome", names_max, {"rescued", "dead"}),
      moved_("what", names_max, {"promoted", "expired", "closed"}) {}

void SchedulerMetrics::fired(const Fired& fired) {
  if (!fired.run.empty()) firings_.add("run");
  if (fired.skipped > 0) firings_.add("skipped", static_cast<double>(fired.skipped));
}

void SchedulerMetrics::refused() { firings_.add("refused"); }

void SchedulerMetrics::rescued(bool dead) { rescues_.add(dead ? "dead" : "rescued"); }

void SchedulerMetrics::did(const std::string& what, std::int64_t tasks) {
  if (tasks > 0) moved_.add(what, static_cast<double>(tasks));
}

MetricFamilies SchedulerMetrics::families() const {
  return {
      firings_.family("lethe_firings_total",
                      "Instants that became a run or were recorded as skipped, and attempts that "
                      "were refused."),
      rescues_.family("lethe_rescues_total",
                      "Tasks that this scheduler took back from lost or hung workers."),
      moved_.family("lethe_leader_moves_total",
                    "Tasks that became ready or expired, and runs that were moved on.")};
}

MetricFamilies leadership_metrics(const std::optional<std::int64_t>& term) {
  MetricFamilies families{gauge("lethe_leader", "Whether this scheduler leads.", term ? 1 : 0)};
  if (term)
    families.push_back(
        gauge("lethe_leader_term", "The term in which it leads.", static_cast<double>(*term)));
  return families;
}

MetricFamilies fleet_metrics(const FleetStatistics& statistics) {
  MetricFamilies families{
      by_name("lethe_tasks", "Tasks by state, each counted up to 100,000.", "state",
              statistics.tasks),
      by_name("lethe_runs", "Open runs by state.", "state", statistics.runs),
      by_name("lethe_dead_letters", "Tasks that will not be tried again.", "reason",
              statistics.dead),
      by_name("lethe_brakes",
              "What holds the fleet back: pauses, freezes, circuits, limits of rows per second.",
              "brake", statistics.brakes)};
  add_lanes(families, statistics.lanes);
  add_workers(families, statistics.workers);
  add_policies(families, statistics.policies);
  families.push_back(
      gauge("lethe_control_xmin_age_transactions",
            "Transactions since the oldest of what holds VACUUM up: snapshots, transactions, "
            "replicas, slots.",
            static_cast<double>(statistics.xmin_age)));
  if (statistics.oldest_transaction_seconds)
    families.push_back(gauge("lethe_control_oldest_transaction_seconds",
                             "Since the oldest transaction that holds VACUUM up began.",
                             *statistics.oldest_transaction_seconds));
  return families;
}

std::vector<DuePolicy> CountedStore::due_policies(std::int32_t policies_max,
                                                  const std::string& after) {
  return store_.due_policies(policies_max, after);
}

Fired CountedStore::fire(const Term& term, const Firing& firing) {
  Fired fired = store_.fire(term, firing);
  metrics_.fired(fired);
  return fired;
}

std::int32_t CountedStore::promote(const Term& term, std::int32_t tasks_max) {
  const std::int32_t tasks = store_.promote(term, tasks_max);
  metrics_.did("promoted", tasks);
  return tasks;
}

std::vector<Rescue> CountedStore::rescue(const Term& term, std::chrono::milliseconds worker_ttl,
                                         std::int32_t tasks_max, bool deadlines) {
  auto rescues = store_.rescue(term, worker_ttl, tasks_max, deadlines);
  for (const Rescue& rescue : rescues) metrics_.rescued(rescue.dead);
  return rescues;
}

std::int32_t CountedStore::expire(const Term& term, std::int32_t tasks_max) {
  const std::int32_t tasks = store_.expire(term, tasks_max);
  metrics_.did("expired", tasks);
  return tasks;
}

std::int32_t CountedStore::close_runs(const Term& term, std::int32_t runs_max) {
  const std::int32_t runs = store_.close_runs(term, runs_max);
  metrics_.did("closed", runs);
  return runs;
}

}  // namespace lethe::scheduler
