#include "scheduler/roster.hpp"

#include <algorithm>

#include "tests/support/catch.hpp"

using namespace lethe;
using namespace lethe::scheduler;
using namespace std::chrono_literals;

namespace {

using Routes = std::vector<std::string>;

struct Hall {
  Roster roster;
  Clock::time_point now{1h};

  Roster::Heard beat(const std::string& route, std::uint64_t sequence, wire::Beat beat) {
    static_cast<void>(roster.may_speak(route, now));
    return roster.heard(route, {.sequence = sequence}, beat, now);
  }
  Routes wake(const std::string& target, std::uint64_t tasks, const std::string& lane = "",
              std::chrono::milliseconds pause = Roster::pause_of_news) {
    return roster.to_wake(
        {.ready = {.target = target, .tasks = tasks, .lane = lane}, .pause = pause, .at = now},
        now);
  }
  static wire::Beat in_lanes(std::uint64_t id, std::vector<std::string> lanes) {
    return {.worker = id, .phase = "running", .slots = 4, .lanes = std::move(lanes)};
  }
  static wire::Beat worker(std::uint64_t id, std::uint64_t busy = 0) {
    return {.worker = id, .phase = "running", .slots = 4, .busy = busy};
  }
};

}  // namespace

TEST_CASE("whoever was not woken for the longest time is woken first", "[roster]") {
  Hall hall;
  for (int i = 0; i < 20; ++i)
    hall.beat("r" + std::to_string(100 + i), 1, Hall::worker(static_cast<std::uint64_t>(i + 1)));
  const Routes first = hall.wake("app", 1);
  hall.now += 1s;
  const Routes second = hall.wake("app", 1);
  CHECK(first.size() == 8);  // a few more than needed
  CHECK(second.size() == 8);
  for (const std::string& route : first)
    CHECK(std::find(second.begin(), second.end(), route) == second.end());
  hall.now += 1s;
  CHECK(hall.wake("app", 20).size() == 20);
}

TEST_CASE("only workers with a free slot that work for the target are woken", "[roster]") {
  Hall hall;
  hall.beat("full", 1, Hall::worker(1, 4));
  hall.beat("quiet", 1, {.worker = 2, .phase = "quiet", .slots = 4});
  hall.beat("unregistered", 1, Hall::worker(0));
  hall.beat("other", 1, {.worker = 3, .phase = "running", .slots = 4, .targets = {"billing"}});
  CHECK(hall.wake("app", 5).empty());
  hall.beat("mine", 1, {.worker = 4, .phase = "running", .slots = 4, .targets = {"app"}});
  hall.beat("any", 1, Hall::worker(5));
  hall.now += 1s;
  CHECK(hall.wake("app", 5) == Routes{"any", "mine"});
}

TEST_CASE("a worker that becomes free is woken for what came while all were busy", "[roster]") {
  Hall hall;
  hall.beat("r", 1, Hall::worker(1, 4));
  CHECK(hall.wake("app", 1).empty());
  CHECK_FALSE(hall.beat("r", 2, Hall::worker(1, 4)).should_wake);
  CHECK(hall.beat("r", 3, Hall::worker(1, 3)).should_wake);
  CHECK_FALSE(hall.beat("r", 4, Hall::worker(1, 3)).should_wake);  // once
  hall.beat("r", 5, Hall::worker(1, 4));
  CHECK(hall.wake("app", 1).empty());
  hall.now += 3s;  // it has asked by itself since
  CHECK_FALSE(hall.beat("r", 6, Hall::worker(1, 0)).should_wake);
}

TEST_CASE("as many workers are woken as it takes slots for what came while all were busy",
          "[roster]") {
  Hall hall;
  for (std::uint64_t id = 1; id <= 3; ++id)
    hall.beat("r" + std::to_string(id), 1, Hall::worker(id, 4));
  CHECK(hall.wake("app", 5).empty());
  CHECK(hall.wake("billing", 1).empty());  // another target does not push the first one out
  CHECK(hall.beat("r1", 2, Hall::worker(1, 0)).should_wake);
  CHECK(hall.beat("r2", 2, Hall::worker(2, 0)).should_wake);
  CHECK_FALSE(hall.beat("r3", 2, Hall::worker(3, 0)).should_wake);
}

