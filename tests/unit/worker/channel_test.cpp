#include "worker/channel.hpp"

#include <fmt/format.h>

#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_control.hpp"

using namespace lethe;
using namespace lethe::worker;
using namespace std::chrono_literals;

namespace {

struct Line {
  test::FakeClock clock;
  SeededRandom random{1};
  test::MemoryControlClient client;
  Presence presence{20s};
  int wakes = 0;
  Channel channel{
      {.info =
           {.instance = "host:1", .version = "1", .slots = 4, .targets = {}, .lanes = {"normal"}},
       .on_wake = [this] { ++wakes; }},
      clock,
      random,
      client,
      presence};

  Line() { client.waits = false; }

  void find(std::vector<std::string> holders) {
    std::vector<SchedulerAddress> addresses;
    for (std::string& holder : holders)
      addresses.push_back({.holder = std::move(holder), .workers = "ipc:///x"});
    channel.set_schedulers(std::move(addresses));
    channel.run_once();
  }
  void turn(std::chrono::milliseconds later = 0ms) {
    clock.advance(later);
    channel.run_once();
  }
  FinishedJob finished(const std::string& task, std::int64_t rows, std::int64_t batch_rows) {
    Settlement settlement;
    settlement.lease = {.task = {task}, .worker = {7}, .epoch = 2};
    settlement.run = {"R"};
    settlement.target = "app";
    settlement.outcome = Outcome::again;
    settlement.batches = 3;
    settlement.rows = rows;
    settlement.batch_rows = batch_rows;
    return {.lease = settlement.lease, .run = settlement.run, .settlement = settlement};
  }
  std::vector<wire::Ready> told() {
    std::vector<wire::Ready> readies;
    for (const auto& [holder, frame] : client.sent) {
      const wire::Message message = test::message_of(frame);
      if (const auto* ready = std::get_if<wire::Ready>(&message)) readies.push_back(*ready);
    }
    return readies;
  }
  wire::Beat last_beat() {
    return std::get<wire::Beat>(test::message_of(client.sent.back().second));
  }
};

}  // namespace

TEST_CASE("without schedulers nothing is said", "[channel]") {
  Line line;
  line.channel.ready({.target = "app", .lane = "", .tasks = 3});
  line.channel.finished(line.finished("t", 10, 10));
  line.turn();
  line.turn(5s);
  CHECK(line.client.sent.empty());
  CHECK_FALSE(line.channel.is_woken());
}

TEST_CASE("a beat goes to every scheduler once a second", "[channel]") {
  Line line;
  line.presence.registered(WorkerId{7}, line.clock.now());
  line.find({"a", "b"});
  CHECK(line.client.sent.size() == 2);
  line.turn(999ms);
  CHECK(line.client.sent.size() == 2);
  line.turn(1ms);
  CHECK(line.client.sent.size() == 4);
  CHECK(line.last_beat().worker == 7);
  CHECK(line.last_beat().phase == "running");
  CHECK(line.last_beat().lanes == std::vector<std::string>{"normal"});
  line.presence.set_wanted(Wanted::quiet);
  line.turn(1s);
  CHECK(line.last_beat().phase == "quiet");
}

TEST_CASE("progress is told soon and only the newest of each task", "[channel]") {
  Line line;
  line.find({"a"});
  line.channel.finished(line.finished("t", 10, 10));
  line.channel.finished(line.finished("t", 30, 20));
  line.channel.finished(line.finished("u", 5, 5));
  line.turn(100ms);
  CHECK(line.client.sent.size() == 1);  // not yet: a pause between two
  line.turn(100ms);
  REQUIRE(line.client.sent.size() == 2);
  const wire::Beat beat = line.last_beat();
  REQUIRE(beat.progress.size() == 2);
  CHECK(beat.progress.at(0).rows == 30);
  CHECK(beat.progress.at(0).batch_rows == 30);
  line.turn(1s);
  CHECK(line.last_beat().progress.empty());
}

