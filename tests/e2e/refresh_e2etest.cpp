// Rows that the application refreshes while the fleet deletes around them.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

constexpr int rows = 20'000;
constexpr std::size_t updates = 200;

/// Expired rows of make_table(), the same at each call with the same seed.
std::vector<int> some_expired_rows(unsigned seed) {
  std::vector<int> all(rows - 2);
  std::iota(all.begin(), all.end(), 2);
  all.erase(std::remove_if(all.begin(), all.end(), [](int id) { return id % 4 == 0; }), all.end());
  std::shuffle(all.begin(), all.end(), std::mt19937(seed));
  all.resize(updates);
  return all;
}

TEST_CASE("rows that are refreshed while a run goes on are all still there", "[fleet][refresh]") {
  const unsigned seed = Catch::rngSeed();
  CAPTURE(seed);
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), rows);
  auto kept = fleet.ids(fresh_ids);
  const std::size_t fresh_before = kept.size();
  fleet.apply(policy_yaml());
  fleet.start_scheduler();
  Brake brake(fleet.target(), {1, 10'001});
  fleet.start_worker({"--slots", "2"}, {{"LETHE_BATCH_TARGET_MS", "10"}});
  const std::string run = fleet.json({"policy", "run", "t-90d"}).at(0).at("id");
  REQUIRE(brake.holds_a_batch(1));

  std::size_t done = 0;
  for (const int id : some_expired_rows(seed)) {
    // The first half while one batch stands still, the rest while the worker runs freely.
    if (++done == updates / 2) {
      brake.release(1);
      brake.release(10'001);
    }
    const auto refreshed = fleet.target().execute(fmt::format(
        "SET LOCAL lock_timeout = '20s'; UPDATE public.t SET created_at = now() WHERE id = (SELECT "
        "id FROM public.t WHERE id = {} {}) RETURNING id",
        id, done < updates / 2 ? "FOR UPDATE SKIP LOCKED" : ""));
    if (!refreshed.empty()) kept.insert(id);
  }
  CHECK(fleet.end_of(run) == "satisfied");
  CHECK(kept.size() >= fresh_before + updates / 10);
  CHECK(fleet.disagreement(kept, rows) == "");
}

TEST_CASE("a row that is refreshed while a batch waits for it is still there", "[fleet][refresh]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 2'000);
  auto kept = fleet.ids(fresh_ids);
  fleet.apply(policy_yaml());
  fleet.start_scheduler();
  fleet.start_worker();
  OtherSession application(fleet.target().url());
  application.execute("UPDATE public.t SET created_at = now() WHERE id = 1001");
  const std::string run = fleet.json({"policy", "run", "t-90d"}).at(0).at("id");
  REQUIRE(somebody_waits(fleet.target()));
  application.commit();
  kept.insert(1'001);
  CHECK(fleet.end_of(run) == "satisfied");
  CHECK(fleet.disagreement(kept, 2'000) == "");
}

}  // namespace
}  // namespace lethe::test
