// Few rows are expired in a small and in a large table: do batches take longer in the large one?
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>

#include "tests/bench/deletion/scenarios.hpp"
#include "tests/bench/race.hpp"

namespace lethe::bench {

namespace {

constexpr std::int64_t growth = 10;
constexpr double factor_max = 1.2;
/// Few enough that each stands in a block of its own in the small table too, as they do in the
/// large one: the first write of a block is the largest part of the work.
constexpr std::int64_t rows_per_expired = 200;
constexpr std::int64_t expired_min = 2'000;

/// Rows that one run deletes, in every table.
std::int64_t expired_per_run(const DeletionOptions& options) {
  return std::max(expired_min, options.rows / rows_per_expired);
}

// Each run has rows of its own to delete, the oldest that are left: band 0 first. A band is 8 days
// wide and 2 days from the next one, and all other rows are at most 100 days old.
constexpr int band_days = 10;
constexpr int youngest_band_ends = 300;

/// One for each run of Lethe and one for each plain DELETE.
int bands_of(const DeletionOptions& options) { return 2 * options.repeats; }

std::string age_of_band(const DeletionOptions& options, int band) {
  const int later = bands_of(options) - 1 - band;
  return fmt::format("{} days", youngest_band_ends + band_days * later - 1);
}

std::string name_of(std::int64_t rows) { return fmt::format("grown_{}", rows); }

/// bench.grown_N with N rows in random order, a primary key and an index on created_at.
void make_grown(Bench& bench, std::int64_t rows) {
  const DeletionOptions& options = bench.options();
  const std::string table = "bench." + name_of(rows);
  const std::int64_t expired = expired_per_run(options);
  bench.tables().run(
      {"SET maintenance_work_mem = '256MB'", "SELECT setseed(0.42)",
       fmt::format("CREATE TABLE {} (id bigint NOT NULL, tenant_id bigint NOT NULL, created_at "
                   "timestamptz NOT NULL, kind text NOT NULL, payload text NOT NULL) WITH "
                   "(autovacuum_enabled = false)",
                   table),
       fmt::format(
           "INSERT INTO {0} SELECT n, n % 100, now() - interval '1 day' * CASE WHEN place < "
           "{1}::bigint * {2} THEN {3} + {4} * ({2} - 1 - place / {1}) + 8 * random() ELSE 100 "
           "* random() END, 'login', repeat(md5(n::text), 5) FROM (SELECT n, floor({5}::bigint * "
           "random())::bigint AS place FROM generate_series(1, {5}::bigint) n) s",
           table, expired, bands_of(options), youngest_band_ends, band_days, rows),
       fmt::format("ALTER TABLE {} ADD PRIMARY KEY (id)", table),
       fmt::format("CREATE INDEX ON {} (created_at)", table)});
  bench.tables().settle(table);
}

/// How long the batches of a run took, each from the end of the one before it in its task (for the
/// first: from its own start) to its ledger row.
Json batch_times(Bench& bench, const std::string& run) {
  const auto row =
      bench.target()
          .execute(fmt::format(
              "SELECT count(*)::float8, sum(ms), percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), "
              "sum(rows)::float8 FROM (SELECT l.rows, 1000 * extract(epoch FROM l.at - "
              "coalesce(lag(l.at) OVER (PARTITION BY l.task ORDER BY l.batch), "
              "f.created_at))::float8 AS ms FROM lethe.ledger l JOIN lethe.fence f ON f.task = "
              "l.task WHERE l.run = '{}') b",
              run))
          .at(0);
  const double rows = row.at(3).as<double>(0);
  if (rows < 1) throw std::runtime_error("no batch deleted anything");
  return {{"thousand_rows_ms", row.at(1).as<double>() * 1000 / rows},
          {"p50_ms", row.at(2).as<double>()},
          {"batches", row.at(0).as<double>()},
          {"rows", rows}};
}

/// The server's own share: the same rows by one statement and the same index.
Json delete_band(Bench& bench, std::int64_t rows, int band) {
  bench.tables().run({"CHECKPOINT"});
  Json deleted = bench.run_sql(
      fmt::format("SET LOCAL enable_seqscan = off; DELETE FROM bench.{} WHERE created_at < now() - "
                  "interval '{}'",
                  name_of(rows), age_of_band(bench.options(), band)));
  deleted["thousand_rows_ms"] =
      deleted.at("elapsed_s").get<double>() * 1'000'000 / deleted.at("rows").get<double>();
  return deleted;
}

Json clean_band(Bench& bench, std::int64_t rows, int band) {
  bench.tables().run({"CHECKPOINT"});
  const Json run = bench.run_fleet(
      {.workers = 1, .slots = 1},
      {"enqueue", "--target", "app", "--table", "bench." + name_of(rows), "--timestamp",
       "created_at", "--older-than", age_of_band(bench.options(), band), "--yes"});
  if (run.at("strategy") != "index")
    throw std::runtime_error("the strategy was " + run.at("strategy").dump());
  Json numbers = batch_times(bench, run.at("run").get<std::string>());
  numbers.update(run);
  return numbers;
}

}  // namespace

Json measure_growth(Bench& bench) {
  const std::int64_t small = bench.options().rows;
  const std::int64_t large = growth * small;
  std::vector<Contestant> contestants;
  std::map<std::int64_t, int> bands;
  for (const std::int64_t rows : {small, large}) {
    make_grown(bench, rows);
    contestants.push_back({fmt::format("{} rows", rows), [&bench, &bands, rows] {
                             return clean_band(bench, rows, bands[rows]++);
                           }});
  }
  for (const std::int64_t rows : {small, large})
    contestants.push_back({fmt::format("one DELETE, {} rows", rows), [&bench, &bands, rows] {
                             return delete_band(bench, rows, bands[rows]++);
                           }});
  const char* const cost = "thousand_rows_ms";
  const Json systems = race(bench.options().repeats, cost, contestants);
  for (const std::int64_t rows : {small, large})
    bench.tables().run({"DROP TABLE bench." + name_of(rows)});
  const auto cost_of = [&](std::size_t i) {
    return number_of(systems, contestants.at(i).name, cost);
  };
  const double in_small = cost_of(0);
  const double in_large = cost_of(1);
  return {{"goal", fmt::format("a batch takes at most {} x the time in {} x the rows, per row, for "
                               "batches grow where they are quick",
                               factor_max, growth)},
          {"systems", systems},
          {"reached", in_large <= factor_max * in_small},
          {"verdict", fmt::format("{}; of one DELETE {}",
                                  times(in_large, in_small, "the time in the small table"),
                                  times(cost_of(3), cost_of(2), "it"))}};
}

}  // namespace lethe::bench
