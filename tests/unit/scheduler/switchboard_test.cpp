#include "scheduler/switchboard.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_control.hpp"

using namespace lethe;
using namespace lethe::scheduler;
using namespace std::chrono_literals;

namespace {

struct Exchange {
  test::FakeClock clock;
  SeededRandom random{1};
  test::MemoryControlServer server;
  ControlMail mail;
  Switchboard board{{}, clock, random, server, mail};

  Exchange() {
    mail.put_keys(KeyRing{});
    board.run_once();
    static_cast<void>(mail.desk.take());
  }
  void beat(const std::string& route, std::uint64_t sequence, wire::Beat beat) {
    server.say(Door::workers, route, {.sequence = sequence, .message = std::move(beat)});
    board.run_once();
  }
  void command(const std::string& id, const std::string& verb, const std::string& object) {
    server.say(Door::operators, "op",
               {.id = id, .message = wire::Command{.verb = verb, .object = object}}, "ana");
    board.run_once();
  }
  wire::Answer last_answer() {
    return std::get<wire::Answer>(test::message_of(server.sent["operator op"].back()));
  }
};

wire::Beat idle(std::uint64_t worker) {
  return {.worker = worker, .phase = "running", .slots = 4, .busy = 0};
}

}  // namespace

TEST_CASE("nothing is open before the keys are known", "[switchboard]") {
  test::FakeClock clock;
  SeededRandom random{1};
  test::MemoryControlServer server;
  ControlMail mail;
  Switchboard board({}, clock, random, server, mail);
  board.run_once();
  CHECK(server.opened == 0);
  mail.put_keys(KeyRing{{.name = "w", .public_key = "x", .role = KeyRole::worker}});
  board.run_once();
  CHECK(server.opened == 1);
  CHECK(server.keys.size() == 1);
  const auto told = mail.desk.take();
  REQUIRE(told.size() == 1);
  CHECK(std::get<SchedulerAddress>(told.front()).workers == "tcp://h:1");
}

TEST_CASE("sockets that broke are opened again with the keys that are known", "[switchboard]") {
  test::FakeClock clock;
  SeededRandom random{1};
  test::MemoryControlServer server;
  server.failures = 1;
  ControlMail mail;
  Switchboard board({}, clock, random, server, mail);
  mail.put_keys(KeyRing{});
  CHECK_THROWS_AS(board.run_once(), BusError);
  board.run_once();
  CHECK(server.opened == 1);
}

TEST_CASE("a beat is answered and told to subscribers with its progress", "[switchboard]") {
  Exchange exchange;
  wire::Beat beat = idle(7);
  beat.progress.push_back({.task = "T", .run = "R", .rows = 5});
  exchange.beat("w", 1, beat);
  CHECK(exchange.server.count<wire::BeatAck>("worker w") == 1);
  REQUIRE(exchange.server.published.size() == 2);
  CHECK(exchange.server.published.at(0).first == "worker.7");
  CHECK(exchange.server.published.at(1).first == "run.R");
}

TEST_CASE("ready tasks wake whoever is free whoever told of them", "[switchboard]") {
  Exchange exchange;
  exchange.beat("w", 1, idle(7));
  exchange.mail.switchboard.put(
      ControlNews{.kind = ControlNews::Kind::ready, .count = 2, .target = "app"});
  exchange.board.run_once();
  CHECK(exchange.server.count<wire::Wake>("worker w") == 1);
  exchange.clock.advance(1s);
  exchange.server.say(Door::workers, "other",
                      {.message = wire::Ready{.target = "app", .tasks = 1}});
  exchange.board.run_once();
  CHECK(exchange.server.count<wire::Wake>("worker w") == 2);
}

TEST_CASE("a call to look reaches the worker it is about or each of them", "[switchboard]") {
  Exchange exchange;
  exchange.beat("a", 1, idle(7));
  exchange.beat("b", 1, idle(8));
  exchange.mail.switchboard.put(ControlNews{.kind = ControlNews::Kind::look, .count = 8});
  exchange.board.run_once();
  CHECK(exchange.server.count<wire::Look>("worker a") == 0);
  CHECK(exchange.server.count<wire::Look>("worker b") == 1);
  exchange.mail.switchboard.put(ControlNews{.kind = ControlNews::Kind::look, .count = 0});
  exchange.board.run_once();
  CHECK(exchange.server.count<wire::Look>("worker a") == 1);
}

