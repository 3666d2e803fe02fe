// kill -9 to real workers that hold leases, and how soon others work on what they held.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/scenarios.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::bench {

namespace {

constexpr int workers = 20;
constexpr int kills_per_wave = 10;
constexpr int worker_ttl_seconds = 25;  // what Fleet sets, the shortest that is allowed
constexpr int allowed_seconds = worker_ttl_seconds + 5;
constexpr int leaves = 40;  // each is a task
constexpr int rows_per_leaf = 400;
constexpr int rows_per_leaf_and_wave = 200;

/// Tasks that go on and on: every batch takes three seconds and a few of a leaf's blocks, of which
/// each holds about one row.
void make_slow_table(test::TestDatabase& target, int waves) {
  target.execute(
      "CREATE TABLE public.t (id bigint NOT NULL, created_at timestamptz NOT NULL, note text NOT "
      "NULL) PARTITION BY LIST (id);"
      "CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN PERFORM pg_sleep(3); RETURN NULL; END $$");
  for (int leaf = 0; leaf < leaves; ++leaf)
    target.execute(fmt::format(
        "CREATE TABLE public.t{0} PARTITION OF public.t FOR VALUES IN ({0}) WITH (fillfactor = 10);"
        "ALTER TABLE public.t{0} ALTER COLUMN note SET STORAGE PLAIN;"
        "INSERT INTO public.t SELECT {0}, now() - interval '100 days', repeat('x', 700)"
        " FROM generate_series(1, {1}); ANALYZE public.t{0};"
        "CREATE TRIGGER slow AFTER DELETE ON public.t{0} FOR EACH STATEMENT EXECUTE FUNCTION"
        " public.slow()",
        leaf, rows_per_leaf + waves * rows_per_leaf_and_wave));
}

/// A worker that was killed, and what it held.
struct Victim {
  double killed_at = 0;                      ///< seconds since 1970, the database's clock
  std::map<std::string, std::int64_t> held;  ///< task and epoch
  double back_at = 0;                        ///< when the last of them was leased again
};

class KillTest {
 public:
  explicit KillTest(int kills) {
    fleet_.must({"migrate"});
    fleet_.must({"target", "add", "app", "--url", fleet_.target().url(), "--max-running", "1000"});
    fleet_.must({"target", "install", "app"});
    make_slow_table(fleet_.target(), (kills + kills_per_wave - 1) / kills_per_wave);
    fleet_.apply(test::policy_yaml());
    fleet_.start_scheduler();
    for (int i = 0; i < workers; ++i) add_worker();
    fleet_.must({"policy", "run", "t-90d"});
    if (!test::eventually([&] { return leased() >= leaves; }))
      throw std::runtime_error("the workers did not take the tasks");
  }

  /// Kills workers one after the other, replaces each, and waits until all their tasks run again.
  std::vector<Victim> wave(int kills) {
    std::vector<Victim> victims;
    while (static_cast<int>(victims.size()) < kills) {
      if (live_.empty()) throw std::runtime_error("no worker holds a task");
      test::Daemon* worker = live_.front();
      live_.erase(live_.begin());
      const std::int64_t id = fleet_.worker_id(*worker);
      if (held_by(id).empty()) {
        if (leased() == 0) throw std::runtime_error("no task is leased any more");
        live_.push_back(worker);
        continue;
      }
      Victim victim;
      victim.killed_at = now();
      worker->kill_now();
      victim.held = held_by(id);
      add_worker();
      if (!victim.held.empty()) victims.push_back(victim);
    }
    if (!test::eventually([&] { return all_back(victims); }, std::chrono::minutes(3)))
      throw std::runtime_error("tasks of killed workers did not come back within 3 min");
    // The third rescue without progress makes a dead letter, and these tasks never make any.
    fleet_.control().execute("UPDATE lethe.items SET rescues = 0");
    return victims;
  }

 private:
  void add_worker() { live_.push_back(&fleet_.start_worker({"--slots", "4"})); }
  std::int64_t leased() {
    return fleet_.control().number("SELECT count(*) FROM lethe.items WHERE is_leased");
  }
  double now() {
    return fleet_.control()
        .execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        .at(0)
        .at(0)
        .as<double>();
  }

  std::map<std::string, std::int64_t> held_by(std::int64_t worker) {
    std::map<std::string, std::int64_t> held;
    for (const auto& row : fleet_.control().execute(fmt::format(
             "SELECT id, lease_epoch FROM lethe.items WHERE leased_by = {} AND is_leased", worker)))
      held.emplace(row.at(0).as<std::string>(), row.at(1).as<std::int64_t>());
    return held;
  }

  /// Notes which tasks were leased again: a rescue and the next lease raise the epoch by two.
  bool all_back(std::vector<Victim>& victims) {
    bool all = true;
    for (Victim& victim : victims) {
      for (auto task = victim.held.begin(); task != victim.held.end();) {
        const auto row = fleet_.control().execute(fmt::format(
            "SELECT extract(epoch FROM coalesce(max(leased_at), clock_timestamp()))::float8"
            " FROM lethe.items WHERE id = '{0}' HAVING coalesce(max(lease_epoch), {1} + 2) >= {1} "
            "+ 2",
            task->first, task->second));
        if (row.empty()) {
          ++task;
          continue;
        }
        victim.back_at = std::max(victim.back_at, row.at(0).at(0).as<double>());
        task = victim.held.erase(task);
      }
      all = all && victim.held.empty();
    }
    return all;
  }

  test::Fleet fleet_;
  std::vector<test::Daemon*> live_;  // in the order of their start; owned by fleet_
};

}  // namespace

Json measure_kill(const Options& options) {
  std::vector<float> seconds;
  {
    KillTest test(options.kills);
    while (static_cast<int>(seconds.size()) < options.kills) {
      const int left = options.kills - static_cast<int>(seconds.size());
      for (const Victim& victim : test.wave(std::min(left, kills_per_wave)))
        seconds.push_back(static_cast<float>(victim.back_at - victim.killed_at));
      fmt::print(stderr, "  {} kills, the slowest took {:.1f} s\n", seconds.size(),
                 percentile(seconds, 1));
    }
  }
  const double p99 = percentile(seconds, 0.99);
  return {{"goal", fmt::format("p99 of {} kills at most the heartbeat's TTL + 5 s = {} s",
                               options.kills, allowed_seconds)},
          {"systems",
           {{"lethe",
             {{"kills", seconds.size()},
              {"p50_s", percentile(seconds, 0.5)},
              {"p99_s", p99},
              {"max_s", percentile(seconds, 1)},
              {"ttl_s", worker_ttl_seconds}}}}},
          {"reached", p99 <= allowed_seconds},
          {"verdict", fmt::format("p99 {:.1f} s", p99)}};
}

}  // namespace lethe::bench
