// Tables that are replicated logically, and rows that a prepared transaction holds: on a server of
// our own, because the usual one is set up for neither.

#include "common/process/private_cluster.hpp"
#include "tests/support/clean_checks.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::check_satisfied;
using test::ids_in;
using test::RunDriver;
using test::TestDatabase;

namespace {

Policy ten_days() { return test::policy_of("", 10); }

const ClusterOptions replicating{
    .settings = {{"fsync", "off"}, {"wal_level", "logical"}, {"max_prepared_transactions", "4"}}};

/// Row n is two times n days old: of a policy of ten days, 1 to 4 stay and 5 to 12 go.
void fill(TestDatabase& database) {
  database.execute(
      "INSERT INTO public.t SELECT n, now() - n * interval '48 hours' FROM generate_series(1, 12) "
      "n");
}

/// Statements that do not run in a transaction.
void outside(TestDatabase& database, const std::vector<std::string>& statements) {
  pqxx::connection connection(database.url());
  pqxx::nontransaction work(connection);
  for (const auto& sql : statements) work.exec(sql);
}

/// Waits until public.t of the subscriber has these ids, at most 20 seconds, and returns what it
/// has then.
std::string ids_after_a_while(TestDatabase& database, const std::string& ids) {
  for (int turn = 0; turn < 200 && ids_in(database, "public.t") != ids; ++turn)
    database.execute("SELECT pg_sleep(0.1)");
  return ids_in(database, "public.t");
}

}  // namespace

TEST_CASE("a publisher's deletes reach the subscriber and a subscriber may keep less",
          "[replication]") {
  const auto definition = GENERATE(
      as<std::string>{}, "CREATE TABLE public.t (id int PRIMARY KEY, created_at timestamptz)",
      "CREATE TABLE public.t (id int, created_at timestamptz); ALTER TABLE public.t REPLICA "
      "IDENTITY FULL");
  const PrivateCluster cluster(replicating);
  TestDatabase publisher(true, cluster.url());
  TestDatabase subscriber(true, cluster.url());
  for (auto* database : {&publisher, &subscriber}) database->execute(definition);
  fill(publisher);
  // In FOR ALL TABLES our own tables are published too.
  publisher.execute("CREATE PUBLICATION everything FOR ALL TABLES");
  outside(publisher, {"SELECT pg_create_logical_replication_slot('feed', 'pgoutput')"});
  publisher.execute("CREATE PUBLICATION feed FOR TABLE public.t");
  outside(subscriber, {"CREATE SUBSCRIPTION feed CONNECTION " +
                       publisher.text("SELECT quote_literal($q$" + publisher.url() + "$q$)") +
                       " PUBLICATION feed WITH (create_slot = false, slot_name = 'feed')"});
  REQUIRE(ids_after_a_while(subscriber, "1,2,3,4,5,6,7,8,9,10,11,12") ==
          "1,2,3,4,5,6,7,8,9,10,11,12");

  RunDriver there(subscriber);
  check_satisfied(subscriber, there.work_off(there.start(test::policy_of("", 20))), 3);
  CHECK(ids_in(subscriber, "public.t") == "1,2,3,4,5,6,7,8,9");
  RunDriver here(publisher);
  check_satisfied(publisher, here.work_off(here.start(ten_days())), 8);
  CHECK(ids_in(publisher, "public.t") == "1,2,3,4");
  CHECK(ids_after_a_while(subscriber, "1,2,3,4") == "1,2,3,4");
  outside(subscriber, {"DROP SUBSCRIPTION feed"});
}

TEST_CASE("rows that a prepared transaction holds are waited for and the others go",
          "[replication]") {
  const PrivateCluster cluster(replicating);
  TestDatabase database(true, cluster.url());
  database.execute("CREATE TABLE public.t (id int PRIMARY KEY, created_at timestamptz)");
  fill(database);
  outside(database, {"BEGIN", "UPDATE public.t SET created_at = now() WHERE id = 7",
                     "PREPARE TRANSACTION 'later'"});
  RunDriver fleet(database, std::chrono::milliseconds(50));
  SECTION("a run that ends before it does has failed and says that rows are left") {
    const RunRow run = fleet.work_off(fleet.start(ten_days()));
    CHECK(run.state == "failed");
    CHECK(run.rows == 7);
    CHECK(ids_in(database, "public.t") == "1,2,3,4,7");
    CHECK_THAT(run.error, test::contains("public.t"));
    outside(database, {"COMMIT PREPARED 'later'"});
    check_satisfied(database, fleet.work_off(fleet.start(ten_days())), 0);
  }
  SECTION("a run that goes on after its commit leaves the refreshed row") {
    const std::string run = fleet.start(ten_days());
    static_cast<void>(fleet.work_off(run, 2));
    outside(database, {"COMMIT PREPARED 'later'"});
    check_satisfied(database, fleet.work_off(run), 7);
  }
  CHECK(ids_in(database, "public.t") == "1,2,3,4,7");
}

TEST_CASE("a table that a prepared transaction has locked is a lock that is told and waited for",
          "[replication]") {
  const PrivateCluster cluster(replicating);
  TestDatabase database(true, cluster.url());
  database.execute("CREATE TABLE public.t (id int PRIMARY KEY, created_at timestamptz)");
  fill(database);
  RunDriver fleet(database, std::chrono::milliseconds(50));
  const std::string run = fleet.start(ten_days());
  const auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  outside(database, {"BEGIN", "LOCK TABLE public.t IN SHARE MODE", "PREPARE TRANSACTION 'later'"});
  const auto task = fleet.lease();
  REQUIRE(task);
  const auto settlement = fleet.step(*task);
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::release);
  CHECK(settlement->rows == 0);
  REQUIRE(fleet.settle(*settlement) == Settled::yes);
  outside(database, {"ROLLBACK PREPARED 'later'"});
  check_satisfied(database, fleet.work_off(run), 8);
}
