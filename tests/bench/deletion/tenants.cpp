// What it costs that tenants have cutoffs of their own.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/bench/deletion/scenarios.hpp"
#include "tests/bench/race.hpp"

namespace lethe::bench {

namespace {

constexpr std::int64_t tenants_wanted = 100'000;
constexpr std::int64_t rows_per_tenant_min = 20;
constexpr int override_every = 20;  // 5 %
constexpr double some_max = 1.3;
constexpr double all_max = 1.6;

/// Lengths of overrides in days, with the policy's own in their middle, so that about as many rows
/// are expired with them as without. One letter each: a policy file has room for no more.
constexpr std::string_view letters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr int shortest_days = 69;
constexpr int default_days = 100;
static_assert(shortest_days + static_cast<int>(letters.size()) / 2 == default_days);

/// Overrides for every tenant whose number `every` divides, as short as YAML allows.
std::string overrides(std::int64_t tenants, int every) {
  std::string text;
  std::size_t next = 0;
  for (std::int64_t tenant = 0; tenant < tenants; tenant += every, ++next) {
    const char letter = letters.at(next % letters.size());
    text += fmt::format("{}{}: ", next == 0 ? "" : ",", tenant);
    if (next < letters.size()) {
      text += fmt::format("&{} {{retain: {} days}}", letter, shortest_days + next);
    } else {
      text += fmt::format("*{}", letter);
    }
  }
  return "{" + text + "}";
}

/// A policy for public.t under a name of its own; `every` 0 is for no overrides.
std::string policy(const std::string& name, std::int64_t tenants, int every) {
  std::string yaml = fmt::format(
      "policies:\n"
      "  - name: {}\n"
      "    target: app\n"
      "    table: public.t\n"
      "    timestamp: created_at\n"
      "    retain: {} days\n"
      "    max_fraction: 1\n"
      "    acknowledge_above: 1000000000\n",
      name, default_days);
  if (every > 0)
    yaml += "    tenant: {column: tenant_id, overrides: " + overrides(tenants, every) + "}\n";
  return yaml;
}

Json clean(Bench& bench, const std::string& name) {
  const std::int64_t before = bench.tables().count();
  const Json numbers = bench.run_fleet({}, {"policy", "run", name});
  return with_rows(numbers, before - bench.tables().count());
}

}  // namespace

Json measure_tenants(Bench& bench) {
  const std::int64_t tenants = std::min(tenants_wanted, bench.options().rows / rows_per_tenant_min);
  std::vector<Contestant> contestants;
  const auto add = [&](const std::string& title, const std::string& name, int every) {
    contestants.push_back({title, [&bench, tenants, name, every] {
                             bench.tables().make({.tenants = tenants});
                             bench.fleet().apply(policy(name, tenants, every));
                             return clean(bench, name);
                           }});
  };
  const std::string everybody = "one rule for everybody";
  const std::string some = fmt::format("{} tenants, 5 % with overrides", tenants);
  const std::string all = fmt::format("{} tenants, each with its own", tenants);
  add(everybody, "t-everybody", 0);
  add(some, "t-some", override_every);
  add(all, "t-all", 1);
  constexpr const char* rate = "rows_per_second";
  const Json systems = race(bench.options().repeats, rate, contestants);
  const double base = number_of(systems, everybody, rate);
  const double with_some = number_of(systems, some, rate);
  const double with_all = number_of(systems, all, rate);
  return {{"goal", fmt::format("per row at most {} x the time of one rule with 5 % overrides, {} x "
                               "with all",
                               some_max, all_max)},
          {"systems", systems},
          {"reached", base <= some_max * with_some && base <= all_max * with_all},
          {"verdict", fmt::format("{:.2f} x the time with 5 %, {:.2f} x with all", base / with_some,
                                  base / with_all)}};
}

}  // namespace lethe::bench
