#pragma once

#include <string>

#include "tests/bench/samples.hpp"

namespace lethe::bench {

// What becomes of results: {machine: {…}, scenarios: {<name>: {title, goal, systems, reached,
// verdict} or {title, error}}}.

/// Processors, memory, and the server's version and settings that decide about its speed.
[[nodiscard]] Json machine_facts(const std::string& server);

/// One entry of `systems` as text: "1,234 tasks/s, p50 1.20 ms".
[[nodiscard]] std::string describe(const Json& numbers);

/// For a terminal.
[[nodiscard]] std::string as_text(const Json& results);
/// For docs/performance.md.
[[nodiscard]] std::string as_markdown(const Json& results);

}  // namespace lethe::bench
