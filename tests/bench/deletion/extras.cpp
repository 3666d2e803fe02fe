// What limits and copies add to a run that deletes half of the rows.
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/bench/deletion/scenarios.hpp"
#include "tests/bench/race.hpp"

namespace lethe::bench {

namespace {

constexpr const char* rate = "rows_per_second";
constexpr const char* plain = "lethe, a policy";
constexpr const char* limited = "lethe, with max_rows_per_run";
constexpr const char* to_table = "lethe, copies to a table";
constexpr const char* to_files = "lethe, copies to files";
constexpr double at_least_of_plain = 0.95;

std::string policy(const std::string& name, const std::string& more) {
  return fmt::format(
      "policies:\n"
      "  - name: {}\n"
      "    target: app\n"
      "    table: public.t\n"
      "    timestamp: created_at\n"
      "    retain: {}\n"
      "    max_fraction: 1\n"
      "    acknowledge_above: 1000000000\n"
      "{}",
      name, half_of_rows, more);
}

void make_archive_table(Bench& bench) {
  bench.tables().run(
      {"DROP TABLE IF EXISTS bench.archive",
       "CREATE TABLE bench.archive (LIKE public.t, lethe_run text, lethe_at timestamptz) WITH "
       "(autovacuum_enabled = false)",
       "CREATE INDEX ON bench.archive (lethe_run, lethe_at)"});
}

/// A new directory for each run, so that none is slowed down by the files of the last one.
std::string make_archive_directory(Bench& bench, int number) {
  const std::filesystem::path marker = bench.fleet().write_file("archive-here", "");
  const std::filesystem::path directory = marker.parent_path() / fmt::format("archive-{}", number);
  std::filesystem::create_directory(directory);
  return directory.string();
}

Json run_policy(Bench& bench, const std::string& name, const std::string& more) {
  bench.fleet().apply(policy(name, more));
  return bench.run_fleet({}, {"policy", "run", name});
}

}  // namespace

Json measure_extras(Bench& bench) {
  int directories = 0;
  const auto contestant = [&bench](const char* name, std::function<Json()> work) {
    return Contestant{name,
                      [&bench, work] { return bench.measure(TableShape{}, half_of_rows, work); }};
  };
  const Json systems = race(
      bench.options().repeats, rate,
      {contestant(plain, [&] { return run_policy(bench, "plain", ""); }),
       contestant(limited,
                  [&] {
                    return run_policy(
                        bench, "limited",
                        fmt::format("    max_rows_per_run: {}\n", bench.options().rows));
                  }),
       contestant(to_table,
                  [&] {
                    make_archive_table(bench);
                    return run_policy(bench, "to-table", "    archive: {table: bench.archive}\n");
                  }),
       contestant(to_files, [&] {
         return run_policy(bench, "to-files",
                           fmt::format("    archive: {{dir: {}, format: csv}}\n",
                                       make_archive_directory(bench, ++directories)));
       })});
  const double base = number_of(systems, plain, rate);
  return {{"goal", fmt::format("a limit leaves at least {} of the rate; copies as they are",
                               at_least_of_plain)},
          {"systems", systems},
          {"reached", decide(number_of(systems, limited, rate), base, at_least_of_plain)},
          {"verdict", fmt::format("limit {}, table {}, files {}",
                                  times(number_of(systems, limited, rate), base, "without"),
                                  times(number_of(systems, to_table, rate), base, "without"),
                                  times(number_of(systems, to_files, rate), base, "without"))}};
}

}  // namespace lethe::bench
