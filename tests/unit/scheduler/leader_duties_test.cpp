#include "scheduler/leader_duties.hpp"

#include <optional>
#include <stdexcept>
#include <stop_token>

#include "common/store_error.hpp"
#include "scheduler/housekeeping.hpp"
#include "scheduler/promotion.hpp"
#include "scheduler/rescue.hpp"
#include "scheduler/scheduler.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_clock_store.hpp"
#include "tests/support/memory_scheduler_store.hpp"

using namespace lethe;
using namespace lethe::scheduler;
using namespace std::chrono_literals;

namespace {

struct World {
  test::FakeClock clock;
  SeededRandom random{1};
  test::MemoryLeadership leadership{clock};
  Supervision supervision{clock};
  LeaderStatus status;
  int rounds = 0;
  std::function<void()> round = [] {};

  LeaderDuties leader_of(const std::string& holder, const std::vector<Duty>& duties) {
    return LeaderDuties({.holder = holder}, clock, random, leadership, duties,
                        {.supervision = supervision, .status = status});
  }
  LeaderDuties leader(const std::string& holder) {
    return leader_of(holder, {{.name = "count", .interval = 1s, .run_once = [this](const Lead&) {
                                 ++rounds;
                                 round();
                               }}});
  }
};

LoopVerdict verdict_of(const Supervision& supervision, const std::string& name) {
  const auto report = supervision.report();
  for (const LoopState& loop : report.loops)
    if (loop.name == name) return judge(loop, report.at);
  throw std::runtime_error("no such loop");
}

}  // namespace

TEST_CASE("one leads and carries out its duties while the other stands by", "[leader_duties]") {
  World world;
  LeaderDuties first = world.leader("first");
  LeaderDuties second = world.leader("second");
  CHECK(first.run_once());
  CHECK_FALSE(second.run_once());
  CHECK(world.rounds == 1);
}

TEST_CASE("a duty waits for its interval", "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader("me");
  leader.run_once();
  world.clock.advance(999ms);
  leader.run_once();
  CHECK(world.rounds == 1);
  world.clock.advance(1ms);
  leader.run_once();
  CHECK(world.rounds == 2);
}

TEST_CASE("a leader renews its term before it ends", "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader("me");
  LeaderDuties other = world.leader("other");
  for (int second = 0; second < 60; ++second) {
    CHECK(leader.run_once());
    CHECK_FALSE(other.run_once());
    world.clock.advance(1s);
  }
  CHECK(world.rounds == 60);
}

