#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "tests/bench/deletion/scenarios.hpp"

namespace lethe::bench {

namespace {

constexpr double allowed_mb = 40;

}  // namespace

Json find_peaks(const Json& so_far) {
  Json systems = {{"lethe-worker", Json::object()}, {"lethe-scheduler", Json::object()}};
  double largest = 0;
  for (const auto& [name, scenario] : so_far.items()) {
    for (const auto& row : scenario.value("systems", Json::object())) {
      for (const auto& [key, program] : {std::pair("worker_peak_mb", "lethe-worker"),
                                         std::pair("scheduler_peak_mb", "lethe-scheduler")}) {
        if (!row.contains(key)) continue;
        const double peak = row.at(key).get<double>();
        Json& most = systems[program][name + "_mb"];
        most = std::max(most.is_null() ? 0.0 : most.get<double>(), peak);
        largest = std::max(largest, peak);
      }
    }
  }
  const bool measured = largest > 0;
  if (!measured)
    for (auto& row : systems) row = {{"not_measured", "no scenario with a fleet was"}};
  return {{"goal", fmt::format("at most {:.0f} MB each", allowed_mb)},
          {"systems", systems},
          {"reached", measured ? Json(largest <= allowed_mb) : Json(nullptr)},
          {"verdict", measured ? fmt::format("{:.1f} MB at most", largest) : ""}};
}

}  // namespace lethe::bench
