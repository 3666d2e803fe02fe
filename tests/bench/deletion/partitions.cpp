// Whole partitions are expired: dropping them beside deleting their rows.
#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "tests/bench/deletion/scenarios.hpp"
#include "tests/bench/race.hpp"

namespace lethe::bench {

namespace {

constexpr int partitions = 12;
constexpr int days_each = 30;
constexpr int partitions_kept = 3;
constexpr const char* age = "90 days";
constexpr double factor = 100;
constexpr const char* policy =
    "policies:\n"
    "  - name: m-90d\n"
    "    target: app\n"
    "    table: public.m\n"
    "    timestamp: created_at\n"
    "    retain: 90 days\n"
    "    max_fraction: 1\n"
    "    acknowledge_above: 1000000000\n"
    "    strategy: partition\n"
    "    partitions: drop\n";

/// public.m, partitioned by created_at into parts of 30 days of which the youngest ends with
/// yesterday, UTC; as many rows in each. No row is within two days of a partition's lower bound, so
/// that nothing of the youngest three is expired.
void make_partitions(Bench& bench) {
  const std::int64_t rows = bench.options().rows / partitions;
  std::vector<std::string> statements = {
      "SET TimeZone = 'UTC'", "SET maintenance_work_mem = '256MB'", "SELECT setseed(0.42)",
      "DROP TABLE IF EXISTS public.m",
      "CREATE TABLE public.m (id bigint NOT NULL, tenant_id bigint NOT NULL, created_at "
      "timestamptz "
      "NOT NULL, kind text NOT NULL, payload text NOT NULL) PARTITION BY RANGE (created_at)"};
  for (int part = 1; part <= partitions; ++part) {
    const std::string from =
        fmt::format("date_trunc('day', now()) - interval '{} days'", part * days_each);
    statements.push_back(fmt::format(
        "DO $$ BEGIN EXECUTE format('CREATE TABLE public.m_{0} PARTITION OF public.m FOR VALUES "
        "FROM (%L) TO (%L) WITH (autovacuum_enabled = false)', {1}, {1} + interval '{2} days'); "
        "END $$",
        part, from, days_each));
    statements.push_back(fmt::format(
        "INSERT INTO public.m_{0} SELECT {0} * {1}::bigint + n, n % 100, {2} + interval '2 days' + "
        "random() * interval '{3} days', 'login', repeat(md5(n::text), 5) FROM generate_series(1, "
        "{1}::bigint) n",
        part, rows, from, days_each - 2));
  }
  statements.insert(statements.end(), {"ALTER TABLE public.m ADD PRIMARY KEY (id, created_at)",
                                       "CREATE INDEX ON public.m (tenant_id, created_at)"});
  bench.tables().run(statements);
  bench.tables().settle("public.m");
}

std::int64_t count(Bench& bench) { return bench.target().number("SELECT count(*) FROM public.m"); }

/// Lets `work` delete what is expired and checks that exactly that is gone.
Json measure(Bench& bench, const std::function<Json()>& work) {
  make_partitions(bench);
  const std::int64_t before = count(bench);
  const Json numbers = work();
  if (numbers.contains("not_measured")) return numbers;
  const std::int64_t left = count(bench);
  if (left * partitions != before * partitions_kept)
    throw std::runtime_error(fmt::format("{} of {} rows are left", left, before));
  return with_rows(numbers, before - left);
}

Json by_fleet(Bench& bench) {
  test::Fleet& fleet = bench.fleet();
  const auto applied =
      fleet.lethe({"policy", "apply", "-f", fleet.write_file("partitions.yaml", policy)});
  if (applied.exit_code != 0) {
    const std::size_t key = applied.err.find("policies[");  // after the file's name and the line
    if (key == std::string::npos) throw std::runtime_error(applied.err);
    return {{"not_measured", applied.err.substr(key, applied.err.find('\n', key) - key)}};
  }
  return bench.run_fleet({}, {"policy", "run", "m-90d"});
}

}  // namespace

Json measure_partitions(Bench& bench) {
  constexpr const char* rate = "rows_per_second";
  const std::string statement =
      fmt::format("DELETE FROM public.m WHERE created_at < now() - interval '{}'", age);
  const Json systems =
      race(bench.options().repeats, rate,
           {{"lethe, strategy partition",
             [&bench] { return measure(bench, [&bench] { return by_fleet(bench); }); }},
            {"one DELETE", [&bench, &statement] {
               return measure(bench, [&] { return bench.run_sql(statement); });
             }}});
  const double own = number_of(systems, "lethe, strategy partition", rate);
  const double peer = number_of(systems, "one DELETE", rate);
  const bool measured = own > 0;
  return {{"goal", fmt::format("at least {:.0f} x one DELETE", factor)},
          {"systems", systems},
          {"reached", measured ? decide(own, peer, factor) : Json(nullptr)},
          {"verdict", measured ? times(own, peer, "one DELETE") : "lethe was not measured"}};
}

}  // namespace lethe::bench
