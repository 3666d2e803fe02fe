#include "common/db/pg_statistics_store.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "common/policies/policy_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_tables.hpp"
#include "tests/support/test_database.hpp"

using namespace lethe;

namespace {

struct World {
  test::TestDatabase database;
  db::Session session{db::control_session(database.url(), "lethe-test")};
  db::PgStatisticsStore store{session};

  World() {
    database.execute("INSERT INTO lethe.targets (name, url) VALUES ('app', 'service=app')");
    database.expect_violations();  // rows are made by hand, without what admission counts
  }
  /// A policy that became what it is at `applied`.
  void policy(const std::string& name, const std::string& applied = "now()") {
    database.execute(
        "INSERT INTO lethe.policies (name, target, spec, spec_text, spec_sha256, created_at, "
        "applied_at) VALUES ('" +
        name + "', 'app', '{}', '{}', '', '2001-01-01', " + applied + ")");
  }
  /// A run that ended `ended` ago, frozen a minute before.
  void run(const std::string& id, const std::string& policy, const std::string& state,
           const std::string& ended, const std::string& more = "") {
    database.execute(
        "INSERT INTO lethe.runs (id, policy, target, spec, spec_sha256, state, as_of, cutoff, "
        "expire_at, requested_by, finished_at) VALUES ('" +
        id + "', '" + policy + "', 'app', '{}', '', '" + state + "', now() - interval '" + ended +
        "' - interval '1 minute', now(), now() + interval '1 day', 'x', " +
        (state == "planned" ? "NULL" : "now() - interval '" + ended + "'") + ")");
    if (!more.empty())
      database.execute("UPDATE lethe.runs SET " + more + " WHERE id = '" + id + "'");
  }
  void task(const std::string& id, const std::string& columns, const std::string& values) {
    database.execute(
        "INSERT INTO lethe.items (id, kind, payload, run_id, target, expire_deadline, " + columns +
        ") VALUES ('" + id +
        "', 'clean', '', 'r', 'app', now() + interval "
        "'1 day', " +
        values + ")");
  }
};

std::int64_t count(const NamedCounts& counts, const std::string& name) {
  for (const auto& [one, number] : counts)
    if (one == name) return number;
  return -1;
}

const PolicyStatistics& policy(const FleetStatistics& fleet, const std::string& name) {
  const auto found = std::find_if(fleet.policies.begin(), fleet.policies.end(),
                                  [&](const PolicyStatistics& one) { return one.name == name; });
  REQUIRE(found != fleet.policies.end());
  return *found;
}

bool near(double value, double expected) { return value > expected - 5 && value < expected + 30; }

}  // namespace

TEST_CASE("an empty fleet is counted as zero", "[statistics]") {
  World world;
  const auto fleet = world.store.read();
  for (const char* state : {"waiting", "ready", "leased", "scheduled", "paused"})
    CHECK(count(fleet.tasks, state) == 0);
  for (const char* reason : {"expired", "poison", "failed"}) CHECK(count(fleet.dead, reason) == 0);
  for (const char* brake : {"paused_all", "paused_target", "paused_policy", "paused_tenant",
                            "frozen", "circuit_open", "pace"})
    CHECK(count(fleet.brakes, brake) == 0);
  CHECK(fleet.runs.empty());
  CHECK(fleet.lanes.empty());
  CHECK(fleet.policies.empty());
  REQUIRE(fleet.workers.size() == 2);
  CHECK(fleet.workers[0].workers + fleet.workers[1].workers == 0);
}