TEST_CASE("a command is answered only after the desk has carried it out", "[switchboard]") {
  Exchange exchange;
  exchange.command("c-1", "worker.quiet", "7");
  CHECK(exchange.server.sent.empty());
  auto asked = exchange.mail.desk.take();
  REQUIRE(asked.size() == 1);
  const auto& pending = std::get<PendingCommand>(asked.front());
  CHECK(pending.actor == "key:ana");
  CHECK(pending.command.id == "c-1");
  exchange.mail.switchboard.put(
      AnsweredCommand{.asked = pending, .answer = {.code = "done", .detail = "so be it"}});
  exchange.board.run_once();
  CHECK(exchange.last_answer().ok);
  CHECK(exchange.last_answer().detail == "so be it");
  CHECK(exchange.server.published.back().first == "command");
}

TEST_CASE("operators are told what was wrong and workers nothing", "[switchboard]") {
  Exchange exchange;
  exchange.command("", "worker.quiet", "7");
  CHECK(exchange.last_answer().code == "malformed");
  exchange.command("with blank", "worker.quiet", "7");
  CHECK(exchange.last_answer().code == "malformed");
  exchange.server.letters.push_back({.door = Door::operators, .from = "op", .frame = "garbage"});
  exchange.board.run_once();
  CHECK(exchange.last_answer().code == "malformed");
  CHECK(exchange.mail.desk.take().empty());
  exchange.server.sent.clear();
  exchange.server.letters.push_back({.door = Door::workers, .from = "w", .frame = "garbage"});
  exchange.board.run_once();
  CHECK(exchange.server.sent.empty());
}

TEST_CASE("a worker's connection cannot give commands", "[switchboard]") {
  Exchange exchange;
  exchange.server.say(Door::workers, "w",
                      {.id = "c-1", .message = wire::Command{.verb = "run.cancel", .object = "R"}});
  exchange.board.run_once();
  CHECK(exchange.mail.desk.take().empty());
  CHECK(exchange.server.sent.empty());
}

TEST_CASE("what came while the switchboard stood still is not read", "[switchboard]") {
  Exchange exchange;
  const bool stops_while_it_waits = GENERATE(false, true);
  CAPTURE(stops_while_it_waits);
  if (stops_while_it_waits)
    exchange.server.while_waiting = [&] { exchange.clock.advance(16s); };
  else
    exchange.clock.advance(16s);
  exchange.command("c-1", "run.cancel", "R");
  exchange.server.while_waiting = {};
  CHECK(exchange.mail.desk.take().empty());
  CHECK(exchange.server.closed == 1);  // and with the sockets all that waited there
  exchange.command("c-2", "run.cancel", "R");
  CHECK(exchange.server.opened == 2);
  const auto mails = exchange.mail.desk.take();
  REQUIRE(mails.size() == 2);
  CHECK(std::holds_alternative<SchedulerAddress>(mails.front()));
  CHECK(std::get<PendingCommand>(mails.back()).command.id == "c-2");
}

TEST_CASE("a command has the time at which it was received", "[switchboard]") {
  Exchange exchange;
  exchange.server.while_waiting = [&] { exchange.clock.advance(14s); };
  exchange.command("c-1", "run.cancel", "R");
  const auto mails = exchange.mail.desk.take();
  REQUIRE(mails.size() == 1);
  CHECK(std::get<PendingCommand>(mails.front()).came_at == exchange.clock.since_boot());
  CHECK(exchange.server.closed == 0);
}

TEST_CASE("no worker can wake the fleet without end", "[switchboard]") {
  Exchange exchange;
  for (std::uint64_t id = 1; id <= 100; ++id) exchange.beat("w" + std::to_string(id), 1, idle(id));
  for (int i = 0; i < 15; ++i) {
    for (int j = 0; j < 10; ++j)
      exchange.server.say(Door::workers, "hostile",
                          {.message = wire::Ready{.target = "app", .tasks = wire::number_max}});
    exchange.board.run_once();
    exchange.clock.advance(1ms);
  }
  std::size_t wakes = 0;
  for (std::uint64_t id = 1; id <= 100; ++id)
    wakes += exchange.server.count<wire::Wake>("worker w" + std::to_string(id));
  CHECK(wakes == 100);
  const auto wake = test::message_of(exchange.server.sent["worker w1"].back());
  CHECK(std::get<wire::Wake>(wake).tasks == Roster::tasks_max);
  exchange.clock.advance(Roster::pause_of_workers);
  exchange.board.run_once();  // what was told meanwhile is owed once
  CHECK(exchange.server.count<wire::Wake>("worker w1") == 2);
}

