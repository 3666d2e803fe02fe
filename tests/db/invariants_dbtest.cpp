#include <utility>

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

TEST_CASE("each kind of broken invariant is found", "[invariants]") {
  struct Case {
    const char* rule;
    const char* damage;
  };
  const auto broken = GENERATE(
      Case{"task_doubled",
           "INSERT INTO lethe.history SELECT i.*, now(), 'done' FROM lethe.items i"},
      Case{"task_without_run", "UPDATE lethe.items SET run_id = 'nowhere'"},
      Case{"run_state", "UPDATE lethe.runs SET finished_at = now()"},
      Case{"lease_of_nobody",
           "UPDATE lethe.items SET is_leased = true, leased_by = 99, lease_epoch = 1, "
           "leased_at = now(), lease_deadline = now() + interval '1 hour', admission = 0, "
           "enqueue_at = NULL; UPDATE lethe.target_slots SET admitted = 1; "
           "UPDATE lethe.shares SET admitted = 1"},
      Case{"lease_incomplete", "UPDATE lethe.items SET is_leased = true"},
      Case{"epoch_went_back", "UPDATE lethe.items SET attempts = 5"},
      Case{"slots_uncounted",
           "UPDATE lethe.items SET admission = 0; UPDATE lethe.target_slots SET admitted = 0"},
      Case{"share_uncounted",
           "UPDATE lethe.items SET admission = 0; UPDATE lethe.shares SET admitted = 0"},
      Case{"audit_gap",
           "DELETE FROM lethe.audit WHERE id = (SELECT max(id) FROM lethe.audit) - 1"});
  TestDatabase database;
  test::make_plain_table(database, 10);
  RunDriver fleet(database);
  const auto policy = test::policy_of("", 1);
  fleet.start(policy);
  fleet.control().targets().put({.name = policy.target, .url = database.url(), .max_running = 9},
                                "test");
  REQUIRE(fleet.control().inspector().invariants().empty());
  database.execute(std::string(broken.damage));
  database.expect_violations();
  bool found = false;
  for (const auto& violation : fleet.control().inspector().invariants())
    found = found || violation.rule == broken.rule;
  INFO(broken.rule);
  CHECK(found);
}

TEST_CASE("the end of a test looks at the invariants of its database", "[invariants]") {
  static int seen = 0;
  const auto listener =
      std::exchange(TestDatabase::on_violation, [](const std::string&) { ++seen; });
  {
    TestDatabase database;
    database.execute(
        "INSERT INTO lethe.items (id, expire_deadline, kind, payload, run_id, target, vft) VALUES "
        "('lost', now() + interval '1 day', 'clean', '', 'nowhere', 'app', 1)");
  }
  TestDatabase::on_violation = listener;
  CHECK(seen > 0);
}
