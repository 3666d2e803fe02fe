#include "worker/worker_metrics.hpp"

#include <chrono>

namespace lethe::worker {

namespace {

constexpr std::size_t outcomes_max = 10;
constexpr std::size_t policies_max = 200;  // names are the users': beyond these, "(other)"

/// Around the 250 ms that a batch should take, up to what a lease allows.
const std::vector<double> batch_bounds{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120};

std::vector<std::string> outcomes() {
  std::vector<std::string> names;
  for (const Outcome outcome : {Outcome::done, Outcome::again, Outcome::fail, Outcome::release,
                                Outcome::cancel, Outcome::dead})
    names.emplace_back(to_string(outcome));
  return names;
}

}  // namespace

WorkerMetrics::WorkerMetrics()
    : settlements_("outcome", outcomes_max, outcomes()),
      rows_("policy", policies_max),
      fenced_("where", 2, {"queue", "target"}),
      batches_(batch_bounds) {}

void WorkerMetrics::settled(const Settlement& settlement, Settled answer) {
  if (answer == Settled::lease_lost) return fenced_.add("queue");
  settlements_.add(to_string(settlement.outcome));
  if (settlement.batches == 0) return;  // no batch was committed
  batches_.observe(std::chrono::duration<double>(settlement.took).count());
  rows_.add(settlement.policy.empty() ? "(ad-hoc)" : settlement.policy,
            static_cast<double>(settlement.batch_rows));
}

void WorkerMetrics::step_ended(bool fenced) {
  --busy_;
  if (fenced) fenced_.add("target");
}

MetricFamilies WorkerMetrics::families() const {
  const std::int32_t busy = busy_;
  MetricFamily slots{
      .name = "lethe_worker_slots",
      .help = "Slots of this worker by what they do.",
      .kind = MetricKind::gauge,
      .samples = {{.labels = {{"state", "busy"}}, .value = static_cast<double>(busy)},
                  {.labels = {{"state", "free"}}, .value = static_cast<double>(slots_ - busy)}}};
  return {std::move(slots),
          {.name = "lethe_leases_total",
           .help = "Leases that this worker took.",
           .kind = MetricKind::counter,
           .samples = {{.value = static_cast<double>(leases_)}}},
          settlements_.family("lethe_settlements_total",
                              "Leases of this worker that ended, by how they did."),
          fenced_.family("lethe_fenced_total",
                         "Work of this worker that was refused because its lease had been lost, by "
                         "who refused it."),
          batches_.family("lethe_batch_duration_seconds",
                          "How long the committed batches of this worker took; their number."),
          rows_.family("lethe_rows_total", "Rows that this worker deleted or changed, by policy.")};
}

Exchange CountedQueue::exchange(const std::vector<Settlement>& settlements,
                                const std::optional<LeaseRequest>& request) {
  Exchange answer = queue_.exchange(settlements, request);
  for (std::size_t i = 0; i < settlements.size(); ++i)
    metrics_.settled(settlements[i], answer.settled.at(i));
  metrics_.took(answer.leased.size());
  return answer;
}

}  // namespace lethe::worker
