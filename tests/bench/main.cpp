// bench_queue [options]: measures the queue and writes what it found. tests/bench/run-queue starts
// it with a private PostgreSQL server and the peers at hand.
#include <string>

#include "tests/bench/program.hpp"
#include "tests/bench/scenarios.hpp"

namespace lethe::bench {
namespace {

constexpr const char* usage =
    "usage: bench_queue --json FILE [--only NAME,...] [--seconds N] [--repeats N] [--kills N]\n"
    "         [--scale X] [--pgmq FILE] [--node DIR | --without-node WHY] [--markdown] [--show]\n"
    "  --show   prints the file's results and measures nothing\n";

bool take(Options& options, const std::string& option, const std::string& value) {
  if (option == "--seconds") {
    options.seconds = positive(option, value);
  } else if (option == "--repeats") {
    options.repeats = static_cast<int>(whole(option, value));
  } else if (option == "--kills") {
    options.kills = static_cast<int>(whole(option, value));
  } else if (option == "--scale") {
    options.scale = positive(option, value);
  } else if (option == "--pgmq") {
    options.pgmq_file = value;
  } else if (option == "--node") {
    options.node_directory = value;
  } else if (option == "--without-node") {
    options.without_node = value;
  } else {
    return false;
  }
  return true;
}

/// `options` is read when the scenarios are measured.
std::vector<Scenario> scenarios(const Options& options) {
  const auto with = [&options](Json (*measure)(const Options&)) {
    return [&options, measure](const Json&) { return measure(options); };
  };
  return {
      {"single", "lease and settle one by one, 4 connections", with(measure_single)},
      {"batch100", "lease and settle in batches of 100, 4 connections", with(measure_batch)},
      {"enqueue", "enqueue in batches of 1,000", with(measure_enqueue)},
      {"backlog", "a long backlog: 1,000 tenants, 16 clients", with(measure_backlog)},
      {"snapshot", "a snapshot held open: 5,000 waiting tasks, 4 clients", with(measure_snapshot)},
      {"fairness", "fairness between tenants, 8 workers", with(measure_fairness)},
      {"kill", "workers killed with -9", with(measure_kill)},
      {"features", "what else they do", with(list_features)},
  };
}

}  // namespace
}  // namespace lethe::bench

int main(int argc, char** argv) {
  using namespace lethe::bench;
  Options options;
  options.without_node = "not asked for";
  const Program program{
      .name = "bench_queue",
      .script = "tests/bench/run-queue",
      .usage = usage,
      .take = [&options](const auto& option,
                         const auto& value) { return take(options, option, value); },
      .scenarios = scenarios(options)};
  return run_program(program, {argv + 1, argv + argc});
}
