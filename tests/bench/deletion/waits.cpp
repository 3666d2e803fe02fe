// Batches that wait for something else than the processor: what more workers bring, and what the
// control plane adds to each.
#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "tests/bench/deletion/scenarios.hpp"
#include "tests/bench/race.hpp"

namespace lethe::bench {

namespace {

constexpr const char* rate = "batches_per_second";
constexpr const char* age = "90 days";

/// public.t with one expired row in each of its blocks, where every DELETE statement waits first.
void make_slow_table(Bench& bench, std::int64_t blocks, int wait_ms) {
  bench.tables().run(
      {"DROP TABLE IF EXISTS public.t",
       "CREATE TABLE public.t (id bigint NOT NULL, created_at timestamptz NOT NULL, payload text "
       "NOT "
       "NULL) WITH (fillfactor = 10, autovacuum_enabled = false)",
       fmt::format("INSERT INTO public.t SELECT n, now() - interval '100 days', repeat('x', 700) "
                   "FROM generate_series(1, {}) n",
                   blocks),
       fmt::format("CREATE OR REPLACE FUNCTION bench.wait() RETURNS trigger LANGUAGE plpgsql AS $$ "
                   "BEGIN PERFORM pg_sleep({}); RETURN NULL; END $$",
                   wait_ms / 1000.0),
       "CREATE TRIGGER wait BEFORE DELETE ON public.t FOR EACH STATEMENT EXECUTE FUNCTION "
       "bench.wait()"});
  bench.tables().settle("public.t");
}

void check_empty(Bench& bench) {
  if (bench.tables().count() > 0) throw std::runtime_error("expired rows are left");
}

// scale: 64 tasks, so that no worker is left with a large one at the end.
constexpr std::int64_t scale_blocks = 40'000;
constexpr int scale_wait_ms = 20;
constexpr double scale_factor = 3.5;

Json clean_slow_table(Bench& bench, int workers) {
  make_slow_table(bench, scale_blocks, scale_wait_ms);
  // A short target keeps batches small, so that they wait most of their time.
  const Json run = bench.run_fleet(
      {.workers = workers, .slots = 1, .environment = {{"LETHE_BATCH_TARGET_MS", "10"}}},
      {"enqueue", "--target", "app", "--table", "public.t", "--timestamp", "created_at",
       "--older-than", age, "--yes"});
  check_empty(bench);
  Json numbers = {{rate, run.at("batches").get<double>() / run.at("elapsed_s").get<double>()}};
  numbers.update(run);
  return numbers;
}

// overhead: batches of the length that workers aim for.
constexpr int batches = 60;
constexpr int batch_ms = 250;
constexpr int blocks_each = 256;  // what a sweep begins with
constexpr double overhead_max_percent = 2;

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

Json batches_by_lethe(Bench& bench) {
  make_slow_table(bench, std::int64_t{batches} * blocks_each, batch_ms);
  const Json run = bench.clean_by_fleet({.workers = 1, .slots = 1}, age);
  check_empty(bench);
  Json numbers = {{"batch_ms", ms_per_batch(bench, run.at("run").get<std::string>())}};
  numbers.update(run);
  return numbers;
}

/// The same deletes, each with a COMMIT, and nothing else.
Json plain_batches(Bench& bench) {
  make_slow_table(bench, std::int64_t{batches} * blocks_each, batch_ms);
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
            {"4 workers, 1 slot each", [&bench] { return clean_slow_table(bench, 4); }}});
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