TEST_CASE("each task is counted in one state and what could run by its lane", "[statistics]") {
  World world;
  world.task("waiting", "admission", "1");
  world.task("paused", "admission", "2");
  world.task("scheduled", "admission, enqueue_at", "1, now() + interval '1 hour'");
  world.task("ready", "admission, ready_at", "0, now() - interval '100 s'");
  world.task("ready2", "admission, lane, ready_at", "0, 'big', now() - interval '300 s'");
  world.task("leased", "admission, is_leased, leased_by, lease_deadline",
             "0, true, 1, now() + interval '1 minute'");
  const auto fleet = world.store.read();
  CHECK(count(fleet.tasks, "waiting") == 1);
  CHECK(count(fleet.tasks, "paused") == 1);
  CHECK(count(fleet.tasks, "scheduled") == 1);
  CHECK(count(fleet.tasks, "ready") == 2);
  CHECK(count(fleet.tasks, "leased") == 1);
  REQUIRE(fleet.lanes.size() == 2);
  CHECK(fleet.lanes[0].lane == "normal");
  CHECK(fleet.lanes[0].busy == 1);
  CHECK(fleet.lanes[0].ready == 1);
  CHECK(near(fleet.lanes[0].oldest_seconds, 100));
  CHECK(fleet.lanes[1].busy == 0);
  CHECK(near(fleet.lanes[1].oldest_seconds, 300));
}