TEST_CASE("a leader stops three seconds before a term that it cannot renew ends",
          "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader("me");
  leader.run_once();
  world.leadership.unreachable = true;
  world.clock.advance(11'999ms);
  CHECK(leader.run_once());
  world.clock.advance(1ms);
  CHECK_FALSE(leader.run_once());
  CHECK(world.rounds == 2);
}

TEST_CASE("the term is trusted from before the call that won it", "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader("me");
  world.leadership.on_campaign = [&world] { world.clock.advance(12s); };
  CHECK_FALSE(leader.run_once());
  CHECK(world.rounds == 0);
}

TEST_CASE("a leader that was replaced stops as soon as it learns of it", "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader("me");
  leader.run_once();
  world.leadership.depose();
  world.clock.advance(5s);  // the renewal
  CHECK_FALSE(leader.run_once());
  CHECK(world.rounds == 1);
}

TEST_CASE("a duty that outlasts the trust in the term is the last one", "[leader_duties]") {
  World world;
  int later = 0;
  LeaderDuties leader = world.leader_of(
      "me",
      {{.name = "slow", .interval = 1s, .run_once = [&](const Lead&) { world.clock.advance(13s); }},
       {.name = "later", .interval = 1s, .run_once = [&](const Lead&) { ++later; }}});
  CHECK_FALSE(leader.run_once());
  CHECK(later == 0);
}

TEST_CASE("a term is renewed between two duties so that slow ones keep no other from its turn",
          "[leader_duties]") {
  World world;
  world.supervision.serve();
  int others = 0;
  const auto time_out = [&](const Lead&) {
    world.clock.advance(10s);
    throw StoreError(Failure::timed_out, "x", "57014", "statement timeout");
  };
  LeaderDuties leader = world.leader_of(
      "me", {{.name = "firing", .interval = 500ms, .run_once = time_out},
             {.name = "promotion", .interval = 200ms, .run_once = time_out},
             {.name = "other", .interval = 1s, .run_once = [&](const Lead&) { ++others; }}});
  for (int turn = 1; turn <= 10; ++turn) {
    CHECK(leader.run_once());
    CHECK(others == turn);
    world.clock.advance(2s);
  }
  CHECK(verdict_of(world.supervision, "firing") == LoopVerdict::failing);
  CHECK(verdict_of(world.supervision, "other") == LoopVerdict::good);
  CHECK_FALSE(world.supervision.report().is_ready());
}

TEST_CASE(
    "a duty that loses the term each time keeps no other from its turn and is forgiven nothing",
    "[leader_duties]") {
  for (const auto length : {13s, 16s}) {  // the term is over for this process; for everybody
    World world;
    world.supervision.serve();
    int tries = 0;
    int others = 0;
    LeaderDuties leader = world.leader_of(
        "me", {{.name = "slow",
                .interval = 1s,
                .run_once =
                    [&](const Lead&) {
                      ++tries;
                      world.clock.advance(length);
                      throw StoreError(Failure::timed_out, "x", "57014", "statement timeout");
                    }},
               {.name = "other", .interval = 1s, .run_once = [&](const Lead&) { ++others; }}});
    CHECK_FALSE(leader.run_once());
    CHECK(others == 0);
    for (int second = 0; second < 70; second += 2) {
      world.clock.advance(2s);
      static_cast<void>(leader.run_once());
    }
    CHECK(others > 10);
    CHECK(tries > 1);
    CHECK(tries < 10);  // it waits longer each time
    CHECK(verdict_of(world.supervision, "other") == LoopVerdict::good);
    CHECK(verdict_of(world.supervision, "slow") == LoopVerdict::failing);
    CHECK_FALSE(world.supervision.report().is_ready());
  }
}

TEST_CASE("a duty that takes as long as a term each time lets the others go first",
          "[leader_duties]") {
  World world;
  int slow = 0;
  int others = 0;
  const auto take_long = [&](const Lead&) {
    ++slow;
    world.clock.advance(13s);
  };
  LeaderDuties leader = world.leader_of(
      "me", {{.name = "slow", .interval = 1s, .run_once = take_long},
             {.name = "other", .interval = 1s, .run_once = [&](const Lead&) { ++others; }}});
  for (int turn = 0; turn < 10; ++turn) {
    CHECK_FALSE(leader.run_once());
    world.clock.advance(2s);
  }
  CHECK(slow == 10);
  CHECK(others == 9);
}

TEST_CASE("a duty that takes long renews the term and ends when it cannot", "[leader_duties]") {
  World world;
  LeaderDuties other = world.leader("other");
  int steps = 0;
  int lost_at = 0;
  const auto go_on = [&](const Lead& lead) {
    while (steps < 100 && lead.keep()) {
      if (++steps == lost_at) world.leadership.depose();
      world.clock.advance(1s);
      CHECK_FALSE(other.run_once());
    }
  };
  LeaderDuties leader =
      world.leader_of("me", {{.name = "long", .interval = 1s, .run_once = go_on}});
  CHECK(leader.run_once());
  CHECK(steps == 100);
  CHECK(verdict_of(world.supervision, "long") == LoopVerdict::good);
  steps = 0;
  lost_at = 20;
  world.clock.advance(1s);
  CHECK_FALSE(leader.run_once());
  CHECK(steps >= lost_at);
  CHECK(steps < lost_at + 6);  // until the next renewal
  CHECK(verdict_of(world.supervision, "long") == LoopVerdict::resting);
}

TEST_CASE("a scheduler that leads after another one begins with everything", "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader_of(
      "me", {{.name = "hourly", .interval = 1h, .run_once = [&](const Lead&) { ++world.rounds; }}});
  CHECK(leader.run_once());
  world.clock.advance(16s);  // it comes back too late for its own term
  CHECK(leader.run_once());
  CHECK(world.rounds == 1);
  world.clock.advance(16s);
  LeaderDuties other = world.leader_of("other", {});
  CHECK(other.run_once());
  other.resign();
  CHECK(leader.run_once());
  CHECK(world.rounds == 2);
}

TEST_CASE("a duty that fails does not stop the others and is tried again later",
          "[leader_duties]") {
  World world;
  int failing = 0;
  int working = 0;
  LeaderDuties leader = world.leader_of(
      "me", {{.name = "failing",
              .interval = 100ms,
              .run_once =
                  [&](const Lead&) {
                    ++failing;
                    throw StoreError(Failure::rejected, "x", "42P01", "no table");
                  }},
             {.name = "working", .interval = 100ms, .run_once = [&](const Lead&) { ++working; }}});
  for (int i = 0; i < 100; ++i) {
    CHECK(leader.run_once());
    world.clock.advance(100ms);
  }
  CHECK(working == 100);
  CHECK(failing >= 3);
  CHECK(failing <= 5);  // 1 s, 2 s, 4 s, with jitter
}

