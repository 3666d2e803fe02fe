#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/samples.hpp"

namespace lethe::bench {

/// One row of a table in docs/performance.md.
struct Scenario {
  std::string name;   ///< for --only and in the JSON file
  std::string title;  ///< for people
  /// Measures it. Given: what the JSON file has of all scenarios by then, {<name>: result}. The
  /// answer:
  ///   goal     what is to be reached, one sentence
  ///   systems  per system its numbers, or {not_measured: why}
  ///   reached  true or false; null when what decides was not measured
  ///   verdict  the numbers that decide, one line
  /// Called on the main thread. Throws what went wrong.
  std::function<Json(const Json& so_far)> measure;
};

/// A program that measures scenarios on the server of LETHE_TEST_DATABASE.
struct Program {
  std::string name;    ///< in messages
  std::string script;  ///< what people start, which also starts the server
  std::string usage;
  /// Takes an option of the program's own with its value; false when there is none of this name.
  std::function<bool(const std::string& option, const std::string& value)> take;
  std::vector<Scenario> scenarios;
};

/// Thrown for a command line that makes no sense.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The number that an option has; UsageError unless it is above 0.
[[nodiscard]] double positive(const std::string& option, const std::string& value);
/// The same for a whole number.
[[nodiscard]] std::int64_t whole(const std::string& option, const std::string& value);

/// Measures what `words` ask for, writes the JSON file after each scenario, prints the results.
/// Understands --json FILE, --only NAMES, --markdown and --show by itself. Scenarios that are not
/// measured keep the results that the file has of them. Returns the exit code: 0 when every goal
/// was reached or could not be decided, 1 when not, 2 for a wrong command line.
[[nodiscard]] int run_program(const Program& program, const std::vector<std::string>& words);

}  // namespace lethe::bench
