#include "common/supervision/supervision.hpp"

#include "common/supervision/report_text.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"

using namespace lethe;
using namespace std::chrono_literals;

namespace {

constexpr LoopLimits limits{.success = 30s, .turn = 120s};

/// One process that serves, with one loop.
struct World {
  test::FakeClock clock;
  Supervision supervision{clock};
  LoopMark mark = supervision.add("heartbeat", limits);

  World() { supervision.serve(); }
  [[nodiscard]] LoopVerdict verdict() const {
    const auto report = supervision.report();
    return judge(report.loops.front(), report.at);
  }
  [[nodiscard]] bool ready() const { return supervision.report().is_ready(); }
  [[nodiscard]] bool live() const { return supervision.report().is_live(); }
};

}  // namespace

TEST_CASE("a process is ready once every loop had a success", "[supervision]") {
  World world;
  const LoopMark other = world.supervision.add("dispatcher", limits);
  CHECK_FALSE(world.ready());
  world.mark.succeeded();
  CHECK_FALSE(world.ready());
  other.succeeded();
  CHECK(world.ready());
}

TEST_CASE("a loop without a success for longer than its limit makes the process unready",
          "[supervision]") {
  World world;
  world.mark.succeeded();
  world.clock.advance(30s);
  CHECK(world.ready());
  world.clock.advance(1ms);
  CHECK(world.verdict() == LoopVerdict::failing);
  CHECK_FALSE(world.ready());
  world.mark.succeeded();
  CHECK(world.ready());
}

TEST_CASE("a loop that never succeeds is failing too", "[supervision]") {
  World world;
  world.clock.advance(31s);
  CHECK(world.verdict() == LoopVerdict::failing);
}

TEST_CASE("a loop whose turns fail is alive and one whose turn does not end is not",
          "[supervision]") {
  World world;
  for (int second = 0; second < 1'000; ++second) {
    world.mark.failed("no connection");
    world.clock.advance(1s);
  }
  CHECK(world.live());
  CHECK_FALSE(world.ready());
  world.clock.advance(120s);
  CHECK(world.verdict() == LoopVerdict::stuck);
  CHECK_FALSE(world.live());
}

TEST_CASE("what may take long is not late before its time is over", "[supervision]") {
  World world;
  world.mark.succeeded();
  world.mark.may_take_until(world.clock.now() + 1h);
  world.clock.advance(1h + 30s);
  CHECK(world.ready());
  CHECK(success_age(world.supervision.report().loops.front(), world.clock.now()) == 30s);
  world.clock.advance(1ms);
  CHECK(world.verdict() == LoopVerdict::failing);
  world.clock.advance(90s);
  CHECK(world.verdict() == LoopVerdict::stuck);
}

TEST_CASE("what may take for ever is never late", "[supervision]") {
  World world;
  world.mark.succeeded();
  world.mark.may_take_until(Clock::time_point::max());
  world.clock.advance(10'000h);
  CHECK(world.ready());
  world.mark.succeeded();  // it has ended: time counts again
  world.clock.advance(31s);
  CHECK_FALSE(world.ready());
}

TEST_CASE("a loop that rests is asked for nothing and its time at rest does not count",
          "[supervision]") {
  World world;
  world.mark.rest();
  world.clock.advance(1h);
  CHECK(world.verdict() == LoopVerdict::resting);
  CHECK(world.ready());
  world.mark.rest();  // it rests already
  world.mark.resume();
  CHECK(world.verdict() == LoopVerdict::fresh);
  world.clock.advance(30s);
  CHECK(world.verdict() == LoopVerdict::fresh);
  world.clock.advance(1ms);
  CHECK(world.verdict() == LoopVerdict::failing);
  world.mark.succeeded();
  CHECK(world.ready());
}

TEST_CASE("a rest forgives no failing time however many there are", "[supervision]") {
  World world;
  world.mark.succeeded();
  for (int turn = 0; turn < 4; ++turn) {
    CHECK(world.verdict() == LoopVerdict::good);
    world.clock.advance(10s);
    world.mark.failed("statement timeout");
    world.mark.rest();
    world.clock.advance(2s);
    world.mark.resume();
    world.mark.resume();  // it is at work already
  }
  CHECK(world.verdict() == LoopVerdict::failing);
  CHECK(readiness_text(world.supervision.report()) ==
        "[+] process serving: at work\n"
        "[-] heartbeat failing: no success for 40.0 s, the limit is 30 s: statement timeout\n"
        "ready: no\n");
}

TEST_CASE("what may take until a time may take until then whatever rests meanwhile",
          "[supervision]") {
  World world;
  world.mark.may_take_until(Clock::time_point::max());
  world.mark.rest();
  world.clock.advance(1h);
  world.mark.resume();
  CHECK(world.verdict() == LoopVerdict::fresh);
  CHECK(world.supervision.report().loops.front().success == Clock::time_point::max());
}

TEST_CASE("a loop that has only failed yet says why", "[supervision]") {
  World world;
  world.mark.failed("permission denied");
  CHECK(world.verdict() == LoopVerdict::fresh);
  CHECK(readiness_text(world.supervision.report()) ==
        "[+] process serving: at work\n"
        "[-] heartbeat fresh: no success yet: permission denied\n"
        "ready: no\n");
}

TEST_CASE("a process that stops is alive and not ready and never serves again", "[supervision]") {
  World world;
  world.mark.succeeded();
  world.supervision.stop();
  CHECK(world.live());
  CHECK_FALSE(world.ready());
  world.supervision.serve();
  CHECK(world.supervision.report().phase == Phase::stopping);
}

TEST_CASE("a mark that belongs to no loop does nothing", "[supervision]") {
  const LoopMark mark;
  CHECK_NOTHROW(mark.succeeded());
  CHECK_NOTHROW(mark.turned());
  CHECK_NOTHROW(mark.failed("x"));
  CHECK_NOTHROW(mark.rest());
  CHECK_NOTHROW(mark.resume());
  CHECK_NOTHROW(mark.may_take_until({}));
}

TEST_CASE("a probe is told of each loop on a line of its own and why it is late", "[supervision]") {
  World world;
  const LoopMark idle = world.supervision.add("housekeeping", limits);
  idle.rest();
  world.mark.succeeded();
  world.clock.advance(2s);
  CHECK(readiness_text(world.supervision.report()) ==
        "[+] process serving: at work\n"
        "[+] heartbeat good: last success 2.0 s ago\n"
        "[+] housekeeping resting: nothing is asked of it\n"
        "ready: yes\n");
  world.mark.failed("connection refused");
  world.clock.advance(39s);
  CHECK(readiness_text(world.supervision.report()) ==
        "[+] process serving: at work\n"
        "[-] heartbeat failing: no success for 41.0 s, the limit is 30 s: connection refused\n"
        "[+] housekeeping resting: nothing is asked of it\n"
        "ready: no\n");
  CHECK(liveness_text(world.supervision.report()) ==
        "[+] heartbeat alive: its turns end\n"
        "[+] housekeeping alive: its turns end\n"
        "live: yes\n");
  world.clock.advance(120s);
  CHECK(liveness_text(world.supervision.report()) ==
        "[-] heartbeat stuck: its turn does not end: more than 120 s\n"
        "[+] housekeeping alive: its turns end\n"
        "live: no\n");
}
