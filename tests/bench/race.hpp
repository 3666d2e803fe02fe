#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/bench/samples.hpp"

namespace lethe::bench {

/// Somebody who does the same work as the others in a comparison.
struct Contestant {
  std::string name;
  std::function<Json()> measure;  ///< its numbers, or {not_measured: why}
};

/// Lets everybody run `repeats` times (1 or more), turn and turn about, and keeps of each the
/// median run by the number called `key`; `runs` has that number of every run. Returns {<name>:
/// numbers}.
[[nodiscard]] Json race(int repeats, const std::string& key,
                        const std::vector<Contestant>& contestants);

/// A number of one system; 0 when it was not measured.
[[nodiscard]] double number_of(const Json& systems, const std::string& name,
                               const std::string& key);

/// Whether `own` is at least `factor` x `peer`; null when the peer (0) was not measured.
[[nodiscard]] Json decide(double own, double peer, double factor);

/// "1.23 x WHOM" for own / peer.
[[nodiscard]] std::string times(double own, double peer, const std::string& whom);

/// Several decisions as one: false when one is, else null when one is, else true.
[[nodiscard]] Json all_of(const std::vector<Json>& decisions);

}  // namespace lethe::bench
