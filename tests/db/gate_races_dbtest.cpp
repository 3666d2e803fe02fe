// A gate that is closed, or moved to another epoch, at each step of a batch.

#include <future>
#include <stdexcept>

#include "tests/support/catch.hpp"
#include "tests/support/hold_steps.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::lease_planned;
using test::OtherSession;
using test::RunDriver;
using test::somebody_waits;
using test::TestDatabase;

namespace {

constexpr std::chrono::seconds patient{25};

/// What operators do to a policy, as their commands move its gate.
enum class Change { edit, disable, remove, pause_it, pause_all };

constexpr auto changes = {Change::edit, Change::disable, Change::remove, Change::pause_it,
                          Change::pause_all};

/// As the command does: returns when nothing is in flight that does not know of the change.
void carry_out(db::PgTargetDatabase& target, Change change) {
  switch (change) {
    case Change::edit: return target.set_gate("p", 2, false, "");
    case Change::disable: return target.set_gate("p", 2, true, "disabled");
    case Change::remove: return target.set_gate("p", 2, true, "removed");
    case Change::pause_it:
    case Change::pause_all:
      const std::string gate = change == Change::pause_all ? "*" : "p";
      target.close_gate(gate, "incident 42");
      if (!target.await_standstill(gate, patient).batches.empty())
        throw std::runtime_error("something is still in flight");
  }
}

/// Such a change stops a batch for good, or until the pause is over.
Outcome outcome_of(Change change) {
  const bool is_pause = change == Change::pause_it || change == Change::pause_all;
  return is_pause ? Outcome::release : Outcome::dead;
}

/// 240 rows, 121 of which policy p lets go, and its first clean task.
struct Batch {
  TestDatabase database;
  RunDriver fleet{database, patient};
  db::PgTargetDatabase target{database.url(), "lethe-test"};
  std::string run;
  LeasedTask task;

  Batch() {
    test::make_plain_table(database, 240);
    Policy policy = test::policy_of("p", 5);
    policy.strategy = StrategyChoice::sweep;
    fleet.apply(policy);
    run = fleet.start_stored("p");
    task = lease_planned(fleet);
  }
  std::future<std::optional<Settlement>> begin() {
    return std::async(std::launch::async, [this] { return fleet.step(task); });
  }
  std::int64_t rows() { return database.number("SELECT count(*) FROM public.t"); }
  std::int64_t waiting() {
    return database.number(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "wait_event_type = 'Lock'");
  }
};

void check_stopped(const std::optional<Settlement>& settlement, Change change) {
  INFO(static_cast<int>(change));
  REQUIRE(settlement);
  INFO(settlement->error);
  CHECK(settlement->outcome == outcome_of(change));
  CHECK(settlement->rows == 0);
}

}  // namespace

TEST_CASE("a batch that begins after its policy was changed or paused deletes nothing",
          "[gate][race]") {
  const auto change = GENERATE(values<Change>(changes));
  Batch batch;
  carry_out(batch.target, change);
  check_stopped(batch.fleet.step(batch.task), change);
  CHECK(batch.rows() == 240);
}

TEST_CASE("a batch whose policy is changed or paused while it waits for its fence deletes nothing",
          "[gate][race]") {
  const auto change = GENERATE(values<Change>(changes));
  Batch batch;
  OtherSession other(batch.database.url());
  other.execute("INSERT INTO lethe.fence (task, run, epoch) VALUES ('" +
                batch.task.lease.task.value + "', '" + batch.run + "', 0)");
  auto step = batch.begin();
  CHECK(somebody_waits(batch.database));
  carry_out(batch.target, change);  // it has not passed the gate, so nobody waits for it
  other.commit();
  check_stopped(step.get(), change);
  CHECK(batch.rows() == 240);
}

