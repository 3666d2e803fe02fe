#include <cmath>
#include <limits>
#include <string>

#include "common/metrics/counters.hpp"
#include "common/metrics/metric_text.hpp"
#include "common/metrics/process_metrics.hpp"
#include "scheduler/scheduler_metrics.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "worker/worker_metrics.hpp"

using namespace lethe;
using namespace std::chrono_literals;

namespace {

bool has(const MetricFamilies& families, const std::string& line) {
  return ("\n" + to_prometheus_text(families)).find("\n" + line + "\n") != std::string::npos;
}

Settlement batch(const std::string& policy, std::int64_t rows) {
  Settlement settlement;
  settlement.outcome = Outcome::again;
  settlement.policy = policy;
  settlement.batches = 1;
  settlement.batch_rows = rows;
  settlement.took = 200ms;
  return settlement;
}

}  // namespace

TEST_CASE("metrics are written as Prometheus reads them", "[metrics]") {
  MetricFamily family{.name = "lethe_x", .help = "What\nis \\ it.", .samples = {}};
  family.samples.push_back({.labels = {{"a", "say \"no\"\\\n"}, {"b", ""}}, .value = 1});
  family.samples.push_back({.labels = {}, .value = 0.25});
  CHECK(to_prometheus_text({family}) ==
        "# HELP lethe_x What\\nis \\\\ it.\n# TYPE lethe_x gauge\n"
        "lethe_x{a=\"say \\\"no\\\"\\\\\\n\",b=\"\"} 1\nlethe_x 0.25\n");
}

TEST_CASE("numbers that are none have the names that Prometheus knows", "[metrics]") {
  CHECK(has({gauge("x", "h", std::numeric_limits<double>::infinity())}, "x +Inf"));
  CHECK(has({gauge("x", "h", -std::numeric_limits<double>::infinity())}, "x -Inf"));
  CHECK(has({gauge("x", "h", std::nan(""))}, "x NaN"));
  CHECK(has({gauge("x", "h", 1e20)}, "x 1e+20"));
}

TEST_CASE("a family without samples is left out", "[metrics]") {
  CHECK(to_prometheus_text({{.name = "lethe_x", .help = "h", .samples = {}}}).empty());
}

TEST_CASE("a counter has its known values from the beginning and a bound for all others",
          "[metrics]") {
  LabelledCounter counter("policy", 2, {"a"});
  CHECK(has({counter.family("n_total", "h")}, "n_total{policy=\"a\"} 0"));
  counter.add("b", 5);
  counter.add("c", 7);
  counter.add("d", 1);
  counter.add("b");
  const MetricFamilies families{counter.family("n_total", "h")};
  CHECK(has(families, "# TYPE n_total counter"));
  CHECK(has(families, "n_total{policy=\"b\"} 6"));
  CHECK(has(families, "n_total{policy=\"(other)\"} 8"));
  CHECK_FALSE(has(families, "n_total{policy=\"c\"} 7"));
}

TEST_CASE("a histogram's buckets hold what is not above their ends and all below", "[metrics]") {
  Histogram histogram({0.1, 1});
  for (const double seconds : {0.1, 0.5, 1.0, 2.0}) histogram.observe(seconds);
  CHECK(to_prometheus_text({histogram.family("d_seconds", "h")}) ==
        "# HELP d_seconds h\n# TYPE d_seconds histogram\n"
        "d_seconds_bucket{le=\"0.1\"} 1\nd_seconds_bucket{le=\"1\"} 3\n"
        "d_seconds_bucket{le=\"+Inf\"} 4\nd_seconds_sum 3.6\nd_seconds_count 4\n");
}

