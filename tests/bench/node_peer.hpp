#pragma once

#include <string>

#include "tests/bench/options.hpp"
#include "tests/bench/samples.hpp"

namespace lethe::bench {

/// Runs tests/bench/peers/<program>.mjs against an empty database of its own and returns what it
/// measured, or {not_measured: why} when there is no Node or the program failed. Main thread only.
[[nodiscard]] Json run_node_peer(const Options& options, const std::string& program,
                                 const Json& arguments);

}  // namespace lethe::bench
