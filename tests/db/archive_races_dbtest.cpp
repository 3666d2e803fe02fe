// What happens between a batch that archives and everybody else, step by step with two sessions.

#include <future>

#include "cli/archive_check.hpp"
#include "tests/support/archives.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::OtherSession;
using test::RunDriver;
using test::somebody_waits;
using test::TestDatabase;

namespace {

/// A batch that must wait does so for as long as its statement may take.
constexpr std::chrono::seconds patient{25};

/// Works the plan of a fresh run off and leases its first clean task.
LeasedTask lease_clean_task(RunDriver& fleet) {
  auto plan = fleet.lease();
  REQUIRE(plan);
  const auto planned = fleet.step(*plan);
  REQUIRE(planned);
  static_cast<void>(fleet.settle(*planned));
  auto task = fleet.lease();
  REQUIRE(task);
  REQUIRE(task->kind == TaskKind::clean);
  return *task;
}

}  // namespace

TEST_CASE("what is archived of a row is what it was when it went", "[archive][race]") {
  const bool sets = GENERATE(false, true);
  const bool by_index = GENERATE(false, true);
  CAPTURE(sets, by_index);
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  if (by_index) database.execute("CREATE INDEX ON public.t (created_at)");
  RunDriver fleet(database, patient);
  Policy policy = test::into_table(test::policy_of("", 10));
  if (by_index) policy.strategy = StrategyChoice::index;
  // Up to some minor versions a scan by address does not look at the address again after a wait.
  database.execute(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_hashjoin = off', "
      "current_database()); EXECUTE format('ALTER DATABASE %I SET enable_mergejoin = off', "
      "current_database()); END $$");
  if (sets) {
    policy.action.kind = Action::Kind::set;
    policy.action.values = {{"tenant", std::nullopt}};
  }
  const std::string id = fleet.start(policy);
  const LeasedTask task = lease_clean_task(fleet);
  OtherSession application(database.url());
  application.execute("UPDATE public.t SET note = 'renewed' WHERE id = 300");
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  application.commit();
  const auto settlement = batch.get();
  REQUIRE(settlement);
  static_cast<void>(fleet.settle(*settlement));
  CHECK(fleet.work_off(id).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.t_old WHERE id = 300") == 1);
  CHECK(database.text("SELECT note FROM public.t_old WHERE id = 300") == "renewed");
  CHECK(fleet.target().archive_problems({}).empty());
  CHECK(database.number("SELECT count(*) FROM public.t_old") == 480 - 240 + 1);
}

TEST_CASE("a row that is renewed beyond the cutoff while the batch waits is not archived",
          "[archive][race]") {
  const bool sets = GENERATE(false, true);
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  RunDriver fleet(database, patient);
  Policy policy = test::into_table(test::policy_of("", 10));
  if (sets) {
    policy.action.kind = Action::Kind::set;
    policy.action.values = {{"tenant", std::nullopt}};
  }
  const std::string id = fleet.start(policy);
  const LeasedTask task = lease_clean_task(fleet);
  OtherSession application(database.url());
  application.execute("UPDATE public.t SET created_at = now() WHERE id = 300");
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  application.commit();
  const auto settlement = batch.get();
  REQUIRE(settlement);
  static_cast<void>(fleet.settle(*settlement));
  CHECK(fleet.work_off(id).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.t_old WHERE id = 300") == 0);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id = 300 AND tenant IS NOT NULL") ==
        1);
}

TEST_CASE("an archive table that changes while a batch waits for it gets nothing",
          "[archive][race]") {
  // Into the last one the server would write all the same, as text.
  const auto change = GENERATE(as<std::string>(), "DROP COLUMN note", "RENAME note TO remark",
                               "ALTER COLUMN id TYPE text");
  CAPTURE(change);
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  RunDriver fleet(database, patient);
  const std::string id = fleet.start(test::into_table(test::policy_of("", 10)));
  const LeasedTask task = lease_clean_task(fleet);
  OtherSession owner(database.url());
  owner.execute("ALTER TABLE public.t_old " + change);
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));
  owner.commit();
  const auto settlement = batch.get();
  REQUIRE(settlement);
  static_cast<void>(fleet.settle(*settlement));
  CHECK(fleet.work_off(id).state == "failed");
  CHECK(database.number("SELECT count(*) FROM public.t") == 480);
}

TEST_CASE("the file of a batch in flight is not taken for one that was rolled back",
          "[archive][race]") {
  const test::ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  database.execute(
      "CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_advisory_xact_lock(4711); RETURN NEW; END $$; CREATE TRIGGER wait BEFORE INSERT ON "
      "lethe.ledger FOR EACH ROW EXECUTE FUNCTION public.wait()");
  RunDriver fleet(database, patient);
  fleet.start(test::into_files(test::policy_of("", 10), directory));
  const LeasedTask task = lease_clean_task(fleet);
  OtherSession brake(database.url());
  brake.execute("SELECT pg_advisory_xact_lock(4711)");
  auto batch = std::async(std::launch::async, [&] { return fleet.step(task); });
  CHECK(somebody_waits(database));  // its file is there, and it is not committed
  archive::FileArchive store;
  const std::vector<std::string> directories{directory.path()};
  CHECK(store.strays(directory.path(), [](const std::string&) { return false; }).size() == 1);
  auto found = std::async(std::launch::async, [&] {
    return cli::find_uncommitted({.target = "app",
                                  .database = fleet.target(),
                                  .store = store,
                                  .question = {},
                                  .directories = directories});
  });
  CHECK(found.wait_for(std::chrono::seconds(1)) == std::future_status::timeout);
  brake.commit();
  REQUIRE(batch.get());
  CHECK(found.get().empty());
}