TEST_CASE("what is no store's error passes through", "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader("me");
  world.round = [] { throw std::logic_error("defect"); };
  CHECK_THROWS_AS(leader.run_once(), std::logic_error);
}

TEST_CASE("a leader that is stopped resigns so that another leads at once", "[leader_duties]") {
  World world;
  std::stop_source stop;
  world.round = [&stop] { stop.request_stop(); };
  LeaderDuties leader = world.leader("me");
  leader.run(stop.get_token());
  CHECK(world.rounds == 1);
  CHECK(world.leadership.campaign("other", 15s).has_value());
}

TEST_CASE("promotion goes on until nothing is left but never for ever", "[promotion]") {
  World world;
  test::MemorySchedulerStore store(world.leadership);
  PromotionDuty promotion(store);
  store.scheduled = 2'500;
  promotion.run_once({});
  CHECK(store.scheduled == 0);
  CHECK(store.promote_calls == 3);
  store.scheduled = 1'000'000;
  promotion.run_once({});
  CHECK(store.scheduled == 990'000);
}

TEST_CASE("a scheduler carries out all of its duties", "[scheduler]") {
  World world;
  test::MemorySchedulerStore store(world.leadership);
  test::MemoryClockStore clock_store;
  SchedulerMetrics metrics;
  std::stop_source stop;
  store.scheduled = 5;
  store.rescues = {{.task = "t", .run = "r", .worker = 3, .why = "worker 3 was lost"}};
  store.on_house = [&stop] { stop.request_stop(); };  // the last duty of the first turn
  run_scheduler({.leader = {.holder = "me"}, .worker_ttl = 30s, .keep = {.history = 7}},
                {.clock = world.clock,
                 .random = world.random,
                 .leadership = world.leadership,
                 .store = store,
                 .clock_store = clock_store,
                 .supervision = world.supervision,
                 .status = world.status,
                 .metrics = metrics},
                stop.get_token());
  CHECK(store.scheduled == 0);
  CHECK(store.rescues.empty());
  CHECK(store.expire_calls == 1);
  CHECK(store.close_calls == 1);
  CHECK(store.house_days == 7);
  CHECK(clock_store.shown.seen == clock_store.shown.now);
}

TEST_CASE("what others see of a leadership ends with the term even when the leader hangs",
          "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader("me");
  CHECK_FALSE(world.status.term(world.clock.now()).has_value());
  std::optional<std::int64_t> seen;
  world.round = [&] {
    seen = world.status.term(world.clock.now());
    world.clock.advance(12s);
    CHECK_FALSE(world.status.term(world.clock.now()).has_value());
  };
  leader.run_once();
  CHECK(seen == 1);
}

TEST_CASE("the duties of one that does not lead rest", "[leader_duties]") {
  World world;
  LeaderDuties first = world.leader("first");
  first.run_once();
  CHECK(verdict_of(world.supervision, "count") == LoopVerdict::good);
  world.leadership.depose();
  world.clock.advance(5s);
  CHECK_FALSE(first.run_once());
  world.clock.advance(1h);
  CHECK(verdict_of(world.supervision, "count") == LoopVerdict::resting);
}

TEST_CASE("a duty that fails again and again makes the scheduler unready", "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader("me");
  world.supervision.serve();
  leader.run_once();
  CHECK(world.supervision.report().is_ready());
  world.round = [] { throw StoreError(Failure::rejected, "x", "42501", "permission denied"); };
  for (int second = 0; second < 70; ++second) {
    world.clock.advance(1s);
    leader.run_once();
  }
  CHECK(verdict_of(world.supervision, "count") == LoopVerdict::failing);
  CHECK(verdict_of(world.supervision, "leadership") == LoopVerdict::good);
  CHECK_FALSE(world.supervision.report().is_ready());
  CHECK(world.supervision.report().is_live());
}

TEST_CASE("a scheduler that cannot reach the control database for a term is unready",
          "[leader_duties]") {
  World world;
  LeaderDuties leader = world.leader("me");
  world.supervision.serve();
  world.leadership.unreachable = true;
  for (int second = 0; second < 25; ++second) {
    leader.run_once();
    world.clock.advance(1s);
  }
  CHECK(verdict_of(world.supervision, "leadership") == LoopVerdict::failing);
  CHECK_FALSE(world.supervision.report().is_ready());
}
