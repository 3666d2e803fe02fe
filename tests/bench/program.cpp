#include "tests/bench/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <set>

#include "common/process/child_process.hpp"
#include "tests/bench/report.hpp"

namespace lethe::bench {

namespace {

struct CommandLine {
  std::string json_file;
  std::set<std::string> only;  // empty: all
  bool markdown = false;
  bool measure = true;
};

void add_names(const Program& program, const std::string& list, std::set<std::string>& names) {
  std::size_t from = 0;
  while (from <= list.size()) {
    const std::size_t comma = std::min(list.find(',', from), list.size());
    const std::string name = list.substr(from, comma - from);
    const bool known = std::any_of(program.scenarios.begin(), program.scenarios.end(),
                                   [&](const Scenario& one) { return name == one.name; });
    if (!known) throw UsageError(fmt::format("--only: there is no scenario '{}'", name));
    names.insert(name);
    from = comma + 1;
  }
}

bool take(const Program& program, CommandLine& line, const std::string& option,
          const std::string& value) {
  if (option == "--json") {
    line.json_file = value;
  } else if (option == "--only") {
    add_names(program, value, line.only);
  } else {
    return program.take(option, value);
  }
  return true;
}

CommandLine parse(const Program& program, const std::vector<std::string>& words) {
  CommandLine line;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--markdown") {
      line.markdown = true;
    } else if (words[i] == "--show") {
      line.measure = false;
    } else if (i + 1 == words.size() || !take(program, line, words[i], words[i + 1])) {
      throw UsageError(fmt::format("{}: unknown, or without a value", words[i]));
    } else {
      ++i;
    }
  }
  if (line.json_file.empty()) throw UsageError("--json is missing");
  return line;
}

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

Json measure(const Scenario& scenario, const Json& so_far) {
  Json result = {{"title", scenario.title}};
  try {
    result.update(scenario.measure(so_far));
  } catch (const std::exception& error) {
    result["error"] = error.what();
  }
  return result;
}

/// Returns whether every goal was reached or could not be decided.
bool measure_all(const Program& program, const CommandLine& line, Json& results) {
  const auto server = environment_variable("LETHE_TEST_DATABASE");
  if (!server) throw UsageError("set LETHE_TEST_DATABASE, or use " + program.script);
  results["machine"] = machine_facts(*server);
  bool good = true;
  Json in_order = Json::object();
  for (const Scenario& scenario : program.scenarios) {
    const bool wanted = line.only.empty() || line.only.count(scenario.name) > 0;
    if (wanted) {
      fmt::print(stderr, "{}: {}\n", scenario.name, scenario.title);
      results["scenarios"][scenario.name] = measure(scenario, results["scenarios"]);
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

double positive(const std::string& option, const std::string& value) {
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  if (value.empty() || *end != '\0' || !(number > 0))
    throw UsageError(fmt::format("{} {}: give a number above 0", option, value));
  return number;
}

std::int64_t whole(const std::string& option, const std::string& value) {
  const double number = positive(option, value);
  if (number < 1 || number > 1e12 || std::floor(number) < number)
    throw UsageError(fmt::format("{} {}: give a whole number from 1", option, value));
  return static_cast<std::int64_t>(number);
}

int run_program(const Program& program, const std::vector<std::string>& words) {
  try {
    const CommandLine line = parse(program, words);
    Json results = read_results(line.json_file);
    const bool good = !line.measure || measure_all(program, line, results);
    fmt::print("{}", line.markdown ? as_markdown(results) : as_text(results));
    return good ? 0 : 1;
  } catch (const UsageError& error) {
    fmt::print(stderr, "{}: {}\n{}", program.name, error.what(), program.usage);
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", program.name, error.what());
    return 1;
  }
}

}  // namespace lethe::bench
