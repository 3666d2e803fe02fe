// From two empty databases to a clean table, with the real programs.

#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/sample_tables.hpp"

namespace lethe::test {
namespace {

constexpr int rows = 20'000;

TEST_CASE("one worker deletes exactly what had to go", "[fleet]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), rows);
  const auto kept = fleet.ids(fresh_ids);
  fleet.apply(policy_yaml());
  fleet.start_scheduler();
  fleet.start_worker();

  const Json run = fleet.json({"policy", "run", "t-90d", "--wait"}).at(0);
  CHECK(run.at("state") == "satisfied");
  CHECK(run.at("rows") == rows - static_cast<std::int64_t>(kept.size()));
  CHECK(run.at("policy") == "t-90d");
  const Json shown = fleet.json({"run", "show", run.at("id")}).at(0);
  CHECK(shown.at("table_bytes") >= fleet.target().number("SELECT pg_relation_size('public.t')"));
  const auto returnable = if_tid_ranges(fleet.target(), 0);
  CHECK(shown.at("estimated_returnable_bytes").is_null() == !returnable.has_value());
  CHECK(shown.at("returned_bytes") == 0);
  CHECK(fleet.disagreement(kept, rows) == "");
}

TEST_CASE("four workers share a run and delete exactly what had to go", "[fleet]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), rows);
  // PostgreSQL 13 would go along the key, by one task.
  fleet.target().execute("ALTER TABLE public.t DROP CONSTRAINT t_pkey");
  const auto kept = fleet.ids(fresh_ids);
  fleet.apply(policy_yaml());
  fleet.start_scheduler();
  for (int worker = 0; worker < 4; ++worker) fleet.start_worker({"--slots", "1"});

  Brake brake(fleet.target(), {1});
  const std::string run = fleet.json({"policy", "run", "t-90d"}).at(0).at("id");
  REQUIRE(brake.holds_a_batch(1));  // whoever stands here does nothing else
  const std::string others_done =
      "SELECT count(*) FROM lethe.items WHERE kind = 'clean' AND NOT is_leased";
  const std::string done = "SELECT count(*) FROM lethe.history WHERE kind = 'clean'";
  REQUIRE(eventually([&] {
    return fleet.control().number(others_done) == 0 && fleet.control().number(done) >= 3;
  }));
  brake.release(1);

  CHECK(fleet.must({"run", "watch", run}).find("satisfied") != std::string::npos);
  CHECK(fleet.control().number("SELECT count(DISTINCT leased_by) FROM lethe.history "
                               "WHERE kind = 'clean'") >= 2);
  CHECK(fleet.control().number("SELECT count(*) FROM lethe.workers WHERE phase = 'running'") == 4);
  CHECK(fleet.disagreement(kept, rows) == "");
}

TEST_CASE("a policy with a schedule fires by itself and again for what expires later",
          "[fleet][schedule]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 2'000);
  const auto kept = fleet.ids(fresh_ids);
  fleet.apply(policy_yaml({"schedule: every 2 s"}));
  fleet.start_scheduler();
  fleet.start_worker();

  const std::string table_rows = "SELECT count(*) FROM public.t";
  const auto is_clean = [&] {
    return fleet.target().number(table_rows) == static_cast<std::int64_t>(kept.size());
  };
  REQUIRE(eventually(is_clean));
  // Rows that arrive before the first run is verified would still be that run's.
  REQUIRE(eventually([&] {
    return fleet.control().number("SELECT count(*) FROM lethe.runs WHERE state = 'satisfied'") >= 1;
  }));
  fleet.target().execute(
      "INSERT INTO public.t SELECT n, now() - interval '91 days', 'late', '' FROM "
      "generate_series(2001, 2100) n");
  REQUIRE(eventually(is_clean));
  // Disabling would stop the run that cleaned the late rows before it is verified.
  CHECK(eventually([&] {
    return fleet.control().number(
               "SELECT count(*) FROM lethe.runs WHERE rows > 0 AND state = 'satisfied' AND "
               "scheduled_for IS NOT NULL") >= 2;
  }));
  fleet.must({"policy", "disable", "t-90d"});
  REQUIRE(eventually([&] {
    return fleet.control().number("SELECT count(*) FROM lethe.runs WHERE finished_at IS NULL") == 0;
  }));

  CHECK(fleet.control().number("SELECT count(*) FROM lethe.runs WHERE scheduled_for IS NULL") == 0);
  CHECK(fleet.disagreement(kept, 2'100) == "");
}

}  // namespace
}  // namespace lethe::test
