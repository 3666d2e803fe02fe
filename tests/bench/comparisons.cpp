// Lethe beside other queues: the same work on the same server, turn and turn about.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/bench/node_peer.hpp"
#include "tests/bench/own_queue.hpp"
#include "tests/bench/pgmq.hpp"
#include "tests/bench/race.hpp"
#include "tests/bench/scenarios.hpp"

namespace lethe::bench {

namespace {

constexpr double warm_up = 0.05;     // of all tasks
constexpr double seconds_max = 600;  // of one load
constexpr int connections = 4;
constexpr int insert_batch = 1000;

constexpr const char* rate = "tasks_per_second";

Json warm_summary(const Samples& samples) {
  return summary(samples, second_of_share(samples, warm_up), samples.back().at);
}

Load load_of(std::int64_t tasks, int clients) {
  return {.clients = clients, .tasks = static_cast<std::uint64_t>(tasks), .seconds = seconds_max};
}

Json own_cycles(std::int64_t tasks, int per_call) {
  OwnQueue queue({.max_running = 4000, .tenant_max_running = 100});
  queue.fill_evenly(tasks);
  const Samples samples = run_load(load_of(tasks, connections), queue.workers(per_call));
  Json result = warm_summary(samples);
  result["repeated_calls"] = queue.errors();
  result["way"] = fmt::format("exchange: settle {0} and lease {0} in one call", per_call);
  return result;
}

Json pgmq_cycles(const Options& options, std::int64_t tasks, int per_call) {
  if (!options.pgmq_file) return {{"not_measured", "give its SQL file with --pgmq"}};
  Pgmq queue(*options.pgmq_file);
  queue.fill(tasks);
  Json result = warm_summary(run_load(load_of(tasks, connections), queue.readers(per_call)));
  result["way"] = fmt::format("read of {} + delete", per_call);
  return result;
}

Json own_enqueue(std::int64_t tasks, int clients) {
  OwnQueue queue({.max_running = 64});
  Json result = warm_summary(run_load(load_of(tasks, clients), queue.feeders(insert_batch)));
  result["way"] = "insert_tasks, then admission";
  return result;
}

Json pgmq_enqueue(const Options& options, std::int64_t tasks, int clients) {
  if (!options.pgmq_file) return {{"not_measured", "give its SQL file with --pgmq"}};
  const Pgmq queue(*options.pgmq_file);
  Json result = warm_summary(run_load(load_of(tasks, clients), queue.senders(insert_batch)));
  result["way"] = "send_batch";
  return result;
}

Json node_arguments(const std::string& scenario, std::int64_t tasks, int clients, int per_call) {
  return {
      {"scenario", scenario}, {"connections", clients}, {"tasks", tasks}, {"per_call", per_call}};
}

/// The best of these systems; 0 when one that matters was not measured.
double best_of(const Json& systems, const std::vector<std::string>& names) {
  double best = 0;
  for (const std::string& name : names) {
    const double one = number_of(systems, name, rate);
    if (one <= 0) return 0;
    best = std::max(best, one);
  }
  return best;
}

}  // namespace

Json measure_single(const Options& options) {
  const std::int64_t tasks = options.tasks(20'000);
  const Json arguments = node_arguments("single", tasks, connections, 1);
  Json in_processes = arguments;
  in_processes["processes"] = true;
  const Json systems = race(
      options.repeats, rate,
      {{"lethe", [&] { return own_cycles(tasks, 1); }},
       {"pgmq", [&] { return pgmq_cycles(options, tasks, 1); }},
       {"graphile-worker", [&] { return run_node_peer(options, "graphile_worker", arguments); }},
       {"graphile-worker, 4 processes",
        [&] { return run_node_peer(options, "graphile_worker", in_processes); }},
       {"pg-boss", [&] { return run_node_peer(options, "pg_boss", arguments); }}});
  const double own = number_of(systems, "lethe", rate);
  const double peer =
      best_of(systems, {"pgmq", "graphile-worker", "graphile-worker, 4 processes", "pg-boss"});
  return {{"goal", "at least as many tasks per second as the best of the others"},
          {"systems", systems},
          {"reached", decide(own, peer, 1.0)},
          {"verdict", times(own, peer, "the best of the others")}};
}

Json measure_batch(const Options& options) {
  constexpr int per_call = 100;
  const std::int64_t tasks = options.tasks(100'000);
  const Json arguments = node_arguments("batch", tasks, connections, per_call);
  const Json systems = race(
      options.repeats, rate,
      {{"lethe", [&] { return own_cycles(tasks, per_call); }},
       {"pgmq", [&] { return pgmq_cycles(options, tasks, per_call); }},
       {"graphile-worker", [&] { return run_node_peer(options, "graphile_worker", arguments); }},
       {"pg-boss", [&] { return run_node_peer(options, "pg_boss", arguments); }}});
  const double own = number_of(systems, "lethe", rate);
  const double pgmq = best_of(systems, {"pgmq"});
  const double pg_boss = best_of(systems, {"pg-boss"});
  return {{"goal", "at least 0.8 x PGMQ and 10 x pg-boss"},
          {"systems", systems},
          {"reached", all_of({decide(own, pgmq, 0.8), decide(own, pg_boss, 10)})},
          {"verdict", times(own, pgmq, "PGMQ") + ", " + times(own, pg_boss, "pg-boss")}};
}

Json measure_enqueue(const Options& options) {
  const std::int64_t tasks = options.tasks(200'000);
  std::vector<Contestant> contestants;
  for (const int clients : {1, 2}) {
    const std::string suffix = fmt::format(", {} connection{}", clients, clients == 1 ? "" : "s");
    const Json arguments = node_arguments("enqueue", tasks, clients, insert_batch);
    contestants.insert(
        contestants.end(),
        {{"lethe" + suffix, [=] { return own_enqueue(tasks, clients); }},
         {"pgmq" + suffix, [=, &options] { return pgmq_enqueue(options, tasks, clients); }},
         {"graphile-worker" + suffix,
          [=, &options] { return run_node_peer(options, "graphile_worker", arguments); }},
         {"pg-boss" + suffix,
          [=, &options] { return run_node_peer(options, "pg_boss", arguments); }}});
  }
  constexpr double goal = 30'000;
  const Json systems = race(options.repeats, rate, contestants);
  const double own = best_of(systems, {"lethe, 1 connection", "lethe, 2 connections"});
  return {{"goal", "at least 30,000 tasks per second"},
          {"systems", systems},
          {"reached", own >= goal},
          {"verdict", fmt::format("{:.0f} tasks/s", own)}};
}

}  // namespace lethe::bench