TEST_CASE("a process tells the oldest success of each kind of loop that does not rest",
          "[metrics]") {
  test::FakeClock clock;
  Supervision supervision(clock);
  const LoopLimits limits;
  const LoopMark first = supervision.add("executor", limits);
  const LoopMark second = supervision.add("executor", limits);
  supervision.add("firing", limits).rest();
  first.succeeded();
  clock.advance(3s);
  second.succeeded();
  clock.advance(1s);
  const auto families = process_metrics("lethe-worker", "1.2.3", supervision.report());
  CHECK(has(families, "lethe_loop_last_success_age_seconds{loop=\"executor\"} 4"));
  CHECK(has(families, "lethe_build_info{program=\"lethe-worker\",version=\"1.2.3\"} 1"));
  CHECK(has(families, "lethe_ready 0"));
  const std::string text = to_prometheus_text(families);
  CHECK(text.find("firing") == std::string::npos);
  CHECK(text.find("\nprocess_resident_memory_bytes ") != std::string::npos);
  CHECK(text.find("\nprocess_open_fds ") != std::string::npos);
}

TEST_CASE("a worker counts a settlement once however often it is repeated", "[metrics]") {
  worker::WorkerMetrics metrics;
  metrics.settled(batch("p", 10), Settled::yes);
  metrics.settled(batch("p", 5), Settled::already);  // the first answer got lost
  metrics.settled(batch("", 1), Settled::yes);
  metrics.settled(batch("p", 99), Settled::lease_lost);
  Settlement release;
  metrics.settled(release, Settled::yes);
  const auto families = metrics.families();
  CHECK(has(families, "lethe_rows_total{policy=\"p\"} 15"));
  CHECK(has(families, "lethe_rows_total{policy=\"(ad-hoc)\"} 1"));
  CHECK(has(families, "lethe_fenced_total{where=\"queue\"} 1"));
  CHECK(has(families, "lethe_settlements_total{outcome=\"again\"} 3"));
  CHECK(has(families, "lethe_settlements_total{outcome=\"release\"} 1"));
  CHECK(has(families, "lethe_batch_duration_seconds_count 3"));
  CHECK(has(families, "lethe_batch_duration_seconds_bucket{le=\"0.1\"} 0"));
  CHECK(has(families, "lethe_batch_duration_seconds_bucket{le=\"0.25\"} 3"));
}

TEST_CASE("a worker tells its slots and what its target refused", "[metrics]") {
  worker::WorkerMetrics metrics;
  metrics.set_slots(4);
  metrics.step_began();
  metrics.step_began();
  metrics.step_ended(true);
  CHECK(has(metrics.families(), "lethe_worker_slots{state=\"busy\"} 1"));
  CHECK(has(metrics.families(), "lethe_worker_slots{state=\"free\"} 3"));
  CHECK(has(metrics.families(), "lethe_fenced_total{where=\"target\"} 1"));
}

TEST_CASE("what is not known of a policy is not told", "[metrics]") {
  FleetStatistics fleet;
  fleet.policies = {{.name = "known",
                     .target = "app",
                     .lag_seconds = 60,
                     .failing = true,
                     .inserts_per_second = 2.5,
                     .deletes_per_second = 2},
                    {.name = "new", .target = "app", .lag_seconds = 1}};
  const auto families = scheduler::fleet_metrics(fleet);
  CHECK(has(families, "lethe_policy_retention_lag_seconds{policy=\"known\",target=\"app\"} 60"));
  CHECK(has(families, "lethe_policy_failing{policy=\"known\",target=\"app\"} 1"));
  CHECK(has(families, "lethe_policy_inserts_per_second{policy=\"known\",target=\"app\"} 2.5"));
  CHECK(has(families, "lethe_policy_retention_lag_seconds{policy=\"new\",target=\"app\"} 1"));
  CHECK_FALSE(has(families, "lethe_policy_inserts_per_second{policy=\"new\",target=\"app\"} 0"));
}

TEST_CASE("only one that leads tells its term", "[metrics]") {
  CHECK(has(scheduler::leadership_metrics(7), "lethe_leader 1"));
  CHECK(has(scheduler::leadership_metrics(7), "lethe_leader_term 7"));
  CHECK(to_prometheus_text(scheduler::leadership_metrics({})).find("term") == std::string::npos);
}
