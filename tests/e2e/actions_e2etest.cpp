// Policies that do something else than delete, with the real programs.

#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/sample_tables.hpp"

namespace lethe::test {
namespace {

constexpr int rows = 20'000;

TEST_CASE("a policy that sets columns and one that calls a function run like any other",
          "[fleet][action]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), rows);
  fleet.target().execute(
      "CREATE SCHEMA app; CREATE TABLE app.lots (id int); INSERT INTO app.lots SELECT "
      "generate_series(1, 5000); CREATE FUNCTION app.expire_lots(p_batch_size int) RETURNS integer "
      "LANGUAGE plpgsql AS $$ DECLARE n integer; BEGIN DELETE FROM lots WHERE id IN (SELECT id "
      "FROM "
      "lots WHERE id > 100 LIMIT p_batch_size); GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END $$");
  const auto expired = rows - static_cast<std::int64_t>(fleet.ids(fresh_ids).size());
  fleet.apply(policy_yaml({"action: {set: {tenant: null, note: gone}}"}));
  fleet.apply(
      "policies:\n  - {name: lots, target: app, retain: 90 days, action: {call: "
      "app.expire_lots}}\n");
  CHECK(fleet.json({"policy", "preview", "t-90d"}).at(0).at("eligible") == expired);
  CHECK(fleet.lethe({"policy", "preview", "lots"}).exit_code == 3);
  fleet.start_scheduler();
  fleet.start_worker({"--slots", "2"});

  const Json set = fleet.json({"policy", "run", "t-90d", "--wait"}).at(0);
  CHECK(set.at("state") == "satisfied");
  CHECK(set.at("strategy") == whole_visit(fleet.target()) + ", set");
  CHECK(set.at("rows") == expired);
  CHECK(fleet.target().number(
            "SELECT count(*) FROM public.t WHERE note = 'gone' AND tenant IS NULL") == expired);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == rows);
  CHECK(fleet.json({"policy", "preview", "t-90d"}).at(0).at("done") == expired);

  const Json call = fleet.json({"policy", "run", "lots", "--wait"}).at(0);
  CHECK(call.at("state") == "satisfied");
  CHECK(call.at("strategy") == "call");
  CHECK(call.at("rows") == 4'900);
  CHECK(call.at("batches") >= 3);
  CHECK(fleet.target().number("SELECT count(*) FROM app.lots") == 100);
  CHECK_THAT(fleet.must({"policy", "show", "lots"}), contains("app.expire_lots"));
}

}  // namespace
}  // namespace lethe::test
