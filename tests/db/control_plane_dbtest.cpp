// What the control plane keeps in the control database: commands, keys, schedulers, news.

#include <algorithm>
#include <thread>

#include "common/db/pg_news_listener.hpp"
#include "common/mailbox.hpp"
#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::RunDriver;
using test::TestDatabase;

namespace {

std::vector<LeasedTask> lease_all(RunDriver& fleet) {
  return fleet.queue().lease({.worker = fleet.worker(),
                              .tasks_max = 10,
                              .length = 120s,
                              .lanes = {"normal"},
                              .targets = {}});
}

CommandAnswer order(RunDriver& fleet, const std::string& id, const std::string& verb,
                    const std::string& object) {
  return fleet.control().commands().carry_out({.id = id, .verb = verb, .object = object}, "ana");
}

std::string id_of(WorkerId worker) { return std::to_string(worker.value); }

/// What the fleet's worker is registered as after `previous` has ended; `knows` is what its process
/// heard to be wanted of it.
Registration register_anew(RunDriver& fleet, Wanted knows, WorkerId previous) {
  return fleet.registry().register_worker({.instance = "b",
                                           .version = "0",
                                           .slots = 1,
                                           .targets = {},
                                           .lanes = {"normal"},
                                           .wanted = knows,
                                           .previous = previous});
}

/// Hears what is told in a database; connected when it is made.
struct Ear {
  Bell bell;
  db::PgNewsListener listener;
  explicit Ear(const TestDatabase& database, std::size_t news_max = 1'000)
      : listener(database.url(), "ear", news_max) {
    static_cast<void>(listener.wait(0ms, bell.fd()));
  }
  /// News until one of that kind comes; empty when none does within ten seconds.
  std::vector<ControlNews> until(ControlNews::Kind kind) {
    std::vector<ControlNews> heard;
    for (int i = 0; i < 100; ++i) {
      for (ControlNews& one : listener.wait(100ms, bell.fd())) {
        heard.push_back(std::move(one));
        if (heard.back().kind == kind) return heard;
      }
    }
    return {};
  }
};

const std::string key_x(40, 'x');
const std::string key_y(40, 'y');

}  // namespace

TEST_CASE("a quiet worker leases nothing from the commit on though nobody told it", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  fleet.start(test::policy_of("", 5));
  CHECK(order(fleet, "c-1", "worker.quiet", id_of(fleet.worker())).code == "done");
  CHECK(lease_all(fleet).empty());
  const BeatReply reply = fleet.registry().beat(fleet.worker(), 0, false);
  CHECK(reply.known);
  CHECK(reply.wanted == Wanted::quiet);
  CHECK(lease_all(fleet).empty());  // the beat does not make it run again
  CHECK(fleet.control().fleet().worker(fleet.worker().value)->phase == "quiet");
  CHECK(order(fleet, "c-2", "worker.resume", id_of(fleet.worker())).code == "done");
  CHECK(lease_all(fleet).size() == 1);
  CHECK(fleet.registry().beat(fleet.worker(), 1, false).wanted == Wanted::running);
}

TEST_CASE("a worker that was told to stop is not made to run again", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  CHECK(order(fleet, "c-1", "worker.stop", id_of(fleet.worker())).code == "done");
  CHECK(fleet.registry().beat(fleet.worker(), 0, false).wanted == Wanted::stop);
  CHECK(order(fleet, "c-2", "worker.resume", id_of(fleet.worker())).code == "refused");
  CHECK(order(fleet, "c-3", "worker.quiet", id_of(fleet.worker())).code == "refused");
  CHECK(order(fleet, "c-4", "worker.stop", "4711").code == "refused");
  CHECK(order(fleet, "c-5", "worker.stop", "x").code == "not_found");
}

TEST_CASE("a worker that registers anew stays as quiet as it was", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  const WorkerId again = register_anew(fleet, Wanted::quiet, {}).worker;
  fleet.start(test::policy_of("", 5));
  CHECK(fleet.registry().beat(again, 0, false).wanted == Wanted::quiet);
  CHECK(
      fleet.queue()
          .lease(
              {.worker = again, .tasks_max = 1, .length = 120s, .lanes = {"normal"}, .targets = {}})
          .empty());
}

TEST_CASE("an order that a worker had not heard of holds when it registers anew", "[control]") {
  struct Case {
    std::string verb;
    Wanted knows;
    Wanted wanted;
  };
  const auto [verb, knows, wanted] =
      GENERATE(values<Case>({{"worker.quiet", Wanted::running, Wanted::quiet},
                             {"worker.stop", Wanted::running, Wanted::stop},
                             {"worker.stop", Wanted::quiet, Wanted::stop},
                             {"worker.resume", Wanted::quiet, Wanted::running},
                             {"worker.resume", Wanted::stop, Wanted::stop}}));
  CAPTURE(verb);
  TestDatabase database;
  RunDriver fleet(database);
  CHECK(order(fleet, "c-1", verb, id_of(fleet.worker())).code == "done");
  fleet.registry().leave(fleet.worker());
  const Registration again = register_anew(fleet, knows, fleet.worker());
  CHECK(again.wanted == wanted);
  CHECK(fleet.registry().beat(again.worker, 0, false).wanted == wanted);
}

TEST_CASE("an order that was refused stays refused for who repeats it", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  const std::string worker = id_of(fleet.worker());
  database.execute("UPDATE lethe.workers SET phase = 'lost'");
  const CommandAnswer first = order(fleet, "c-1", "worker.quiet", worker);
  CHECK(first.code == "refused");
  CHECK(order(fleet, "c-2", "run.cancel", "R").code == "not_found");
  // Meanwhile there is something to do it to.
  database.execute("UPDATE lethe.workers SET phase = 'running'");
  const CommandAnswer again = order(fleet, "c-1", "worker.quiet", worker);
  CHECK(again.code == "refused");
  CHECK(again.detail == first.detail);
  CHECK(fleet.registry().beat(fleet.worker(), 0, false).wanted == Wanted::running);
  CHECK(order(fleet, "c-2", "worker.quiet", worker).detail.find("used for another") !=
        std::string::npos);
  CHECK(database.number("SELECT count(*) FROM lethe.audit WHERE action = 'worker.quiet'") == 0);
}

TEST_CASE("a repeat of a command that is forgotten at this moment may be asked again",
          "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  const std::string worker = id_of(fleet.worker());
  CHECK(order(fleet, "c-1", "worker.quiet", worker).is_done());
  // Stops whoever brings a command between meeting its id and reading its answer.
  database.execute(
      "CREATE FUNCTION public.stop_there() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM "
      "pg_advisory_xact_lock(7); RETURN NULL; END'; CREATE TRIGGER stop_there AFTER INSERT ON "
      "lethe.commands FOR EACH STATEMENT EXECUTE FUNCTION public.stop_there()");
  test::OtherSession other(database.url());
  other.execute("SELECT pg_advisory_xact_lock(7)");
  std::optional<Failure> failure;
  std::jthread second([&] {
    try {
      order(fleet, "c-1", "worker.quiet", worker);
    } catch (const StoreError& error) {
      failure = error.failure();
    }
  });
  CHECK(test::somebody_waits(database));
  database.execute("DELETE FROM lethe.commands");
  other.commit();
  second.join();
  CHECK(failure == Failure::retryable);
  CHECK(order(fleet, "c-1", "worker.quiet", worker).is_done());
}

TEST_CASE("the same command id is carried out once and answered alike", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  const std::string worker = id_of(fleet.worker());
  const CommandAnswer first = order(fleet, "c-1", "worker.quiet", worker);
  order(fleet, "c-2", "worker.resume", worker);
  const CommandAnswer again = order(fleet, "c-1", "worker.quiet", worker);
  CHECK(again.code == first.code);
  CHECK(again.detail == first.detail);
  CHECK(fleet.registry().beat(fleet.worker(), 0, false).wanted == Wanted::running);
  CHECK(database.number("SELECT count(*) FROM lethe.audit WHERE action = 'worker.quiet'") == 1);
  CHECK(order(fleet, "c-1", "worker.stop", worker).code == "refused");
}

TEST_CASE("two who bring the same command id at once carry it out once", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  test::OtherSession other(database.url());
  other.execute(
      "INSERT INTO lethe.commands (id, verb, object, actor, code, detail) VALUES ('c-1', "
      "'worker.stop', '1', 'bob', 'done', 'by the other')");
  CommandAnswer answer;
  std::jthread second([&] { answer = order(fleet, "c-1", "worker.stop", "1"); });
  CHECK(test::somebody_waits(database));
  other.commit();
  second.join();
  CHECK(answer.detail == "by the other");
}

TEST_CASE("a task cancelled at once is stopped where it runs and taken out where it waits",
          "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  fleet.start(test::policy_of("", 5));
  fleet.start(test::policy_of("", 5));
  const auto held = lease_all(fleet);
  REQUIRE(held.size() == 2);
  CHECK(order(fleet, "c-1", "task.cancel", held[0].lease.task.value).is_done());
  const BeatReply reply = fleet.registry().beat(fleet.worker(), 2, false);
  CHECK(reply.stopped == std::vector<TaskId>{held[0].lease.task});
  CHECK(reply.cancelled == reply.stopped);
  CHECK(order(fleet, "c-2", "task.cancel", "01NOBODY").code == "not_found");
  CHECK(order(fleet, "c-3", "no.verb", "x").code == "unsupported");
}

TEST_CASE("a cancel that waits for the batch becomes one that does not", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  const std::string run = fleet.start(test::policy_of("", 5));
  const auto held = lease_all(fleet);
  REQUIRE(held.size() == 1);
  fleet.control().runs().cancel(run, "ana");
  CHECK(fleet.registry().beat(fleet.worker(), 1, false).stopped.empty());
  CHECK(order(fleet, "c-1", "run.cancel", run).is_done());
  CHECK(fleet.registry().beat(fleet.worker(), 1, false).stopped.size() == 1);
  CHECK(order(fleet, "c-2", "run.cancel", "01NOBODY").code == "not_found");
}

TEST_CASE("a run that has ended cannot be cancelled and the audit has nothing of it", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  const std::string run = fleet.start(test::policy_of("", 5));
  CHECK(order(fleet, "c-1", "run.cancel", run).is_done());
  CHECK(order(fleet, "c-2", "run.cancel", run).code == "refused");
  CHECK(database.number("SELECT count(*) FROM lethe.audit WHERE action = 'run.cancel'") == 1);
}

TEST_CASE("whoever listens hears of ready tasks and orders and keys with the commit", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  Ear ear(database);
  fleet.start(test::policy_of("", 5));
  const auto ready = ear.until(ControlNews::Kind::ready);
  REQUIRE(!ready.empty());
  CHECK(ready.back().count == 1);
  CHECK(ready.back().target == "app");
  CHECK(ready.back().lane == "normal");
  order(fleet, "c-1", "worker.quiet", id_of(fleet.worker()));
  const auto look = ear.until(ControlNews::Kind::look);
  REQUIRE(!look.empty());
  CHECK(look.back().count == fleet.worker().value);
  fleet.control().keys().allow({.name = "w", .public_key = key_x, .role = KeyRole::worker}, "ana");
  CHECK(!ear.until(ControlNews::Kind::keys).empty());
}

namespace {

/// Six tasks of a target with room for four, which this worker has leased; what it told is counted.
struct Busy {
  TestDatabase database;
  RunDriver fleet{database};
  std::vector<ReadyTasks> told;
  std::vector<LeasedTask> held;

