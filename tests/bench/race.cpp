#include "tests/bench/race.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

namespace lethe::bench {

Json race(int repeats, const std::string& key, const std::vector<Contestant>& contestants) {
  std::map<std::string, std::vector<Json>> runs;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (const Contestant& one : contestants) {
      if (repeat > 0 && runs[one.name].front().contains("not_measured")) continue;
      runs[one.name].push_back(one.measure());
      fmt::print(stderr, "  {} {}\n", one.name, runs[one.name].back().dump());
    }
  }
  const auto value = [&key](const Json& run) { return run.value(key, 0.0); };
  Json systems = Json::object();
  for (const Contestant& one : contestants) {
    std::vector<Json>& all = runs[one.name];
    std::sort(all.begin(), all.end(),
              [&value](const auto& a, const auto& b) { return value(a) < value(b); });
    Json result = all.at((all.size() - 1) / 2);
    if (all.size() > 1)
      for (const Json& run : all) result["runs"].push_back(value(run));
    systems[one.name] = result;
  }
  return systems;
}

double number_of(const Json& systems, const std::string& name, const std::string& key) {
  return systems.at(name).value(key, 0.0);
}

Json decide(double own, double peer, double factor) {
  return peer > 0 ? Json(own >= factor * peer) : Json(nullptr);
}

std::string times(double own, double peer, const std::string& whom) {
  if (peer <= 0) return fmt::format("{} was not measured", whom);
  return fmt::format("{:.2f} x {}", own / peer, whom);
}

Json all_of(const std::vector<Json>& decisions) {
  Json all = true;
  for (const Json& one : decisions) {
    if (one == false) return false;
    if (one.is_null()) all = nullptr;
  }
  return all;
}

}  // namespace lethe::bench
