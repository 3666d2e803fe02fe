// bench_queue [options]: measures the queue and writes what it found. tests/bench/run-queue starts
// it with a private PostgreSQL server and the peers at hand.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/process/child_process.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/scenarios.hpp"

namespace lethe::bench {
namespace {

struct Scenario {
  const char* name;
  const char* title;
  Json (*measure)(const Options&);
};

constexpr Scenario scenarios[] = {
    {"single", "lease and settle one by one, 4 connections", measure_single},
    {"batch100", "lease and settle in batches of 100, 4 connections", measure_batch},
    {"enqueue", "enqueue in batches of 1,000", measure_enqueue},
    {"backlog", "a long backlog: 1,000 tenants, 16 clients", measure_backlog},
    {"snapshot", "a snapshot held open: 5,000 waiting tasks, 4 clients", measure_snapshot},
    {"fairness", "fairness between tenants, 8 workers", measure_fairness},
    {"kill", "workers killed with -9", measure_kill},
    {"features", "what else they do", list_features},
};

struct CommandLine {
  Options options;
  std::string json_file;
  bool markdown = false;
  bool measure = true;
};

constexpr const char* usage =
    "usage: bench_queue --json FILE [--only NAME,...] [--seconds N] [--repeats N] [--kills N]\n"
    "         [--scale X] [--pgmq FILE] [--node DIR | --without-node WHY] [--markdown] [--show]\n"
    "  --show   prints the file's results and measures nothing\n";

/// Thrown for a command line that makes no sense.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void add_names(const std::string& list, std::set<std::string>& names) {
  std::size_t from = 0;
  while (from <= list.size()) {
    const std::size_t comma = std::min(list.find(',', from), list.size());
    const std::string name = list.substr(from, comma - from);
    const bool known = std::any_of(std::begin(scenarios), std::end(scenarios),
                                   [&](const Scenario& one) { return name == one.name; });
    if (!known) throw UsageError(fmt::format("--only: there is no scenario '{}'", name));
    names.insert(name);
    from = comma + 1;
  }
}

double positive(const std::string& option, const std::string& value) {
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  if (value.empty() || *end != '\0' || !(number > 0))
    throw UsageError(fmt::format("{} {}: give a number above 0", option, value));
  return number;
}

/// Takes one option with its value. False when there is none of this name.
bool take(CommandLine& line, const std::string& option, const std::string& value) {
  Options& options = line.options;
  if (option == "--json") {
    line.json_file = value;
  } else if (option == "--only") {
    add_names(value, options.only);
  } else if (option == "--seconds") {
    options.seconds = positive(option, value);
  } else if (option == "--repeats") {
    options.repeats = static_cast<int>(positive(option, value));
  } else if (option == "--kills") {
    options.kills = static_cast<int>(positive(option, value));
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

CommandLine parse(const std::vector<std::string>& words) {
  CommandLine line;
  line.options.without_node = "not asked for";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--markdown") {
      line.markdown = true;
    } else if (words[i] == "--show") {
      line.measure = false;
    } else if (i + 1 == words.size() || !take(line, words[i], words[i + 1])) {
      throw UsageError(fmt::format("{}: unknown, or without a value", words[i]));
    } else {
      ++i;
    }
  }
  if (line.json_file.empty()) throw UsageError("--json is missing");
  return line;
}

/// The results that are there already: scenarios that are not measured now keep theirs.
Json read_results(const std::string& file) {
  std::ifstream stream(file);
  Json results = Json::parse(stream, nullptr, false);
  if (!results.is_object() || !results.contains("scenarios"))
    results = {{"machine", Json::object()}, {"scenarios", Json::object()}};
  return results;
}

void write_results(const std::string& file, const Json& results) {
  std::ofstream stream(file);
  stream << results.dump(2) << "\n";
  if (!stream.flush()) throw std::runtime_error(fmt::format("cannot write {}", file));
}

Json measure(const Scenario& scenario, const Options& options) {
  Json result = {{"title", scenario.title}};
  try {
    result.update(scenario.measure(options));
  } catch (const std::exception& error) {
    result["error"] = error.what();
  }
  return result;
}

/// Measures what is asked for. Returns whether every goal was reached or could not be decided.
bool measure_all(const CommandLine& line, Json& results) {
  const auto server = environment_variable("LETHE_TEST_DATABASE");
  if (!server) throw UsageError("set LETHE_TEST_DATABASE, or use tests/bench/run-queue");
  results["machine"] = machine_facts(*server);
  bool good = true;
  Json in_order = Json::object();
  for (const Scenario& scenario : scenarios) {
    const bool wanted = line.options.only.empty() || line.options.only.count(scenario.name) > 0;
    if (wanted) {
      fmt::print(stderr, "{}: {}\n", scenario.name, scenario.title);
      results["scenarios"][scenario.name] = measure(scenario, line.options);
      write_results(line.json_file, results);
      const Json& result = results["scenarios"][scenario.name];
      good = good && !result.contains("error") && result.value("reached", Json()) != false;
    }
    if (results["scenarios"].contains(scenario.name))
      in_order[scenario.name] = results["scenarios"][scenario.name];
  }
  results["scenarios"] = in_order;
  write_results(line.json_file, results);
  return good;
}

}  // namespace
}  // namespace lethe::bench

int main(int argc, char** argv) {
  using namespace lethe::bench;
  try {
    const CommandLine line = parse({argv + 1, argv + argc});
    Json results = read_results(line.json_file);
    const bool good = !line.measure || measure_all(line, results);
    fmt::print("{}", line.markdown ? as_markdown(results) : as_text(results));
    return good ? 0 : 1;
  } catch (const UsageError& error) {
    fmt::print(stderr, "bench_queue: {}\n{}", error.what(), usage);
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_queue: {}\n", error.what());
    return 1;
  }
}