TEST_CASE("tasks wait for their own workers and only for so many targets", "[roster]") {
  Hall hall;
  wire::Beat beat = Hall::worker(1);
  beat.targets = {"t0", "t90"};
  for (int i = 0; i < 100; ++i) {
    hall.now += 1ms;
    CHECK(hall.wake("t" + std::to_string(i), 1).empty());
  }
  beat.targets = {"t0"};
  CHECK_FALSE(hall.beat("r", 1, beat).should_wake);  // the oldest had to go
  beat.targets = {"t90"};
  CHECK(hall.beat("r", 2, beat).should_wake);
}

TEST_CASE("a task of a lane wakes only workers of that lane", "[roster]") {
  Hall hall;
  for (std::uint64_t i = 0; i < 20; ++i)
    hall.beat("a" + std::to_string(i), 1, Hall::in_lanes(i + 1, {"normal"}));
  hall.beat("urgent", 1, Hall::in_lanes(50, {"urgent", "normal"}));
  hall.beat("unsaid", 1, Hall::in_lanes(51, {}));
  CHECK(hall.wake("app", 1, "urgent") == Routes{"unsaid", "urgent"});
}

TEST_CASE("a task of an unknown lane wakes somebody of each set of lanes", "[roster]") {
  Hall hall;
  for (std::uint64_t i = 0; i < 20; ++i)
    hall.beat("a" + std::to_string(10 + i), 1, Hall::in_lanes(i + 1, {"normal", "bulk"}));
  for (std::uint64_t i = 0; i < 5; ++i)
    hall.beat("u" + std::to_string(i), 1, Hall::in_lanes(i + 50, {"urgent"}));
  hall.beat("b", 1, Hall::in_lanes(90, {"bulk", "normal"}));  // in another order
  const Routes woken = hall.wake("app", 1);
  CHECK(woken.size() == 8);
  CHECK(std::count_if(woken.begin(), woken.end(),
                      [](const std::string& route) { return route.front() == 'u'; }) == 1);
}

TEST_CASE("whoever was woken a moment ago is woken again only after a pause", "[roster]") {
  Hall hall;
  hall.beat("r", 1, Hall::worker(1));
  CHECK(hall.wake("app", 1, "", Roster::pause_of_workers) == Routes{"r"});
  CHECK_FALSE(hall.roster.next_due());
  const auto woken_at = hall.now;
  int wakes = 0;
  for (int i = 0; i < 100; ++i) {  // a worker that tells without end, for a second
    hall.now += 10ms;
    wakes += static_cast<int>(hall.wake("app", 1, "", Roster::pause_of_workers).size());
    for (const Roster::Told& told : hall.roster.due(hall.now))
      wakes += static_cast<int>(hall.roster.to_wake(told, hall.now).size());
  }
  CHECK(wakes <= 20);
  CHECK(wakes >= 19);
  CHECK(hall.now - woken_at == 1s);
}

TEST_CASE("a task that came during the pause is served when it ends and once", "[roster]") {
  Hall hall;
  hall.beat("r", 1, Hall::worker(1));
  hall.beat("s", 1, Hall::worker(2));
  CHECK(hall.wake("app", 2) == Routes{"r", "s"});
  const auto woken_at = hall.now;
  hall.now += 4ms;
  CHECK(hall.wake("app", 2).empty());
  REQUIRE(hall.roster.next_due());
  CHECK(*hall.roster.next_due() == woken_at + Roster::pause_of_news);
  CHECK(hall.roster.due(hall.now).empty());
  hall.now = woken_at + Roster::pause_of_news;
  const auto due = hall.roster.due(hall.now);
  REQUIRE(due.size() == 1);
  CHECK(hall.roster.to_wake(due.front(), hall.now) == Routes{"r", "s"});
  CHECK_FALSE(hall.roster.next_due());
}

