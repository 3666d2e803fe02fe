#include "common/schedule/clock_watch.hpp"

#include "common/store_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_clock_store.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::contains;

namespace {

const Instant start{24h * 365};

/// One process and the clock that it watches.
struct World {
  test::FakeClock clock;
  test::MemoryClockStore store;
  ClockWatch watch{{}, clock, store};

  /// So much time passes, and the database's clock shows so much more.
  void pass(std::chrono::seconds real, std::chrono::seconds shown) {
    clock.advance(real);
    store.shown.now += shown;
    watch.run_once();
  }
  void pass(std::chrono::seconds both) { pass(both, both); }
};

}  // namespace

TEST_CASE("a clock that goes as time does freezes nothing", "[clock_watch]") {
  World world;
  for (const auto time : {1s, 5s, 3600s, 1'000'000s}) world.pass(time);
  world.pass(0s, 300s);
  world.pass(60s, 0s);
  world.pass(60s, -86'400s);
  CHECK(world.store.freezes.empty());
  CHECK(world.store.shown.seen == world.store.shown.now);
}

TEST_CASE("a clock that runs ahead of time by more than five minutes freezes everything",
          "[clock_watch]") {
  const auto jump = GENERATE(values({301s, 3'600s, 172'800s}));
  World world;
  world.pass(1s);
  world.pass(5s, 5s + jump);
  REQUIRE(world.store.freezes.size() == 1);
  CHECK_THAT(world.store.freezes.front(),
             contains("it jumped") && contains("lethe clock acknowledge"));
  world.pass(5s);
  CHECK(world.store.freezes.size() == 1);
}

TEST_CASE("what a process lived through counts although nobody answered meanwhile",
          "[clock_watch]") {
  World world;
  world.pass(1s);
  world.pass(7'200s);
  world.pass(7'200s, 7'200s + 400s);
  CHECK(world.store.freezes.size() == 1);
}

TEST_CASE("after a long time in which nobody looked a person has to say what it was",
          "[clock_watch]") {
  World world;
  world.store.shown.seen = start;
  world.store.shown.now = start + 36h;
  SECTION("a fleet that was off for a day and a half goes on") {
    world.watch.run_once();
    CHECK(world.store.freezes.empty());
  }
  SECTION("one second more freezes") {
    world.pass(0s, 1s);
    REQUIRE(world.store.freezes.size() == 1);
    CHECK_THAT(world.store.freezes.front(),
               contains("either the fleet was off for 36 h or a clock jumped") &&
                   contains("from 1971-01-01T00:00:00"));
  }
  SECTION("the gap is a setting") {
    ClockWatch watch({.jump = 300s, .gap = 48h}, world.clock, world.store);
    world.store.shown.now += 1s;
    watch.run_once();
    CHECK(world.store.freezes.empty());
  }
}

TEST_CASE("the first look of all freezes nothing", "[clock_watch]") {
  World world;
  world.watch.run_once();
  CHECK(world.store.freezes.empty());
  CHECK(world.store.shown.seen == world.store.shown.now);
}

TEST_CASE("a process that looks in vain judges all that it lived through at the next look",
          "[clock_watch]") {
  struct Failing final : ClockStore {
    ClockLook look() override {
      if (fails) throw StoreError(Failure::connection_lost, "clock_look", "", "gone");
      return shown;
    }
    void saw(const ClockLook&) override {}
    void freeze(const std::string& reason) override {
      if (fails_to_freeze) throw StoreError(Failure::connection_lost, "clock_freeze", "", "gone");
      freezes.push_back(reason);
    }
    ClockLook shown{.now = start, .seen = {}};
    bool fails = false;
    bool fails_to_freeze = false;
    std::vector<std::string> freezes;
  };
  test::FakeClock clock;
  Failing store;
  ClockWatch watch({}, clock, store);
  watch.run_once();
  store.fails = true;
  clock.advance(10s);
  CHECK_THROWS_AS(watch.run_once(), StoreError);
  store.fails = false;
  store.fails_to_freeze = true;
  store.shown.now += 3'600s;
  CHECK_THROWS_AS(watch.run_once(), StoreError);
  store.fails_to_freeze = false;
  clock.advance(1s);
  watch.run_once();
  CHECK(store.freezes.size() == 1);
}