TEST_CASE("a worker is woken as long as some scheduler answers", "[channel]") {
  Line line;
  line.find({"a"});
  CHECK_FALSE(line.channel.is_woken());
  line.client.hear("a", wire::BeatAck{.beat = 1});
  line.turn();
  CHECK(line.channel.is_woken());
  line.clock.advance(2'999ms);
  CHECK(line.channel.is_woken());
  line.clock.advance(1ms);
  CHECK_FALSE(line.channel.is_woken());
}

TEST_CASE("what became ready is told to the scheduler that answered last", "[channel]") {
  Line line;
  line.find({"a", "b"});
  line.client.hear("a", wire::BeatAck{});
  line.turn();
  line.clock.advance(1ms);
  line.client.hear("b", wire::BeatAck{});
  line.turn();
  line.channel.ready({.target = "app", .lane = "", .tasks = 3});
  line.turn();
  CHECK(line.client.sent.back().first == "b");
  CHECK(std::get<wire::Ready>(test::message_of(line.client.sent.back().second)).tasks == 3);
}

TEST_CASE("a scheduler that takes nothing is passed over for the next one", "[channel]") {
  Line line;
  line.find({"a", "b"});
  line.client.hear("a", wire::BeatAck{});
  line.turn();
  line.clock.advance(1ms);
  line.client.hear("b", wire::BeatAck{});
  line.turn();
  line.client.deaf.insert("b");
  line.channel.ready({.target = "app", .lane = "", .tasks = 3});
  line.turn();
  CHECK(line.client.sent.back().first == "a");
  CHECK(line.told().size() == 1);
}

TEST_CASE("what becomes ready is told at once and then at most ten times a second", "[channel]") {
  Line line;
  line.find({"a"});
  line.client.hear("a", wire::BeatAck{});
  line.turn();
  line.channel.ready({.target = "app", .lane = "urgent", .tasks = 1});
  line.turn();
  REQUIRE(line.told().size() == 1);
  for (int i = 0; i < 9; ++i) {
    line.channel.ready({.target = "app", .lane = "urgent", .tasks = 1});
    line.turn(10ms);
  }
  CHECK(line.told().size() == 1);
  line.channel.ready({.target = "billing", .lane = "bulk", .tasks = 1});
  line.turn();
  REQUIRE(line.told().size() == 2);  // another target has its own time
  line.turn(10ms);
  REQUIRE(line.told().size() == 3);
  CHECK(line.told().back() == wire::Ready{.target = "app", .tasks = 9, .lane = "urgent"});
  line.turn(1s);
  CHECK(line.told().size() == 3);
}

TEST_CASE("tasks of several lanes that are told together are of no known lane", "[channel]") {
  Line line;
  line.find({"a"});
  line.client.hear("a", wire::BeatAck{});
  line.turn();
  line.channel.ready({.target = "app", .lane = "urgent", .tasks = 1});
  line.channel.ready({.target = "app", .lane = "bulk", .tasks = 1});
  line.turn();
  CHECK(line.told() == std::vector<wire::Ready>{{.target = "app", .tasks = 2, .lane = ""}});
}

TEST_CASE("progress that nobody can be told of in time does not pile up", "[channel]") {
  Line line;
  line.find({"a"});
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 900; ++i)
      line.channel.finished(line.finished(fmt::format("t{}", round * 900 + i), 1, 1));
    line.turn();
  }
  std::size_t told = 0;
  for (int i = 0; i < 60; ++i) line.turn(200ms);
  for (const auto& [holder, frame] : line.client.sent)
    told += std::get<wire::Beat>(test::message_of(frame)).progress.size();
  CHECK(told == 1'000);
}

TEST_CASE("a wake wakes and a look asks for a beat and garbage does nothing", "[channel]") {
  Line line;
  line.find({"a"});
  line.client.hear("a", wire::Wake{.tasks = 1});
  line.client.hear("a", wire::Wake{.tasks = 1});
  line.client.hear("a", wire::Look{.why = "x"});
  line.client.hear("a", wire::Command{.verb = "worker.stop", .object = "7"});
  line.client.incoming.emplace_back("a", "garbage");
  line.turn();
  CHECK(line.wakes == 2);
  CHECK(line.presence.wanted() == Wanted::running);
  line.presence.wait_beat(1h, {});  // returns at once, or this test never ends
}

TEST_CASE("a scheduler that does not answer is connected to anew", "[channel]") {
  Line line;
  line.find({"a", "b"});
  line.clock.advance(5s);
  line.client.hear("a", wire::BeatAck{});
  line.turn();
  line.clock.advance(5s);
  line.find({"a", "b"});
  CHECK(line.client.left == std::vector<std::string>{"b"});
  line.find({"a", "b"});
  CHECK(line.client.left.size() == 1);  // it has time again
}
