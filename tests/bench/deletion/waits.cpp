// Batches that wait for something else than the processor: what more workers bring, and what the
// control plane adds to each.
#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/deletion/scenarios.hpp"
#include "tests/bench/race.hpp"

namespace lethe::bench {

namespace {

constexpr const char* rate = "batches_per_second";
constexpr const char* age = "90 days";

/// public.t with one expired row in each 64 of its blocks, where every DELETE statement waits
/// first.
void make_slow_table(Bench& bench, std::int64_t blocks, int wait_ms, int partitions = 0) {
  std::vector<std::string> statements = {
      "DROP TABLE IF EXISTS public.t",
      fmt::format("CREATE OR REPLACE FUNCTION bench.wait() RETURNS trigger LANGUAGE plpgsql AS $$ "
                  "BEGIN PERFORM pg_sleep({}); RETURN NULL; END $$",
                  wait_ms / 1000.0)};
  constexpr const char* columns =
      "(id bigint NOT NULL, created_at timestamptz NOT NULL, payload text NOT NULL)";
  constexpr const char* storage = "WITH (fillfactor = 10, autovacuum_enabled = false)";
  const auto add_trigger = [&](const std::string& table) {
    statements.push_back(fmt::format(
        "CREATE TRIGGER wait BEFORE DELETE ON {} FOR EACH STATEMENT EXECUTE FUNCTION bench.wait()",
        table));
  };
  if (partitions == 0) {
    statements.push_back(fmt::format("CREATE TABLE public.t {} {}", columns, storage));
    add_trigger("public.t");
  } else {
    statements.push_back(fmt::format("CREATE TABLE public.t {} PARTITION BY RANGE (id)", columns));
  }
  for (int i = 0; i < partitions; ++i) {
    const std::int64_t each = blocks / partitions;
    statements.push_back(fmt::format(
        "CREATE TABLE public.t_{0} PARTITION OF public.t FOR VALUES FROM ({1}) TO ({2}) {3}", i,
        i * each, (i + 1) * each, storage));
    add_trigger(fmt::format("public.t_{}", i));
  }
  statements.push_back(fmt::format(
      "INSERT INTO public.t SELECT n, now() - CASE WHEN n % 64 = 0 THEN 100 ELSE 10 END * interval "
      "'1 day', repeat('x', 700) FROM generate_series(0, {}::bigint - 1) n",
      blocks));
  bench.tables().run(statements);
  bench.tables().settle("public.t");
}

void check_empty(Bench& bench) {
  if (bench.tables().count_older_than(age) > 0) throw std::runtime_error("expired rows are left");
}

/// Milliseconds from the end of the first batch to the end of the last one, per batch.
double ms_per_batch(Bench& bench, const std::string& run) {
  return bench.target()
      .execute(
          fmt::format("SELECT 1000 * extract(epoch FROM max(at) - min(at))::float8 / (count(*) "
                      "- 1) FROM lethe.ledger WHERE run = '{}'",
                      run))
      .at(0)
      .at(0)
      .as<double>();
}

// A plan makes a task of so many blocks, and a task of so few expired rows is one batch.
constexpr std::int64_t blocks_each = 2'048;

// scale: one batch for each partition.
constexpr int scale_batches = 512;
constexpr std::int64_t scale_blocks_each = 64;
constexpr int scale_wait_ms = 20;
constexpr int workers_max = 4;
constexpr double scale_factor = 3.5;

/// While all workers are at work: in the middle half of the batches, for a worker that finds no
/// task looks again after two seconds.
double batches_per_second(Bench& bench, const std::string& run) {
  return bench.target()
      .execute(fmt::format(
          "SELECT count(*) / 2.0 / extract(epoch FROM percentile_disc(0.75) WITHIN GROUP (ORDER BY "
          "at) - percentile_disc(0.25) WITHIN GROUP (ORDER BY at))::float8 FROM lethe.ledger WHERE "
          "run = '{}'",
          run))
      .at(0)
      .at(0)
      .as<double>();
}

Json clean_slow_table(Bench& bench, int workers) {
  make_slow_table(bench, scale_batches * scale_blocks_each, scale_wait_ms, scale_batches);
  const Json run =
      bench.clean_by_fleet({.workers = workers, .slots = 1, .max_running = 2 * workers_max}, age);
  check_empty(bench);
  Json numbers = {{rate, batches_per_second(bench, run.at("run").get<std::string>())}};
  numbers.update(run);
  return numbers;
}

// overhead: batches of the length that workers aim for.
constexpr int batches = 30;
constexpr int batch_ms = 250;
constexpr double overhead_max_percent = 2;

Json batches_by_lethe(Bench& bench) {
  make_slow_table(bench, batches * blocks_each, batch_ms);
  const Json run = bench.clean_by_fleet({.workers = 1, .slots = 1}, age);
  check_empty(bench);
  Json numbers = {{"batch_ms", ms_per_batch(bench, run.at("run").get<std::string>())}};
  numbers.update(run);
  return numbers;
}

/// The same deletes, each with a COMMIT, and nothing else.
Json plain_batches(Bench& bench) {
  make_slow_table(bench, batches * blocks_each, batch_ms);
  bench.tables().run({fmt::format(
      "CREATE OR REPLACE PROCEDURE bench.plain_batches() LANGUAGE plpgsql AS $$ BEGIN FOR n IN "
      "0..{} "
      "LOOP EXECUTE format('DELETE FROM public.t WHERE ctid >= ''(%s,0)'' AND ctid < ''(%s,0)'' "
      "AND "
      "created_at < now() - interval ''{}''', n * {}, (n + 1) * {}); COMMIT; END LOOP; END $$",
      batches - 1, age, blocks_each, blocks_each)});
  const Json run = bench.run_sql("CALL bench.plain_batches()");
  check_empty(bench);
  Json numbers = {{"batch_ms", run.at("elapsed_s").get<double>() * 1000 / batches},
                  {"batches", batches}};
  numbers.update(run);
  return numbers;
}

}  // namespace

Json measure_scale(Bench& bench) {
  const Json systems =
      race(bench.options().repeats, rate,
           {{"1 worker, 1 slot", [&bench] { return clean_slow_table(bench, 1); }},
            {"4 workers, 1 slot each", [&bench] { return clean_slow_table(bench, workers_max); }}});
  const double one = number_of(systems, "1 worker, 1 slot", rate);
  const double four = number_of(systems, "4 workers, 1 slot each", rate);
  return {{"goal", fmt::format("4 workers do at least {} x the batches of one", scale_factor)},
          {"systems", systems},
          {"reached", decide(four, one, scale_factor)},
          {"verdict", times(four, one, "one worker")}};
}

Json measure_overhead(Bench& bench) {
  const Json systems =
      race(bench.options().repeats, "batch_ms",
           {{"lethe, 1 worker, 1 slot", [&bench] { return batches_by_lethe(bench); }},
            {"the same deletes in a loop", [&bench] { return plain_batches(bench); }}});
  const double own = number_of(systems, "lethe, 1 worker, 1 slot", "batch_ms");
  const double plain = number_of(systems, "the same deletes in a loop", "batch_ms");
  const double percent = (own / plain - 1) * 100;
  return {{"goal", fmt::format("lease, settlement, fence and ledger add at most {} % to batches of "
                               "{} ms",
                               overhead_max_percent, batch_ms)},
          {"systems", systems},
          {"reached", percent <= overhead_max_percent},
          {"verdict", fmt::format("{:.2f} %: {:.2f} ms per batch", percent, own - plain)}};
}

}  // namespace lethe::bench
