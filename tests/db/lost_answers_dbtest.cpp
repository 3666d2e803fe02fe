// A connection that breaks under COMMIT: whether it was committed, the fence alone knows.

#include <thread>

#include "common/process/private_cluster.hpp"
#include "tests/support/one_batch.hpp"

using namespace lethe;
using test::OneBatch;
using test::OtherSession;
using test::somebody_waits;
using test::TestDatabase;

namespace {

constexpr const char* waits_for_standby =
    "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
constexpr const char* waits_for_brake =
    "SELECT coalesce(max(pid), 0) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND "
    "objid = 4711";

/// The connection that waits as `query` says; 0 when none came to do so.
std::int64_t waiting(TestDatabase& database, const char* query) {
  for (int i = 0; i < 3'000; ++i) {
    if (const auto pid = database.number(query); pid != 0) return pid;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return 0;
}

void end_connection(TestDatabase& database, std::int64_t pid) {
  CHECK(database.number("SELECT pg_terminate_backend(" + std::to_string(pid) + ")::int") == 1);
}

}  // namespace

TEST_CASE("a batch that was committed and not answered counts once and is not done again",
          "[race][lost_answers]") {
  PrivateCluster cluster{{.settings = {{"fsync", "off"},
                                       {"synchronous_standby_names", "nobody"},
                                       {"synchronous_commit", "local"}}}};
  TestDatabase database(true, cluster.url());
  test::make_plain_table(database, 240);
  const OneBatch batch(database, test::policy_of("", 5));
  // For connections that come from now on: they wait for the word of a standby that is not there.
  database.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = 'on'");
  auto answer = batch.begin();
  const auto pid = waiting(database, waits_for_standby);
  database.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = 'local'");
  end_connection(database, pid);
  const OneBatch::Answer came = answer.get();
  REQUIRE(std::holds_alternative<BatchDone>(came));
  const auto& done = std::get<BatchDone>(came);
  CHECK(done.rows == 121);
  CHECK(done.totals.batches == 1);
  CHECK(done.totals.rows == 121);
  CHECK(database.number("SELECT count(*) FROM public.t") == 119);
  CHECK(database.number("SELECT sum(rows) FROM lethe.ledger") == 121);
}

TEST_CASE("a batch whose connection broke before it was committed counts nothing",
          "[race][lost_answers]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute(
      "CREATE FUNCTION public.brake() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_advisory_xact_lock_shared(4711); RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER brake "
      "AFTER DELETE ON public.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "
      "public.brake()");
  const OneBatch batch(database, test::policy_of("", 5));
  OtherSession brake(database.url());
  brake.execute("SELECT pg_advisory_xact_lock(4711)");
  auto answer = batch.begin();
  end_connection(database, waiting(database, waits_for_brake));
  const OneBatch::Answer came = answer.get();
  brake.commit();
  REQUIRE(std::holds_alternative<TargetTrouble>(came));
  CHECK(std::get<TargetTrouble>(came).kind == TargetTrouble::Kind::unreachable);
  CHECK(database.number("SELECT count(*) FROM public.t") == 240);
  CHECK(database.number("SELECT count(*) FROM lethe.ledger") == 0);
}
