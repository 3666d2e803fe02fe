// Where the bytes of a table are after a run, and what is known of that.

#include <chrono>

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// What a satisfied run of `policy` says of its table's space.
Space space_after(RunDriver& fleet, const Policy& policy) {
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  REQUIRE(run.state == "satisfied");
  REQUIRE(run.space);
  return *run.space;
}

std::int64_t heap_bytes(TestDatabase& database) {
  return database.number("SELECT pg_relation_size('public.t')");
}

/// VACUUM keeps what some snapshot in this database may still see, before PostgreSQL 14 in any
/// database of the server, and autovacuum takes one for each ANALYZE: again until nothing dead is
/// left.
void vacuum_all(TestDatabase& database) {
  std::int64_t dead = -1;
  const auto give_up = std::chrono::steady_clock::now() + 30s;
  while (dead != 0 && std::chrono::steady_clock::now() < give_up) {
    CHECK(test::autovacuum_is_away(database));
    database.execute_alone("VACUUM public.t");
    dead = database.number("SELECT pg_stat_get_dead_tuples('public.t'::regclass)");
  }
  CHECK(dead == 0);
}

bool is_about(std::int64_t bytes, std::int64_t expected) {
  return bytes > expected * 8 / 10 && bytes < expected * 12 / 10;
}

}  // namespace

TEST_CASE("half of a table that lies at its end is dead and returnable until it is vacuumed",
          "[space]") {
  TestDatabase database;
  test::make_plain_table(database, 20'000);  // the oldest rows last
  database.execute("ALTER TABLE public.t SET (autovacuum_enabled = off)");
  RunDriver fleet(database);
  const std::int64_t heap = heap_bytes(database);
  const Space before = space_after(fleet, test::policy_of("", 10'000 / 24));
  CHECK(before.table_bytes == database.number("SELECT pg_table_size('public.t')"));
  CHECK(before.index_bytes == database.number("SELECT pg_indexes_size('public.t')"));
  REQUIRE(before.dead_bytes);
  CHECK(is_about(*before.dead_bytes, heap / 2));
  REQUIRE(before.reusable_bytes);
  CHECK(*before.reusable_bytes < heap / 10);
  const bool has_ranges = test::if_tid_ranges(database, 0).has_value();
  CHECK(before.returnable_bytes.has_value() == has_ranges);
  if (has_ranges) CHECK(is_about(*before.returnable_bytes, heap / 2));
  CHECK(before.returned_bytes == 0);

  vacuum_all(database);
  const std::int64_t given_back = heap - heap_bytes(database);
  if (has_ranges) CHECK(given_back == *before.returnable_bytes);
  const Space after = space_after(fleet, test::policy_of("", 10'000 / 24));
  CHECK(after.table_bytes < before.table_bytes);
  // Else the deletes may be told after the VACUUM, and count as dead once more.
  if (test::statistics_are_instant(database)) CHECK(*after.dead_bytes < heap / 20);
  CHECK(after.returnable_bytes == test::if_tid_ranges(database, 0));
}

TEST_CASE("every second row of a table is dead and becomes reusable and never returnable",
          "[space]") {
  TestDatabase database;
  test::make_plain_table(database, 20'000);
  database.execute("ALTER TABLE public.t SET (autovacuum_enabled = off)");
  RunDriver fleet(database);
  const std::int64_t heap = heap_bytes(database);
  Policy policy = test::policy_of("", 1);
  policy.where = {.kind = Condition::Kind::comparison,
                  .children = {},
                  .column = "status",
                  .comparison = Comparison::eq,
                  .values = {"done"}};
  const Space before = space_after(fleet, policy);
  CHECK(is_about(*before.dead_bytes, heap / 2));
  CHECK(before.returnable_bytes == test::if_tid_ranges(database, 0));
  vacuum_all(database);
  const Space after = space_after(fleet, policy);
  CHECK(after.table_bytes >= before.table_bytes);
  if (test::statistics_are_instant(database)) {
    CHECK(*after.dead_bytes < heap / 20);
    CHECK(is_about(*after.reusable_bytes, heap / 2));
  }
  CHECK(after.returnable_bytes == test::if_tid_ranges(database, 0));
}

TEST_CASE("what dropped partitions took is returned and what quarantined ones take is not",
          "[space]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute("CREATE INDEX ON public.p (id)");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 130, "p");
  policy.partitions = Partitions::drop;
  const std::int64_t oldest = database.number("SELECT pg_total_relation_size('public.p_m6')");
  const Space dropped = space_after(fleet, policy);
  CHECK(dropped.returned_bytes == oldest);
  CHECK(dropped.quarantined_bytes == 0);
  CHECK(dropped.table_bytes == database.number("SELECT sum(pg_table_size(relid)) FROM "
                                               "pg_partition_tree('public.p') WHERE isleaf"));
  policy.retain.seconds = 100 * test::day;
  policy.partitions = Partitions::quarantine;
  policy.name = "kept";
  fleet.apply(policy);
  const RunRow run = fleet.work_off(fleet.start_stored("kept"));
  REQUIRE(run.space);
  CHECK(run.space->returned_bytes == 0);
  CHECK(run.space->quarantined_bytes == oldest);
}

TEST_CASE("a table without statistics has measured bytes and no estimates", "[space]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, created_at timestamptz) WITH (autovacuum_enabled = off); "
      "INSERT INTO public.t SELECT n, now() - n * interval '1 hour' FROM generate_series(1, 5000) "
      "n");
  RunDriver fleet(database);
  const Space space = space_after(fleet, test::policy_of("", 100));
  CHECK(space.table_bytes == database.number("SELECT pg_table_size('public.t')"));
  CHECK_FALSE(space.dead_bytes);
  CHECK_FALSE(space.reusable_bytes);
  CHECK(space.returnable_bytes.has_value() == test::if_tid_ranges(database, 0).has_value());
  CHECK(space.returnable_bytes.value_or(1) > 0);
}

TEST_CASE("a table that VACUUM may not truncate has nothing to return", "[space]") {
  TestDatabase database;
  test::make_plain_table(database, 5'000);
  database.execute("ALTER TABLE public.t SET (vacuum_truncate = off)");
  RunDriver fleet(database);
  CHECK(space_after(fleet, test::policy_of("", 1)).returnable_bytes.value_or(0) == 0);
}

TEST_CASE("a look at the space that fails leaves the run satisfied", "[space]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, created_at timestamptz);"
      "ALTER TABLE lethe.ledger RENAME COLUMN bytes TO hidden");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 1)));
  CHECK(run.state == "satisfied");
  CHECK_FALSE(run.space);
}
