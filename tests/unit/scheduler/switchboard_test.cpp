#include "scheduler/switchboard.hpp"

#include "scheduler/control_desk.hpp"
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

namespace {

struct MemoryDesk final : SchedulerDirectory, KeyStore, CommandStore, NewsListener {
  void announce(const SchedulerAddress& address, const std::string&) override {
    announced.push_back(address);
  }
  void withdraw(const std::string&) override { withdrawn = true; }
  std::vector<SchedulerAddress> live() override { return announced; }
  std::vector<KeyRow> list() override { return rows; }
  void allow(const AllowedKey&, const std::string&) override {}
  bool revoke(const std::string&, const std::string&) override { return false; }
  CommandAnswer carry_out(const OperatorCommand& command, const std::string& actor) override {
    if (is_unreachable) throw StoreError(Failure::connection_lost, "commands", "", "gone");
    carried_out.push_back(command.id + " " + actor);
    return {.code = "done", .detail = ""};
  }
  std::vector<ControlNews> wait(std::chrono::milliseconds, int) override {
    return std::exchange(news, {});
  }

  bool is_unreachable = false;
  bool withdrawn = false;
  std::vector<KeyRow> rows;
  std::vector<SchedulerAddress> announced;
  std::vector<std::string> carried_out;
  std::vector<ControlNews> news;
};

struct Office {
  test::FakeClock clock;
  SeededRandom random{1};
  MemoryDesk store;
  ControlMail mail;
  ControlDesk desk{{.holder = "me", .version = "1"},
                   clock,
                   random,
                   {.directory = store, .keys = store, .commands = store, .news = store},
                   mail};

  template <class Mail>
  std::vector<Mail> mails() {
    std::vector<Mail> found;
    for (const SwitchboardMail& one : mail.switchboard.take())
      if (const auto* it = std::get_if<Mail>(&one)) found.push_back(*it);
    return found;
  }
  /// How many times keys were sent, of which the newest is kept.
  std::size_t keys_sent() { return mail.keys.take().size(); }
};

}  // namespace

TEST_CASE("a scheduler is announced under its own name once its sockets are open", "[desk]") {
  Office office;
  office.desk.run_once();
  CHECK(office.store.announced.empty());
  CHECK(office.keys_sent() == 1);
  office.mail.desk.put(SchedulerAddress{.workers = "tcp://h:1"});
  office.desk.run_once();
  REQUIRE(office.store.announced.size() == 1);
  CHECK(office.store.announced.front().holder == "me");
  office.desk.run_once();
  CHECK(office.store.announced.size() == 1);
  office.clock.advance(2s);
  office.desk.run_once();
  CHECK(office.store.announced.size() == 2);
}

TEST_CASE("changed keys reach the switchboard and unchanged ones do not", "[desk]") {
  Office office;
  office.mail.desk.put(SchedulerAddress{.workers = "tcp://h:1"});
  office.desk.run_once();
  CHECK(office.keys_sent() == 1);
  office.clock.advance(2s);
  office.desk.run_once();
  CHECK(office.keys_sent() == 0);
  office.store.rows.push_back({.key = {.name = "w"}});
  office.store.news.push_back({.kind = ControlNews::Kind::keys});
  office.desk.run_once();  // hears of it
  office.desk.run_once();  // and reads them, not waiting for its time
  CHECK(office.keys_sent() == 1);
}

TEST_CASE("a command that the database did not take is answered so", "[desk]") {
  Office office;
  office.store.is_unreachable = true;
  office.mail.desk.put(PendingCommand{.route = "op", .actor = "key:ana", .command = {.id = "c"}});
  office.desk.run_once();
  const auto answers = office.mails<AnsweredCommand>();
  REQUIRE(answers.size() == 1);
  CHECK(answers.front().answer.code == "unreachable");
  CHECK(office.store.carried_out.empty());
}