TEST_CASE("a batch whose policy is changed or paused while it waits at the gate deletes nothing",
          "[gate][race]") {
  const auto change = GENERATE(values<Change>(changes));
  const std::string gate = change == Change::pause_all ? "*" : "p";
  Batch batch;
  OtherSession other(batch.database.url());
  other.execute("SELECT pg_advisory_xact_lock(1279607909, key) FROM lethe.gate WHERE policy = '" +
                gate + "'");
  auto step = batch.begin();
  CHECK(somebody_waits(batch.database));
  const bool is_pause = outcome_of(change) == Outcome::release;
  other.execute(
      "UPDATE lethe.gate SET halted = " + std::string(change == Change::edit ? "false" : "true") +
      (is_pause ? "" : ", policy_epoch = 2") + " WHERE policy = '" + gate + "'");
  other.commit();
  check_stopped(step.get(), change);
  CHECK(batch.rows() == 240);
}

TEST_CASE("changing or pausing a policy waits for the batch in flight and lets no other one act",
          "[gate][race]") {
  const auto change = GENERATE(values<Change>(changes));
  Batch batch;
  batch.task.batch_size = 4;  // blocks: row 125 is in them, and others are not
  OtherSession application(batch.database.url());
  application.execute("UPDATE public.t SET note = 'touched' WHERE id = 125");
  auto step = batch.begin();
  CHECK(somebody_waits(batch.database));
  auto done = std::async(std::launch::async, [&] { carry_out(batch.target, change); });
  while (batch.waiting() < 2)
    REQUIRE(done.wait_for(std::chrono::milliseconds(5)) == std::future_status::timeout);
  application.commit();
  const auto settlement = step.get();
  done.get();
  REQUIRE(settlement);
  CHECK(settlement->outcome == Outcome::again);
  const std::int64_t left = batch.rows();
  CHECK(left < 240);
  REQUIRE(batch.fleet.settle(*settlement) == Settled::yes);
  const auto next = batch.fleet.lease();
  REQUIRE(next);
  const auto stopped = batch.fleet.step(*next);
  REQUIRE(stopped);
  CHECK(stopped->outcome == outcome_of(change));
  CHECK(batch.rows() == left);
}

TEST_CASE("a pause acts on batches at once also where it does not wait long enough",
          "[gate][race]") {
  const std::string gate = GENERATE(as<std::string>{}, "*", "p");
  Batch batch;
  batch.task.batch_size = 4;
  OtherSession application(batch.database.url());
  application.execute("UPDATE public.t SET note = 'touched' WHERE id = 125");
  auto step = batch.begin();
  CHECK(somebody_waits(batch.database));
  batch.target.close_gate(gate, "incident 42");
  const Standstill standstill = batch.target.await_standstill(gate, std::chrono::milliseconds(100));
  REQUIRE(standstill.batches.size() == 1);
  CHECK(standstill.batches.at(0).name == "lethe/" + batch.run + "/" + batch.task.lease.task.value);
  CHECK(standstill.batches.at(0).pid > 0);
  CHECK(standstill.batches.at(0).ms >= 0);
  CHECK(standstill.vacuums.empty());
  application.commit();
  const auto settlement = step.get();
  REQUIRE(settlement);
  CHECK(batch.target.await_standstill(gate, patient).batches.empty());
  REQUIRE(batch.fleet.settle(*settlement) == Settled::yes);
  const auto next = batch.fleet.lease();
  REQUIRE(next);
  const std::int64_t left = batch.rows();
  CHECK(batch.fleet.step(*next)->outcome == Outcome::release);
  CHECK(batch.rows() == left);
}

TEST_CASE("a pause of one policy does not stop the others", "[gate]") {
  Batch batch;
  carry_out(batch.target, Change::pause_it);
  batch.fleet.apply(test::policy_of("q", 5));
  CHECK(batch.fleet.work_off(batch.fleet.start_stored("q")).rows == 121);
}

TEST_CASE("a pause that is over lets the same batch go on", "[gate]") {
  Batch batch;
  carry_out(batch.target, Change::pause_all);
  const auto stopped = batch.fleet.step(batch.task);
  check_stopped(stopped, Change::pause_all);
  CHECK_THAT(stopped->error, test::contains("incident 42"));
  REQUIRE(batch.fleet.settle(*stopped) == Settled::yes);
  batch.target.open_gate();
  CHECK(batch.fleet.work_off(batch.run).rows == 121);
}
