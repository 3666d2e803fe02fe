// The real programs with a PgBouncer in transaction mode before their control database.

#include <pqxx/pqxx>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/pgbouncer.hpp"

namespace lethe::test {
namespace {

constexpr int rows = 20'000;

TEST_CASE("a fleet behind a pooler deletes exactly what had to go though a worker is killed",
          "[fleet][pooler]") {
  PgBouncer pooler;
  Fleet fleet;
  const Environment pooled{{"LETHE_DATABASE_URL", pooler.url(fleet.control().url())}};
  REQUIRE(fleet.lethe({"migrate"}, pooled).exit_code == 0);
  fleet.install();
  make_table(fleet.target(), rows);
  const auto kept = fleet.ids(fresh_ids);
  fleet.apply(policy_yaml());
  Brake brake(fleet.target(), {5'001});
  fleet.start_scheduler(pooled);
  Daemon& first = fleet.start_worker({"--slots", "1"}, pooled);

  const CommandResult started = fleet.lethe({"policy", "run", "t-90d", "--output", "json"}, pooled);
  REQUIRE(started.exit_code == 0);
  const std::string run = started.json().at(0).at("id");
  REQUIRE(brake.holds_a_batch(5'001));
  const std::int64_t lost = fleet.worker_id(first);
  first.kill_now();
  fleet.age_heartbeat(lost);
  brake.release(5'001);
  for (int worker = 0; worker < 2; ++worker) fleet.start_worker({}, pooled);

  const CommandResult watched = fleet.lethe({"run", "watch", run}, pooled);
  INFO(watched.err << pooler.log());
  CHECK(watched.out.find("satisfied") != std::string::npos);
  CHECK(fleet.disagreement(kept, rows) == "");
  CHECK(fleet.control().number("SELECT count(*) FROM lethe.workers WHERE phase = 'running'") == 2);
  CHECK(fleet.control().number("SELECT count(*) FROM lethe.dead") == 0);
  // Five clients are at work: that is how we know that they did go through the pooler.
  CHECK(fleet.control().number("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                               "current_database() AND pid <> pg_backend_pid()") <=
        PgBouncer::server_connections);
  // PgBouncer itself gives each client its application_name, encoding and styles.
  pqxx::connection stranger(pooler.url(fleet.control().url()));
  pqxx::work look(stranger);
  CHECK(look.exec("SELECT coalesce(string_agg(name, ' '), '') FROM pg_settings WHERE source = "
                  "'session' AND name NOT IN ('application_name', 'client_encoding', 'DateStyle', "
                  "'TimeZone', 'standard_conforming_strings')")
            .at(0)
            .at(0)
            .as<std::string>() == "");
}

}  // namespace
}  // namespace lethe::test