TEST_CASE("a worker that tells much of ready tasks is still known to live", "[switchboard]") {
  Exchange exchange;
  for (int i = 0; i < 300; ++i)
    exchange.server.say(Door::workers, "w", {.message = wire::Ready{.target = "app", .tasks = 1}});
  exchange.board.run_once();
  exchange.beat("w", 1, idle(7));
  CHECK(exchange.server.count<wire::BeatAck>("worker w") == 1);
}

TEST_CASE("tasks for which only workers that are gone were left wake the next one",
          "[switchboard]") {
  Exchange exchange;
  for (std::uint64_t id = 1; id <= 20; ++id) exchange.beat("w" + std::to_string(id), 1, idle(id));
  for (std::uint64_t id = 1; id <= 20; ++id)
    if (id != 9) exchange.server.gone.insert("w" + std::to_string(id));
  const ControlNews ready{.kind = ControlNews::Kind::ready, .count = 1, .target = "app"};
  exchange.mail.switchboard.put(ready);
  exchange.board.run_once();
  CHECK(exchange.server.count<wire::Wake>("worker w9") == 1);
  exchange.clock.advance(1s);
  exchange.server.gone.insert("w9");
  exchange.mail.switchboard.put(ready);
  exchange.board.run_once();  // nobody is left
  exchange.beat("back", 1, idle(9));
  CHECK(exchange.server.count<wire::Wake>("worker back") == 1);
}

TEST_CASE("connections are forgotten when a revocation ended them", "[switchboard]") {
  Exchange exchange;
  exchange.mail.put_keys({{.name = "a", .public_key = "x", .role = KeyRole::worker}});
  exchange.board.run_once();
  exchange.beat("w", 1, idle(7));
  exchange.mail.put_keys({});
  exchange.mail.switchboard.put(
      ControlNews{.kind = ControlNews::Kind::ready, .count = 1, .target = "app"});
  exchange.board.run_once();
  CHECK(exchange.server.count<wire::Wake>("worker w") == 0);
  exchange.beat("again", 1, idle(7));
  CHECK(exchange.server.count<wire::Wake>("worker again") == 1);
}

TEST_CASE("a gap in the numbers of events means a missed event and nothing else", "[switchboard]") {
  Exchange exchange;
  exchange.beat("w", 1, idle(7));
  exchange.command("", "worker.quiet", "7");
  exchange.beat("w", 2, {.worker = 7, .phase = "running", .slots = 4, .busy = 1});
  exchange.beat("w", 3, idle(7));
  std::vector<std::uint64_t> numbers;
  for (const auto& [topic, frame] : exchange.server.published)
    numbers.push_back(std::get<wire::Envelope>(wire::decode(frame)).sequence);
  CHECK(numbers == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("a flood of other mail pushes out neither keys nor a call to look", "[switchboard]") {
  Exchange exchange;
  exchange.beat("w", 1, idle(7));
  exchange.mail.switchboard.put(ControlNews{.kind = ControlNews::Kind::look, .count = 7});
  exchange.mail.put_keys({{.name = "a", .public_key = "x", .role = KeyRole::worker}});
  for (int i = 0; i < 10'000; ++i)
    exchange.mail.switchboard.put(
        ControlNews{.kind = ControlNews::Kind::ready, .count = 1, .target = "app"});
  exchange.board.run_once();
  CHECK(exchange.server.keys.size() == 1);
  CHECK(exchange.server.count<wire::Look>("worker w") == 1);
}

TEST_CASE("a worker that is gone is not woken again", "[switchboard]") {
  Exchange exchange;
  exchange.beat("w", 1, idle(7));
  exchange.server.gone.insert("w");
  const ControlNews ready{.kind = ControlNews::Kind::ready, .count = 1, .target = "app"};
  exchange.mail.switchboard.put(ready);
  exchange.board.run_once();
  exchange.server.gone.clear();
  exchange.mail.switchboard.put(ready);
  exchange.board.run_once();
  CHECK(exchange.server.count<wire::Wake>("worker w") == 0);
}