TEST_CASE("no number of tasks makes what waits grow without end", "[roster]") {
  Hall hall;
  hall.beat("r", 1, Hall::worker(1, 4));
  CHECK(hall.wake("app", wire::number_max).empty());
  CHECK(hall.wake("app", wire::number_max).empty());
  wire::Beat idle = Hall::worker(1);
  idle.slots = Roster::tasks_max;
  CHECK(hall.beat("r", 2, idle).should_wake);
  hall.now += 1s;
  CHECK_FALSE(hall.beat("r", 3, idle).should_wake);
}

TEST_CASE("a beat that is repeated or was overtaken changes nothing", "[roster]") {
  Hall hall;
  CHECK(hall.beat("r", 5, Hall::worker(1, 4)).is_news);
  CHECK_FALSE(hall.beat("r", 5, Hall::worker(1, 4)).is_news);
  CHECK_FALSE(hall.beat("r", 4, Hall::worker(1, 0)).is_news);
  CHECK(hall.wake("app", 1).empty());  // still full
}

TEST_CASE("a connection that says too much is not listened to for a while", "[roster]") {
  using Kind = Roster::Kind;
  Hall hall;
  const auto heard = [&](Kind kind) {
    int count = 0;
    for (int i = 0; i < 1'000; ++i) count += hall.roster.may_say("r", kind, hall.now) ? 1 : 0;
    return count;
  };
  CHECK(heard(Kind::other) == 200);
  CHECK(heard(Kind::beat) == 200);  // which other words do not use up
  CHECK(hall.roster.may_say("other", Kind::other, hall.now));
  hall.now += 1s;
  CHECK(heard(Kind::other) == 50);
  CHECK(heard(Kind::beat) == 50);
}

TEST_CASE("a flood is not even read", "[roster]") {
  Hall hall;
  int read = 0;
  for (int i = 0; i < 10'000; ++i) read += hall.roster.may_speak("r", hall.now) ? 1 : 0;
  CHECK(read == 600);
  hall.now += 1s;
  for (int i = 0; i < 10'000; ++i) read += hall.roster.may_speak("r", hall.now) ? 1 : 0;
  CHECK(read == 800);
}

TEST_CASE("so many connections are known and no more", "[roster]") {
  Hall hall;
  for (std::size_t i = 0; i < Roster::connections_max; ++i)
    CHECK(hall.roster.may_speak("r" + std::to_string(i), hall.now));
  CHECK_FALSE(hall.roster.may_speak("one more", hall.now));
  CHECK(hall.roster.size() == Roster::connections_max);
}

TEST_CASE("who says nothing for long is forgotten and told of", "[roster]") {
  Hall hall;
  hall.beat("r", 1, Hall::worker(7));
  hall.now += 19s;
  CHECK(hall.roster.forget_silent(hall.now).empty());
  hall.now += 1s;
  const auto silent = hall.roster.forget_silent(hall.now);
  REQUIRE(silent.size() == 1);
  CHECK(silent.front().worker == 7);
  CHECK(silent.front().phase == "silent");
  CHECK(hall.roster.size() == 0);
}

TEST_CASE("a worker that connected anew is not called silent for its old connection", "[roster]") {
  Hall hall;
  hall.beat("old", 1, Hall::worker(7));
  hall.now += 10s;
  hall.beat("new", 1, Hall::worker(7));
  hall.now += 10s;
  CHECK(hall.roster.forget_silent(hall.now).empty());
  CHECK(hall.roster.size() == 1);
  hall.now += 10s;
  CHECK(hall.roster.forget_silent(hall.now).size() == 1);
}

TEST_CASE("subscribers hear of a worker when it changed and every few seconds", "[roster]") {
  Hall hall;
  CHECK(hall.beat("r", 1, Hall::worker(1)).has_changed);
  CHECK_FALSE(hall.beat("r", 2, Hall::worker(1)).has_changed);
  CHECK(hall.beat("r", 3, Hall::worker(1, 1)).has_changed);
  hall.now += 5s;
  CHECK(hall.beat("r", 4, Hall::worker(1, 1)).has_changed);
}
