// What the gate makes of times and freezes, whatever the control database believed.

#include <thread>

#include "tests/support/one_batch.hpp"

using namespace lethe;
using test::OneBatch;
using test::OtherSession;
using test::TestDatabase;

namespace {

/// The batch was stopped by `kind` and no row went.
void check_stopped(TestDatabase& database, const OneBatch::Answer& answer,
                   TargetTrouble::Kind kind) {
  REQUIRE(std::holds_alternative<TargetTrouble>(answer));
  INFO(std::get<TargetTrouble>(answer).message);
  CHECK(std::get<TargetTrouble>(answer).kind == kind);
  CHECK(database.number("SELECT count(*) FROM public.t") == 240);
}

}  // namespace

TEST_CASE("a batch of a run whose time is over deletes nothing", "[gate]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  OneBatch batch(database, test::policy_of("", 5));
  batch.context.expire_at = database.text("SELECT (now() - interval '1 second')::text");
  check_stopped(database, batch.run(), TargetTrouble::Kind::expired);
}

TEST_CASE("a batch whose run's time ends while it waits at the gate deletes nothing",
          "[gate][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  OneBatch batch(database, test::policy_of("", 5));
  OtherSession change(database.url());
  change.execute(
      "SELECT pg_advisory_xact_lock(1279607909, key) FROM lethe.gate WHERE policy = '*'");
  batch.context.expire_at = database.text("SELECT (now() + interval '1500 ms')::text");
  auto answer = batch.begin();
  REQUIRE(test::somebody_waits(database));
  while (database.text("SELECT clock_timestamp() > '" + batch.context.expire_at + "'") != "t")
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  change.commit();
  check_stopped(database, answer.get(), TargetTrouble::Kind::expired);
}

TEST_CASE("a run that was made by a clock ahead of the target's takes no younger row", "[gate]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  OneBatch batch(database, test::policy_of("", 5));
  batch.context.as_of = database.text("SELECT (now() + interval '10 days')::text");
  const auto answer = batch.run();
  REQUIRE(std::holds_alternative<BatchDone>(answer));
  CHECK(std::get<BatchDone>(answer).rows == 121);
  CHECK(database.number("SELECT count(*) FROM public.t") == 119);
}

TEST_CASE("a batch finds its target frozen though nobody else says so", "[gate][freezes]") {
  const auto kind = GENERATE(Freeze::Kind::clock, Freeze::Kind::database);
  TestDatabase database;
  test::make_plain_table(database, 240);
  const OneBatch batch(database, test::policy_of("", 5));
  database.execute(std::string("UPDATE lethe.gate SET frozen = 'look first', frozen_by = '") +
                   (kind == Freeze::Kind::clock ? "clock" : "database") + "' WHERE policy = '*'");
  check_stopped(
      database, batch.run(),
      kind == Freeze::Kind::clock ? TargetTrouble::Kind::halted : TargetTrouble::Kind::frozen);
}