TEST_CASE("the retention lag is what the last satisfied run has proved", "[statistics]") {
  World world;
  world.policy("never", "now() - interval '2 hours'");
  world.policy("done", "now() - interval '9 days'");
  world.policy("off");
  world.database.execute("UPDATE lethe.policies SET enabled = false WHERE name = 'off'");
  world.run("1", "done", "satisfied", "1 day");
  world.run("2", "done", "satisfied", "1 hour");
  world.run("3", "done", "skipped", "1 second");
  world.run("4", "done", "planned", "0 s");
  const auto fleet = world.store.read();
  CHECK(fleet.policies.size() == 2);
  CHECK(fleet.policies.front().name == "never");  // the longest lag first
  CHECK(near(policy(fleet, "never").lag_seconds, 7'200));
  CHECK(near(policy(fleet, "done").lag_seconds, 3'660));
  CHECK_FALSE(policy(fleet, "done").failing);
  CHECK(count(fleet.runs, "planned") == 1);
}

TEST_CASE(
    "a policy that was changed or made anew has neither the proofs nor the failures of before",
    "[statistics]") {
  World world;
  world.database.execute("INSERT INTO lethe.targets (name, url) VALUES ('other', 'service=other')");
  world.policy("p", "now() - interval '2 hours'");
  world.run("1", "p", "satisfied", "5 days", "space = '{\"inserted\": 0}'");
  world.run("2", "p", "satisfied", "3 days", "space = '{\"inserted\": 9}'");
  world.run("3", "p", "failed", "1 day");
  CHECK(policy(world.store.read(), "p").failing);
  for (const std::string change : {"spec_sha256 = 'shorter'", "target = 'other'"}) {
    INFO(change);
    world.database.execute("UPDATE lethe.policies SET " + change);
    const auto fleet = world.store.read();
    CHECK(near(policy(fleet, "p").lag_seconds, 7'200));
    CHECK_FALSE(policy(fleet, "p").failing);
    CHECK_FALSE(policy(fleet, "p").inserts_per_second);
    world.database.execute("UPDATE lethe.policies SET spec_sha256 = '', target = 'app'");
  }
  // Switching it off and on changes nothing of what it demands.
  world.database.execute("UPDATE lethe.policies SET updated_at = now()");
  CHECK(near(policy(world.store.read(), "p").lag_seconds, 3 * 86'400 + 60));
}

TEST_CASE("policies that fail are told first and then those with the longest lag", "[statistics]") {
  World world;
  world.database.execute(
      "INSERT INTO lethe.policies (name, target, spec, spec_text, spec_sha256, applied_at) SELECT "
      "'old' || n, 'app', '{}', '{}', '', now() - interval '9 days' FROM generate_series(1, 1000) "
      "n");
  world.policy("young");
  world.policy("young_too");
  world.run("1", "young", "failed", "1 minute");
  const auto fleet = world.store.read();
  REQUIRE(fleet.policies.size() == 1'000);
  CHECK(fleet.policies.at(0).name == "young");
  for (std::size_t i = 1; i < 1'000; ++i) CHECK(fleet.policies.at(i).name.rfind("old", 0) == 0);
}

TEST_CASE("a policy fails until its next run ends well or is cancelled", "[statistics]") {
  World world;
  world.policy("p");
  world.run("1", "p", "satisfied", "3 hours");
  for (const std::string state : {"failed", "refused", "expired"}) {
    world.run("2" + state, "p", state, "2 hours");
    world.run("3" + state, "p", "skipped", "1 hour");
    CHECK(policy(world.store.read(), "p").failing);
    CHECK(near(policy(world.store.read(), "p").lag_seconds, 3 * 3'600 + 60));
    world.database.execute("DELETE FROM lethe.runs WHERE id > '2'");
  }
  world.run("4", "p", "failed", "2 hours");
  world.run("5", "p", "cancelled", "1 hour");
  CHECK_FALSE(policy(world.store.read(), "p").failing);
}

TEST_CASE("whether a policy keeps up is known from two looks at its table", "[statistics]") {
  World world;
  world.policy("p");
  const auto rates = [&] {
    const auto fleet = world.store.read();
    const auto& one = policy(fleet, "p");
    const auto rounded = [](const std::optional<double>& rate) {
      return static_cast<int>(std::lround(rate.value_or(-1)));
    };
    return std::to_string(rounded(one.inserts_per_second)) + " in, " +
           std::to_string(rounded(one.deletes_per_second)) + " out";
  };
  world.run("1", "p", "satisfied", "2 hours", "space = '{\"inserted\": 1000}', rows = 7");
  CHECK(rates() == "-1 in, -1 out");
  world.run("2", "p", "failed", "90 minutes", "rows = 3600");
  world.run("3", "p", "satisfied", "1 hour", "space = '{\"inserted\": 37000}', rows = 3600");
  CHECK(rates() == "10 in, 2 out");
  // Statistics were reset: nobody can tell.
  world.database.execute("UPDATE lethe.runs SET space = '{\"inserted\": 5}' WHERE id = '3'");
  CHECK(rates() == "-1 in, -1 out");
  world.database.execute("UPDATE lethe.runs SET space = '{\"table\": 5}' WHERE id = '3'");
  CHECK(rates() == "-1 in, -1 out");
}

TEST_CASE("whether a policy keeps up is unknown once partitions took their counts with them",
          "[statistics]") {
  World world;
  world.policy("p");
  const auto known = [&] {
    const auto fleet = world.store.read();
    const auto& one = policy(fleet, "p");
    CHECK(one.inserts_per_second.has_value() == one.deletes_per_second.has_value());
    return one.inserts_per_second.has_value();
  };
  const auto space = [](const std::string& members) {
    return "rows = 100, space = '{\"inserted\": 1000, " + members + "}'";
  };
  const std::string none_went = space(R"("returned": 0, "quarantined": 0)");
  // Partitions that went before the first look are missing in both.
  world.run("1", "p", "satisfied", "3 hours", space(R"("returned": 8192, "quarantined": 8192)"));
  world.run("2", "p", "failed", "2 hours", "batches = 1");
  world.run("3", "p", "satisfied", "1 hour", none_went);
  CHECK(known());  // the failed run deleted rows, for its policy knows nothing else
  const auto with = [&](const std::string& run, const std::string& change) {
    world.database.execute("UPDATE lethe.runs SET " + change + " WHERE id = '" + run + "'");
    const bool is_known = known();
    world.database.execute("UPDATE lethe.runs SET spec = '{}', spec_sha256 = '', " +
                           (run == "3" ? none_went : "batches = 1, space = NULL") +
                           " WHERE id = '" + run + "'");
    CHECK(known());
    return is_known;
  };
  CHECK_FALSE(with("3", space(R"("returned": 8192, "quarantined": 0)")));
  CHECK_FALSE(with("3", space(R"("returned": 0, "quarantined": 8192)")));
  // A run that failed did not look at what it dropped before; one that did nothing dropped nothing.
  const auto spec = [](Partitions partitions) {
    Policy policy = test::policy_of("p", 10);
    policy.partitions = partitions;
    return "spec = '" + to_canonical_json(policy) + "'";
  };
  CHECK(with("2", spec(Partitions::rows)));
  CHECK_FALSE(with("2", spec(Partitions::drop)));
  CHECK_FALSE(with("2", spec(Partitions::quarantine)));
  CHECK(with("2", "batches = 0, " + spec(Partitions::drop)));
  CHECK(with("2", R"(space = '{"returned": 0}', )" + spec(Partitions::drop)));
  CHECK_FALSE(with("2", R"(space = '{"returned": 8192}')"));
  // In between the policy was another one.
  CHECK_FALSE(with("2", "spec_sha256 = 'other'"));
}

TEST_CASE("brakes and dead letters and workers are counted by what they are", "[statistics]") {
  World world;
  world.database.execute(
      "INSERT INTO lethe.pauses (scope, name, paused_by, reason, frozen) VALUES ('all', '', 'x', "
      "'x', false), ('all', '', 'x', 'x', true), ('tenant', 'app/t', 'x', 'x', false); "
      "INSERT INTO lethe.target_slots (target, failures, open_until) VALUES ('app', 3, now() + "
      "interval '1 minute') ON CONFLICT (target, version) DO UPDATE SET failures = 3, open_until = "
      "excluded.open_until; "
      "INSERT INTO lethe.paces (scope, name, paid_until) VALUES ('target', 'app', now() + interval "
      "'1 minute'), ('policy', 'p', now() - interval '1 minute'); "
      "INSERT INTO lethe.workers (instance, version, slots, busy, phase) VALUES ('a', '1', 4, 3, "
      "'running'), ('b', '1', 2, 0, 'running'), ('c', '1', 8, 1, 'draining'), ('d', '1', 8, 0, "
      "'lost')");
  for (const char* reason : {"expired: late", "poison: rescued", "42P01", "other"})
    world.database.execute(
        "INSERT INTO lethe.dead (id, created_at, is_leased, expire_deadline, attempts, "
        "max_attempts, "
        "reference, encoding, kind, payload, run_id, target, lane, priority, lease_epoch, "
        "admission, "
        "ready_at, vft, est_cost, batch_size, rescues, batches, rows_done, cancel_requested, "
        "tenant, "
        "reason) VALUES ('" +
        std::string(reason) +
        "', now(), false, now(), 1, 1, '', '', 'clean', "
        "'', 'r', 'app', 'normal', 2, 1, 0, now(), 0, 1, 0, 0, 0, 0, false, '', '" +
        reason + "')");
  const auto fleet = world.store.read();
  CHECK(count(fleet.brakes, "paused_all") == 1);
  CHECK(count(fleet.brakes, "paused_tenant") == 1);
  CHECK(count(fleet.brakes, "frozen") == 1);
  CHECK(count(fleet.brakes, "circuit_open") == 1);
  CHECK(count(fleet.brakes, "pace") == 1);
  CHECK(count(fleet.dead, "expired") == 1);
  CHECK(count(fleet.dead, "poison") == 1);
  CHECK(count(fleet.dead, "failed") == 2);
  REQUIRE(fleet.workers.size() == 2);
  CHECK(fleet.workers[0].phase == "draining");
  CHECK(fleet.workers[0].busy == 1);
  CHECK(fleet.workers[1].workers == 2);
  CHECK(fleet.workers[1].slots == 6);
  CHECK(fleet.workers[1].busy == 3);
}

TEST_CASE("a target that was not reached counts until a task gets through", "[statistics]") {
  World world;
  world.database.execute("INSERT INTO lethe.target_slots (target) VALUES ('app')");
  const auto open_after = [&](const std::string& change) {
    world.database.execute("UPDATE lethe.target_slots SET " + change);
    return count(world.store.read().brakes, "circuit_open");
  };
  CHECK(open_after("failures = 2, open_until = NULL") == 0);
  CHECK(open_after("failures = 3, open_until = now() + interval '5 s'") == 1);
  // The pause is over and a task probes: nobody knows yet.
  CHECK(open_after("failures = 4, open_until = now() - interval '1 s'") == 1);
  CHECK(open_after("failures = 0, open_until = NULL") == 0);
}

TEST_CASE("what a long queue costs is bounded", "[statistics]") {
  World world;
  world.database.execute(
      "INSERT INTO lethe.items (id, kind, payload, run_id, target, expire_deadline, admission) "
      "SELECT 'i' || n, 'clean', '', 'r', 'app', now() + interval '1 day', 1 FROM "
      "generate_series(1, 100500) n");
  CHECK(count(world.store.read().tasks, "waiting") == 100'000);
}
