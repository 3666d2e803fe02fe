#include "scheduler/roster.hpp"

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
  static wire::Beat worker(std::uint64_t id, std::uint64_t busy = 0) {
    return {.worker = id, .phase = "running", .slots = 4, .busy = busy};
  }
};

}  // namespace

TEST_CASE("whoever was not woken for the longest time is woken first", "[roster]") {
  Hall hall;
  for (int i = 0; i < 20; ++i)
    hall.beat("r" + std::to_string(100 + i), 1, Hall::worker(static_cast<std::uint64_t>(i + 1)));
  const Routes first = hall.roster.to_wake("app", 1, hall.now);
  hall.now += 1s;
  const Routes second = hall.roster.to_wake("app", 1, hall.now);
  CHECK(first.size() == 8);  // a few more than needed
  CHECK(second.size() == 8);
  for (const std::string& route : first)
    CHECK(std::find(second.begin(), second.end(), route) == second.end());
  CHECK(hall.roster.to_wake("app", 20, hall.now).size() == 20);
}

TEST_CASE("only workers with a free slot that work for the target are woken", "[roster]") {
  Hall hall;
  hall.beat("full", 1, Hall::worker(1, 4));
  hall.beat("quiet", 1, {.worker = 2, .phase = "quiet", .slots = 4});
  hall.beat("unregistered", 1, Hall::worker(0));
  hall.beat("other", 1, {.worker = 3, .phase = "running", .slots = 4, .targets = {"billing"}});
  CHECK(hall.roster.to_wake("app", 5, hall.now).empty());
  hall.beat("mine", 1, {.worker = 4, .phase = "running", .slots = 4, .targets = {"app"}});
  hall.beat("any", 1, Hall::worker(5));
  CHECK(hall.roster.to_wake("app", 5, hall.now) == Routes{"any", "mine"});
}

TEST_CASE("a worker that becomes free is woken for what came while all were busy", "[roster]") {
  Hall hall;
  hall.beat("r", 1, Hall::worker(1, 4));
  CHECK(hall.roster.to_wake("app", 1, hall.now).empty());
  CHECK_FALSE(hall.beat("r", 2, Hall::worker(1, 4)).should_wake);
  CHECK(hall.beat("r", 3, Hall::worker(1, 3)).should_wake);
  CHECK_FALSE(hall.beat("r", 4, Hall::worker(1, 3)).should_wake);  // once
  static_cast<void>(hall.roster.to_wake("app", 1, hall.now));
  hall.beat("r", 5, Hall::worker(1, 4));
  static_cast<void>(hall.roster.to_wake("app", 1, hall.now));
  hall.now += 3s;  // it has asked by itself since
  CHECK_FALSE(hall.beat("r", 6, Hall::worker(1, 0)).should_wake);
}

TEST_CASE("a beat that is repeated or was overtaken changes nothing", "[roster]") {
  Hall hall;
  CHECK(hall.beat("r", 5, Hall::worker(1, 4)).is_news);
  CHECK_FALSE(hall.beat("r", 5, Hall::worker(1, 4)).is_news);
  CHECK_FALSE(hall.beat("r", 4, Hall::worker(1, 0)).is_news);
  CHECK(hall.roster.to_wake("app", 1, hall.now).empty());  // still full
}

TEST_CASE("a connection that says too much is not listened to for a while", "[roster]") {
  Hall hall;
  int heard = 0;
  for (int i = 0; i < 1'000; ++i) heard += hall.roster.may_speak("r", hall.now) ? 1 : 0;
  CHECK(heard == 200);
  CHECK(hall.roster.may_speak("other", hall.now));
  hall.now += 1s;
  heard = 0;
  for (int i = 0; i < 1'000; ++i) heard += hall.roster.may_speak("r", hall.now) ? 1 : 0;
  CHECK(heard == 50);
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

TEST_CASE("subscribers hear of a worker when it changed and every few seconds", "[roster]") {
  Hall hall;
  CHECK(hall.beat("r", 1, Hall::worker(1)).has_changed);
  CHECK_FALSE(hall.beat("r", 2, Hall::worker(1)).has_changed);
  CHECK(hall.beat("r", 3, Hall::worker(1, 1)).has_changed);
  hall.now += 5s;
  CHECK(hall.beat("r", 4, Hall::worker(1, 1)).has_changed);
}
