// Programs of two versions side by side. What the other version brings is a migration that these
// programs do not know, and tasks of a kind that they do not know.

#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

constexpr int rows = 20'000;

TEST_CASE("workers of both sides of a migration serve one queue and leave foreign kinds alone",
          "[fleet][upgrade]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), rows);
  const auto kept = fleet.ids(fresh_ids);
  fleet.apply(policy_yaml({"batch: {target_ms: 10}", "strategy: sweep"}));
  Daemon& before = fleet.start_worker({"--slots", "1"});
  REQUIRE(fleet.worker_id(before) != 0);
  fleet.start_scheduler();

  fleet.control().execute(
      "CREATE TABLE lethe.of_a_later_version (id bigint); ALTER TABLE lethe.runs ADD COLUMN "
      "of_a_later_version text; ALTER TABLE lethe.workers ADD COLUMN of_a_later_version text; "
      "INSERT INTO lethe.migrations (version, name, breaking) VALUES (9999, 'later', false)");
  Daemon& after = fleet.start_worker({"--slots", "1"});
  REQUIRE(fleet.worker_id(after) != 0);
  fleet.start_scheduler();

  Brake brake(fleet.target(), {5'001, 15'001});  // each worker holds a batch at the same time
  const std::string run = fleet.json({"policy", "run", "t-90d"}).at(0).at("id");
  REQUIRE(brake.holds_a_batch(5'001));
  REQUIRE(brake.holds_a_batch(15'001));
  fleet.control().execute(
      "INSERT INTO lethe.items (id, kind, payload, run_id, target, expire_deadline, admission, "
      "vft) SELECT 'foreign', 'compact', '', r.id, r.target, r.expire_at, 1, 0 FROM lethe.runs r");
  brake.release(5'001);
  brake.release(15'001);
  const std::string busy =
      "SELECT count(DISTINCT leased_by) FROM (SELECT leased_by FROM lethe.history UNION SELECT "
      "leased_by FROM lethe.items) x WHERE leased_by IS NOT NULL";
  REQUIRE(eventually([&] {
    return fleet.control().number("SELECT count(*) FROM lethe.items WHERE id <> 'foreign'") == 0;
  }));
  CHECK(fleet.ids("SELECT id FROM public.t") == kept);
  CHECK(before.running());
  CHECK(after.running());
  CHECK(fleet.control().number(busy) == 2);
  CHECK(fleet.control().text("SELECT kind || ' ' || attempts || ' ' || lease_epoch || ' ' || "
                             "is_leased FROM lethe.items WHERE id = 'foreign'") ==
        "compact 0 0 false");
  // Its version's workers would do it; without them an operator ends the run.
  fleet.must({"run", "cancel", run});
  CHECK(fleet.end_of(run) == "cancelled");
}

TEST_CASE("a program refuses a schema that breaks it", "[fleet][upgrade]") {
  Fleet fleet;
  fleet.install();
  fleet.control().execute("INSERT INTO lethe.migrations (version, name) VALUES (9999, 'later')");
  for (const char* program : {"lethe-scheduler", "lethe-worker"}) {
    const CommandResult refused = fleet.run_program(program, {});
    CHECK(refused.exit_code == 78);
    CHECK(refused.err.find("install the newer Lethe") != std::string::npos);
  }
}

}  // namespace
}  // namespace lethe::test