  Busy() {
    for (int i = 0; i < 6; ++i) fleet.start(test::policy_of("", 5));
    held = lease_all(fleet);
    REQUIRE(held.size() == 4);
    fleet.queue().tell_ready([this](const ReadyTasks& ready) { told.push_back(ready); });
  }
  [[nodiscard]] Settlement again(std::size_t which) const {
    Settlement settlement;
    settlement.lease = held.at(which).lease;
    settlement.run = held.at(which).run;
    settlement.target = "app";
    settlement.outcome = Outcome::again;
    return settlement;
  }
  [[nodiscard]] LeaseRequest request(std::int32_t tasks) const {
    return {.worker = fleet.worker(),
            .tasks_max = tasks,
            .length = 120s,
            .lanes = {"normal"},
            .targets = {}};
  }
};

}  // namespace

TEST_CASE("what workers admit for others is told without the database", "[control]") {
  Busy busy;
  Ear ear(busy.database);
  CHECK(busy.fleet.settle(busy.again(0)) == Settled::yes);
  REQUIRE(busy.told.size() == 1);
  CHECK(busy.told.front().target == "app");
  CHECK(busy.told.front().lane == "normal");
  CHECK(busy.told.front().tasks == 1);
  CHECK(ear.listener.wait(200ms, ear.bell.fd()).empty());
}

TEST_CASE("a worker tells only of what it admitted and left for others", "[control]") {
  Busy busy;
  // As a busy worker goes on: one task ends, the next one is admitted and leased by itself.
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(busy.fleet.queue().exchange({busy.again(i)}, busy.request(1)).leased.size() == 1);
  CHECK(busy.told.empty());
  const auto exchange =
      busy.fleet.queue().exchange({busy.again(2), busy.again(3)}, busy.request(1));
  CHECK(exchange.leased.size() == 1);
  REQUIRE(busy.told.size() == 1);
  CHECK(busy.told.front().tasks == 1);
}

TEST_CASE("news that are too many at once lose no tasks and no look and no keys", "[control]") {
  TestDatabase database;
  Ear ear(database, 10);
  database.execute(
      "SELECT pg_notify('lethe', 'ready ' || n || ' app') FROM generate_series(1, 100) n");
  const auto news = ear.until(ControlNews::Kind::keys);
  REQUIRE(news.size() == 13);
  CHECK(news.at(10).kind == ControlNews::Kind::ready);
  CHECK(news.at(10).count == 100);
  CHECK(news.at(10).target.empty());
  CHECK(news.at(11).kind == ControlNews::Kind::look);
  CHECK(news.at(11).count == 0);
}

TEST_CASE("a listener whose connection broke connects again and has everybody look", "[control]") {
  TestDatabase database;
  Ear ear(database);
  database.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ear' AND "
      "datname = current_database()");
  bool broke = false;
  for (int i = 0; i < 100 && !broke; ++i) {
    try {
      static_cast<void>(ear.listener.wait(100ms, ear.bell.fd()));
    } catch (const StoreError& error) {
      CHECK(error.failure() == Failure::connection_lost);
      broke = true;
    }
  }
  CHECK(broke);
  const auto news = ear.listener.wait(100ms, ear.bell.fd());
  REQUIRE(news.size() == 1);
  CHECK(news.front().kind == ControlNews::Kind::look);
  CHECK(news.front().count == 0);
}

