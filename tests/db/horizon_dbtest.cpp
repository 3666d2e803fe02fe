// What keeps VACUUM from the queue's dead rows, as it is told: on a server of our own, where nobody
// else holds anything up and everything can be made that does.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>

#include "common/db/pg_statistics_store.hpp"
#include "common/process/private_cluster.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_database.hpp"

using namespace lethe;
using test::OtherSession;
using test::TestDatabase;

namespace {

constexpr int burnt = 50;

struct World {
  PrivateCluster cluster{{.settings = {{"fsync", "off"},
                                       {"autovacuum", "off"},
                                       {"wal_level", "logical"},
                                       {"max_prepared_transactions", "4"}}}};
  TestDatabase database{true, cluster.url()};
  db::Session session{db::control_session(database.url(), "lethe-test")};
  db::PgStatisticsStore store{session};

  /// What is told after some more transactions.
  FleetStatistics read() {
    for (int i = 0; i < burnt; ++i) database.execute("SELECT txid_current()");
    return store.read();
  }
};

using RawConnection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

RawConnection connect(const std::string& url) { return {PQconnectdb(url.c_str()), PQfinish}; }

ExecStatusType run(const RawConnection& connection, const std::string& sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                             PQclear);
  return PQresultStatus(result.get());
}

/// What a standby says whose oldest snapshot is `xmin`.
std::string feedback_of_standby(std::uint32_t xmin) {
  const std::uint32_t fields[] = {0, 0, htonl(xmin), 0, 0, 0};  // time, xmin, catalog_xmin
  return "h" + std::string(reinterpret_cast<const char*>(fields), sizeof fields);
}

}  // namespace

TEST_CASE("what holds VACUUM up shows by its transactions and its time", "[statistics]") {
  World world;
  CHECK(world.read().xmin_age < burnt);
  CHECK_FALSE(world.store.read().oldest_transaction_seconds);
  {
    OtherSession snapshot(world.database.url());
    snapshot.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    const FleetStatistics told = world.read();
    CHECK(told.xmin_age >= burnt);
    CHECK(told.oldest_transaction_seconds.value_or(-1) >= 0);
  }
  {
    OtherSession writer(world.database.url());
    writer.execute("SELECT txid_current()");  // idle in its transaction it has no snapshot
    const FleetStatistics told = world.read();
    CHECK(told.xmin_age >= burnt);
    CHECK(told.oldest_transaction_seconds.value_or(-1) >= 0);
  }
  world.database.execute_alone("BEGIN; SELECT txid_current(); PREPARE TRANSACTION 'forgotten'");
  const FleetStatistics told = world.read();
  CHECK(told.xmin_age >= burnt);
  CHECK(told.oldest_transaction_seconds.value_or(-1) >= 0);
  world.database.execute_alone("ROLLBACK PREPARED 'forgotten'");
}

TEST_CASE("how long VACUUM is held up is unknown to a role that may not see since when",
          "[statistics]") {
  World world;
  world.database.execute(
      "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA lethe TO reader; GRANT SELECT ON ALL TABLES "
      "IN SCHEMA lethe TO reader");
  const std::string url = world.database.url() + " user=reader";
  db::Session session(db::control_session(url, "lethe-test"));
  db::PgStatisticsStore store(session);
  OtherSession own(url);
  own.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  CHECK(store.read().oldest_transaction_seconds);
  OtherSession dump(world.database.url());
  dump.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  // Its own younger one would be a wrong answer.
  CHECK_FALSE(store.read().oldest_transaction_seconds);
  CHECK(store.read().xmin_age >= 0);
  world.database.execute("GRANT pg_read_all_stats TO reader");
  CHECK(store.read().oldest_transaction_seconds);
  own.commit();
  dump.commit();
}

TEST_CASE("a VACUUM holds no other one up and a slot of the catalog nothing of the queue",
          "[statistics]") {
  World world;
  world.database.execute("SELECT pg_create_logical_replication_slot('feed', 'pgoutput')");
  world.database.execute(
      "CREATE TABLE public.big (n int, pad text); INSERT INTO public.big SELECT n, repeat('x', "
      "4000) FROM generate_series(1, 1000) n");
  const RawConnection vacuum = connect(world.database.url());
  for (const char* set : {"SET vacuum_cost_delay = 100", "SET vacuum_cost_limit = 1"})
    REQUIRE(run(vacuum, set) == PGRES_COMMAND_OK);
  REQUIRE(PQsendQuery(vacuum.get(), "VACUUM public.big") == 1);
  REQUIRE(test::becomes_true(world.database,
                             "EXISTS (SELECT 1 FROM pg_stat_progress_vacuum p JOIN "
                             "pg_stat_activity a USING (pid) WHERE a.backend_xmin IS NOT NULL)"));
  const FleetStatistics told = world.read();
  CHECK(told.xmin_age < burnt);
  CHECK_FALSE(told.oldest_transaction_seconds);
  REQUIRE(world.database.number("SELECT count(*) FROM pg_stat_progress_vacuum") == 1);
  world.database.execute(
      fmt::format("SELECT pg_terminate_backend({})", PQbackendPID(vacuum.get())));
  world.database.execute_alone("SELECT pg_drop_replication_slot('feed')");
}

TEST_CASE("what a replica holds up shows by its transactions alone", "[statistics]") {
  World world;
  const bool by_slot = GENERATE(true, false);
  world.database.execute("SELECT pg_create_physical_replication_slot('standby', true)");
  const auto xmin = world.database.number("SELECT txid_current()");
  const RawConnection standby = connect(world.database.url() + " replication=true");
  REQUIRE(run(standby,
              fmt::format("START_REPLICATION {}PHYSICAL {}", by_slot ? "SLOT standby " : "",
                          world.database.text("SELECT pg_current_wal_lsn()"))) == PGRES_COPY_BOTH);
  const std::string feedback = feedback_of_standby(static_cast<std::uint32_t>(xmin));
  REQUIRE(PQputCopyData(standby.get(), feedback.data(), static_cast<int>(feedback.size())) == 1);
  REQUIRE(PQflush(standby.get()) == 0);
  REQUIRE(test::becomes_true(world.database,
                             by_slot ? "EXISTS (SELECT 1 FROM pg_replication_slots WHERE xmin IS "
                                       "NOT NULL)"
                                     : "EXISTS (SELECT 1 FROM pg_stat_replication WHERE "
                                       "backend_xmin IS NOT NULL)"));
  const FleetStatistics told = world.read();
  CHECK(told.xmin_age >= burnt);
  CHECK_FALSE(told.oldest_transaction_seconds);
  // Nor does it hide what is known of others.
  OtherSession snapshot(world.database.url());
  snapshot.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  CHECK(world.store.read().oldest_transaction_seconds);
}
