#include "scheduler/control_desk.hpp"

#include <functional>

#include "common/store_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"

using namespace lethe;
using namespace lethe::scheduler;
using namespace std::chrono_literals;

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
    ++tries;
    if (before_command) before_command();
    if (failures > 0) {
      --failures;
      throw StoreError(failure, "commands", "", "no such right");
    }
    carried_out.push_back(command.id + " " + actor);
    return {.code = "done", .detail = ""};
  }
  std::vector<ControlNews> wait(std::chrono::milliseconds, int) override {
    return std::exchange(news, {});
  }

  std::function<void()> before_command{};
  Failure failure = Failure::connection_lost;
  int failures = 0;  // so many commands fail
  int tries = 0;
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

  void ask() {
    mail.desk.put(PendingCommand{
        .route = "op", .actor = "key:ana", .command = {.id = "c"}, .came_at = clock.since_boot()});
  }
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

TEST_CASE("commands wait no longer for a database that is away than one of them does", "[desk]") {
  Office office;
  office.desk.run_once();
  office.store.failures = 100;
  for (int i = 0; i < 100; ++i) office.ask();
  office.desk.run_once();
  const auto answers = office.mails<AnsweredCommand>();
  REQUIRE(answers.size() == 100);
  for (const AnsweredCommand& one : answers) CHECK(one.answer.code == "unreachable");
  CHECK(office.store.tries == 1);
}

TEST_CASE("a backlog of commands holds up neither keys nor the address", "[desk]") {
  Office office;
  office.mail.desk.put(SchedulerAddress{.workers = "tcp://h:1"});
  office.desk.run_once();
  office.store.announced.clear();
  for (int i = 0; i < 500; ++i) office.ask();
  SECTION("when there are many") {
    office.clock.advance(2s);
    office.desk.run_once();
    CHECK(office.store.carried_out.size() < 50);
  }
  SECTION("when each of them takes long") {
    office.store.before_command = [&] { office.clock.advance(2s); };
    office.desk.run_once();
    CHECK(office.store.carried_out.size() < 5);
  }
  CHECK(office.store.announced.size() == 1);
  office.store.before_command = {};
  const std::size_t before = office.store.carried_out.size();
  office.desk.run_once();
  CHECK(office.store.carried_out.size() > before);  // the others come with the next turns
}

TEST_CASE("a command that is too old is answered and not carried out", "[desk]") {
  Office office;
  office.ask();
  office.clock.advance(15s);
  office.desk.run_once();
  CHECK(office.mails<AnsweredCommand>().at(0).answer.code == "done");
  office.ask();
  office.clock.advance(15'001ms);
  office.desk.run_once();
  CHECK(office.mails<AnsweredCommand>().at(0).answer.code == "unreachable");
  CHECK(office.store.carried_out.size() == 1);
}

TEST_CASE("each command is answered though more come than can wait", "[desk]") {
  Office office;
  std::size_t answered = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 1'000; ++i) office.ask();
    office.desk.run_once();
    answered += office.mails<AnsweredCommand>().size();
  }
  office.clock.advance(16s);
  for (int turn = 0; turn < 100; ++turn) {
    office.desk.run_once();
    answered += office.mails<AnsweredCommand>().size();
  }
  CHECK(answered == 3'000);
}

TEST_CASE("no command is begun once the scheduler is to stop", "[desk]") {
  Office office;
  std::stop_source stop;
  office.store.before_command = [&] { stop.request_stop(); };
  for (int i = 0; i < 5; ++i) office.ask();
  office.desk.run_once(stop.get_token());
  CHECK(office.store.carried_out.size() == 1);
}

TEST_CASE("what the database refused for good is no invitation to ask again", "[desk]") {
  Office office;
  office.store.failure = Failure::rejected;
  office.store.failures = 1;
  office.ask();
  office.ask();
  office.desk.run_once();
  const auto answers = office.mails<AnsweredCommand>();
  REQUIRE(answers.size() == 2);
  CHECK(answers.at(0).answer.code == "refused");
  CHECK(answers.at(0).answer.detail.find("no such right") != std::string::npos);
  CHECK(answers.at(1).answer.code == "done");
}

TEST_CASE("a command that met a lock is tried again and then given back", "[desk]") {
  Office office;
  office.store.failure = GENERATE(Failure::locked, Failure::retryable);
  office.store.failures = 2;
  office.ask();
  office.desk.run_once();
  CHECK(office.mails<AnsweredCommand>().at(0).answer.code == "done");
  office.store.failures = 3;
  office.ask();
  office.ask();
  office.desk.run_once();
  const auto answers = office.mails<AnsweredCommand>();
  REQUIRE(answers.size() == 2);
  CHECK(answers.at(0).answer.code == "unreachable");
  CHECK(answers.at(1).answer.code == "done");
}