TEST_CASE("a key is allowed once under one name and revoked by it", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  KeyStore& keys = fleet.control().keys();
  keys.allow({.name = "w", .public_key = key_x, .role = KeyRole::worker}, "ana");
  CHECK_THROWS_AS(keys.allow({.name = "w", .public_key = key_y, .role = KeyRole::viewer}, "ana"),
                  UserError);
  CHECK_THROWS_AS(keys.allow({.name = "v", .public_key = key_x, .role = KeyRole::viewer}, "ana"),
                  UserError);
  REQUIRE(keys.list().size() == 1);
  CHECK(keys.list().front().key.role == KeyRole::worker);
  CHECK(keys.list().front().allowed_by == "ana");
  CHECK(keys.revoke("w", "ana"));
  CHECK_FALSE(keys.revoke("w", "ana"));
  CHECK(database.number("SELECT count(*) FROM lethe.audit WHERE action LIKE 'key.%'") == 2);
}

TEST_CASE("a key of a role that a newer version made up hides no other key", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  KeyStore& keys = fleet.control().keys();
  keys.allow({.name = "w", .public_key = key_x, .role = KeyRole::worker}, "ana");
  database.execute(
      "ALTER TABLE lethe.control_keys DROP CONSTRAINT control_keys_role_check; INSERT INTO "
      "lethe.control_keys (name, public_key, role, allowed_by) VALUES ('a', repeat('y', 40), "
      "'auditor', 'bob')");
  for (int i = 0; i < 2; ++i) {
    const auto rows = keys.list();
    REQUIRE(rows.size() == 1);
    CHECK(rows.front().key.name == "w");
  }
}

TEST_CASE("schedulers that fell silent are not found and the leader comes first", "[control]") {
  TestDatabase database;
  RunDriver fleet(database);
  SchedulerDirectory& directory = fleet.control().schedulers();
  const Term term = fleet.term();
  directory.announce({.holder = "other", .workers = "ipc:///a"}, "1");
  directory.announce({.holder = term.holder, .workers = "ipc:///b", .public_key = "k"}, "1");
  directory.announce({.holder = "gone", .workers = "ipc:///c"}, "1");
  directory.withdraw("gone");
  directory.announce({.holder = "newest", .workers = "ipc:///d"}, "1");
  const auto live = directory.live();
  REQUIRE(live.size() == 3);
  CHECK(live.at(0).holder == term.holder);
  CHECK(live.at(0).public_key == "k");
  CHECK(live.at(1).holder == "newest");
  database.execute(
      "UPDATE lethe.schedulers SET last_seen = last_seen - interval '16 seconds' WHERE holder = "
      "'newest'");
  CHECK(fleet.registry().schedulers().size() == 2);
}
