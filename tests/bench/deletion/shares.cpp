// The fleet beside what people write by hand, on the same rows.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/bench/deletion/rivals.hpp"
#include "tests/bench/deletion/scenarios.hpp"
#include "tests/bench/race.hpp"

namespace lethe::bench {

namespace {

constexpr const char* rate = "rows_per_second";

/// Those who delete half of the rows, in one order.
std::vector<Contestant> for_half(Bench& bench, Order order) {
  const TableShape shape{.order = order};
  const auto contestant = [&bench, shape, order](const char* name, std::function<Json()> work) {
    return Contestant{fmt::format("{}, {}", name, to_text(order)),
                      [&bench, shape, work] { return bench.measure(shape, half_of_rows, work); }};
  };
  return {
      contestant("lethe", [&bench] { return bench.clean_by_fleet({}, half_of_rows); }),
      contestant("one DELETE", [&bench] { return bench.run_sql(one_delete(half_of_rows)); }),
      contestant("loop per tenant",
                 [&bench] { return bench.run_sql(loop_per_tenant(half_of_rows)); }),
      contestant("the same by pg_cron", [&bench] { return loop_by_cron(bench, half_of_rows); }),
  };
}

/// What the fleet has to reach against another system of a comparison.
struct Bar {
  const char* peer;
  double factor;
};

struct Judgement {
  std::vector<Json> reached;
  std::string verdict;
};

/// Of the systems whose names end with `suffix`.
Judgement judge(const Json& systems, const std::string& suffix, const std::vector<Bar>& bars) {
  Judgement judgement;
  const double own = number_of(systems, "lethe" + suffix, rate);
  for (const Bar& bar : bars) {
    const double peer = number_of(systems, bar.peer + suffix, rate);
    judgement.reached.push_back(decide(own, peer, bar.factor));
    if (!judgement.verdict.empty()) judgement.verdict += ", ";
    judgement.verdict += times(own, peer, bar.peer);
  }
  return judgement;
}

}  // namespace

Json measure_half(Bench& bench) {
  install_procedures(bench, TableShape{}.tenants);
  std::vector<Contestant> contestants;
  for (const Order order : {Order::random, Order::time})
    for (const Contestant& one : for_half(bench, order)) contestants.push_back(one);
  const Json systems = race(bench.options().repeats, rate, contestants);
  const auto judge_order = [&systems](Order order) {
    return judge(systems, fmt::format(", {}", to_text(order)),
                 {{"one DELETE", 1}, {"loop per tenant", 3}, {"the same by pg_cron", 3}});
  };
  const Judgement random = judge_order(Order::random);
  const Judgement time = judge_order(Order::time);
  return {{"goal", "at least 1.0 x one DELETE, 3 x the loop per tenant, 3 x the same by pg_cron"},
          {"systems", systems},
          {"reached", all_of({all_of(random.reached), all_of(time.reached)})},
          {"verdict", fmt::format("random order {}; time order {}", random.verdict, time.verdict)}};
}

Json measure_few(Bench& bench) {
  install_procedures(bench, TableShape{}.tenants);
  const TableShape shape{.time_index = true};
  const auto contestant = [&](const char* name, std::function<Json()> work) {
    return Contestant{name, [&, work] { return bench.measure(shape, hundredth_of_rows, work); }};
  };
  const Json systems = race(
      bench.options().repeats, rate,
      {contestant("lethe", [&] { return bench.clean_by_fleet({}, hundredth_of_rows); }),
       contestant("keyset loop", [&] { return bench.run_sql(keyset_loop(hundredth_of_rows)); })});
  const Judgement judgement = judge(systems, "", {{"keyset loop", 0.9}});
  return {{"goal", "at least 0.9 x a keyset loop"},
          {"systems", systems},
          {"reached", all_of(judgement.reached)},
          {"verdict", judgement.verdict}};
}

}  // namespace lethe::bench
