// Lethe alone, under conditions that make other queues slow or unfair.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <stop_token>
#include <thread>

#include "tests/bench/own_queue.hpp"
#include "tests/bench/scenarios.hpp"

namespace lethe::bench {

namespace {

constexpr double warm_up_seconds = 2;

/// A load that a feeder keeps supplied: about `depth` tasks wait all the time.
struct FedLoad {
  std::int64_t depth = 0;  ///< waiting at the start
  int batch = 100;         ///< the feeder adds so many at once
  int clients = 4;
  double seconds = 0;
};

/// Adds tasks whenever fewer than the depth are left, until `stop` is requested.
void keep_fed(OwnQueue& queue, const FedLoad& fed, const std::atomic<std::uint64_t>& done,
              const std::stop_token& stop) {
  const Cycle feed = queue.feeders(fed.batch)(0);
  const auto depth = static_cast<std::uint64_t>(fed.depth);
  auto added = depth;
  while (!stop.stop_requested()) {
    if (added < done + depth) {
      added += feed();
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
}

Samples run_fed(OwnQueue& queue, const FedLoad& fed) {
  std::atomic<std::uint64_t> done = 0;
  std::exception_ptr error;
  std::jthread feeder([&](const std::stop_token& stop) {
    try {
      keep_fed(queue, fed, done, stop);
    } catch (...) {  // thrown again below
      error = std::current_exception();
    }
  });
  Samples samples =
      run_load({.clients = fed.clients, .seconds = fed.seconds, .done = &done}, queue.workers(1));
  feeder.request_stop();
  feeder.join();
  if (error) std::rethrow_exception(error);
  return samples;
}

/// A transaction that sees the database as it is now, and keeps PostgreSQL from removing what is
/// deleted after it, for as long as it lives.
class HeldSnapshot {
 public:
  explicit HeldSnapshot(const std::string& url) : connection_(url) {
    pqxx::nontransaction work(connection_);
    work.exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
    work.exec("SELECT 1");
  }

 private:
  pqxx::connection connection_;
};

Json stream(const Options& options, double seconds, bool with_snapshot) {
  OwnQueue queue({.max_running = 64});
  const std::int64_t depth = options.tasks(5'000);
  queue.fill_evenly(depth);
  std::optional<HeldSnapshot> snapshot;
  if (with_snapshot) snapshot.emplace(queue.database().url());
  const Samples samples = run_fed(
      queue, {.depth = depth, .batch = 1000, .clients = 4, .seconds = seconds + warm_up_seconds});
  const double window = std::min(10.0, seconds / 2);
  Json result = summary(samples, warm_up_seconds, warm_up_seconds + seconds);
  double worst = 0;
  for (double from = warm_up_seconds; from + window <= warm_up_seconds + seconds + 0.001;
       from += window) {
    const Json part = summary(samples, from, from + window);
    worst = std::max(worst, part.at("p99_ms").get<double>());
    result["windows"].push_back(part);
  }
  result["worst_window_p99_ms"] = worst;
  result["last_window_tasks_per_second"] = result["windows"].back().at("tasks_per_second");
  result["window_seconds"] = window;
  result["repeated_calls"] = queue.errors();
  result["dead_tuples"] = queue.database().number(
      "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = 'lethe.items'::regclass");
  fmt::print(stderr, "  {} {}\n", with_snapshot ? "with" : "without", result.dump());
  return result;
}

Json backlog(const Options& options, std::int64_t waiting) {
  constexpr double seconds = 20;
  OwnQueue queue({.tenants = 1000, .max_running = 64});
  queue.fill_evenly(waiting);
  const double length = options.seconds.value_or(seconds);
  const Samples samples =
      run_fed(queue, {.depth = waiting, .clients = 16, .seconds = length + warm_up_seconds});
  Json result = summary(samples, warm_up_seconds, warm_up_seconds + length);
  result["repeated_calls"] = queue.errors();
  fmt::print(stderr, "  {} waiting {}\n", waiting, result.dump());
  return result;
}

Json fairness(int max_running) {
  constexpr std::uint64_t served = 2'500;
  OwnQueue queue({.tenants = 1000, .max_running = max_running});
  queue.fill_unevenly(20'000, 10);
  static_cast<void>(run_load({.clients = 8, .tasks = served, .seconds = 300}, queue.workers(1)));
  const auto row = queue.database()
                       .execute(
                           "SELECT min(n), max(n), sum(n) FROM (SELECT t.name, count(h.id) AS n"
                           " FROM lethe.tenants t LEFT JOIN lethe.history h"
                           " ON h.tenant = t.name GROUP BY 1) x")
                       .at(0);
  const auto least = row.at(0).as<std::int64_t>();
  const auto most = row.at(1).as<std::int64_t>();
  return {{"served", row.at(2).as<std::int64_t>()},
          {"least_of_a_tenant", least},
          {"most_of_a_tenant", most},
          {"difference", most - least}};
}

}  // namespace

Json measure_backlog(const Options& options) {
  constexpr std::int64_t short_line = 1'000;
  const std::int64_t long_line = options.tasks(1'000'000);
  const Json few = backlog(options, short_line);
  const Json many = backlog(options, long_line);
  const double ratio = many.at("p99_ms").get<double>() / few.at("p99_ms").get<double>();
  return {{"goal", "p99 with 1,000,000 waiting tasks at most 2 x that with 1,000"},
          {"systems",
           {{fmt::format("lethe, {} waiting", short_line), few},
            {fmt::format("lethe, {} waiting", long_line), many}}},
          {"reached", ratio <= 2},
          {"verdict", fmt::format("{:.2f} x", ratio)}};
}

Json measure_snapshot(const Options& options) {
  constexpr double ten_minutes = 600;
  const double seconds = options.seconds.value_or(ten_minutes);
  const Json without = stream(options, seconds / 5, false);
  const Json with = stream(options, seconds, true);
  const double share = with.at("last_window_tasks_per_second").get<double>() /
                       without.at("tasks_per_second").get<double>();
  const double worst = with.at("worst_window_p99_ms").get<double>();
  return {{"goal", fmt::format("after {:.0f} s at least 0.6 of the throughput without, and no p99 "
                               "of 10 s over 20 ms",
                               seconds)},
          {"systems", {{"lethe, without", without}, {"lethe, snapshot held", with}}},
          {"reached", share >= 0.6 && worst <= 20},
          {"verdict", fmt::format("{:.2f} of the throughput, worst p99 {:.1f} ms", share, worst)}};
}

Json measure_fairness(const Options&) {
  const Json narrow = fairness(64);
  const Json wide = fairness(4'000);
  const auto difference = std::max(narrow.at("difference").get<std::int64_t>(),
                                   wide.at("difference").get<std::int64_t>());
  return {
      {"goal", "after 2,500 of 1 x 20,000 + 999 x 10 tasks no two tenants differ by more than 2"},
      {"systems", {{"lethe, 64 slots", narrow}, {"lethe, 4,000 slots", wide}}},
      {"reached", difference <= 2},
      {"verdict", fmt::format("largest difference {}", difference)}};
}

}  // namespace lethe::bench
