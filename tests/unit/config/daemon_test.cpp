#include "common/config/daemon.hpp"

#include <stop_token>

#include "common/config/command_line.hpp"
#include "common/store_error.hpp"
#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "worker/config.hpp"

using namespace lethe;

namespace {

Daemon daemon() {
  return {.program = "lethe-worker",
          .description = "Works.",
          .version = "1.2.3",
          .settings = worker::setting_table(),
          .run = {}};
}

CommandLine parsed(std::vector<const char*> argv) {
  argv.insert(argv.begin(), "lethe-worker");
  return parse_command_line(daemon(), static_cast<int>(argv.size()), argv.data());
}

/// A control database that fails in the given ways before it answers.
class ScriptedMigrations final : public Migrations {
 public:
  std::vector<Failure> failures;
  bool unknown_schema = false;
  std::stop_source* stop_after_failures = nullptr;
  int calls = 0;

  std::vector<Step> status() override { return {}; }
  std::vector<Step> up() override { return {}; }
  std::string pending_sql() override { return ""; }
  void require_known() override {
    const auto call = static_cast<std::size_t>(calls++);
    if (call < failures.size()) {
      if (stop_after_failures != nullptr && call + 1 == failures.size())
        stop_after_failures->request_stop();
      throw StoreError(failures[call], "connect", "08006", "no");
    }
    if (unknown_schema) throw UserError(ExitCode::bad_config, "run lethe migrate");
  }
};

}  // namespace

TEST_CASE("settings are taken from flags by key", "[command_line]") {
  const CommandLine line = parsed({"--config", "w.yaml", "--slots", "8", "--target", "app",
                                   "--target", "billing", "--lanes", "normal"});
  CHECK(line.file == "w.yaml");
  CHECK(line.flags.at("slots") == std::vector<std::string>{"8"});
  CHECK(line.flags.at("targets") == std::vector<std::string>{"app", "billing"});
  CHECK(line.flags.at("lanes") == std::vector<std::string>{"normal"});
  CHECK(line.flags.count("database") == 0);
  CHECK_FALSE(line.text.has_value());
}

TEST_CASE("what is no flag is a usage error", "[command_line]") {
  try {
    static_cast<void>(parsed({"--slot", "8"}));
    FAIL("accepted");
  } catch (const UserError& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK(std::string(error.what()).find("lethe-worker --help") != std::string::npos);
  }
  CHECK_THROWS_AS(parsed({"--slots"}), UserError);
}

TEST_CASE("help and version are texts and not errors", "[command_line]") {
  CHECK(parsed({"--version"}).text == "lethe-worker 1.2.3\n");
  const std::string help = parsed({"--help"}).text.value_or("");
  for (const char* flag : {"--config", "--database", "--slots", "--target", "--lanes",
                           "--log-level", "--check-config", "--print-config"})
    CHECK(help.find(flag) != std::string::npos);
}

TEST_CASE("a daemon waits for its control database however it fails", "[daemon]") {
  test::FakeClock clock;
  SeededRandom random(1);
  ScriptedMigrations migrations;
  migrations.failures = {Failure::connection_lost, Failure::rejected, Failure::timed_out};
  CHECK(wait_for_control(migrations, clock, random, {}));
  CHECK(migrations.calls == 4);
}

TEST_CASE("a daemon that is stopped waits no longer", "[daemon]") {
  test::FakeClock clock;
  SeededRandom random(1);
  std::stop_source stop;
  ScriptedMigrations migrations;
  migrations.failures = {Failure::connection_lost, Failure::connection_lost};
  migrations.stop_after_failures = &stop;
  CHECK_FALSE(wait_for_control(migrations, clock, random, stop.get_token()));
  CHECK(migrations.calls == 2);
}

TEST_CASE("a schema that the daemon does not know ends it", "[daemon]") {
  test::FakeClock clock;
  SeededRandom random(1);
  ScriptedMigrations migrations;
  migrations.unknown_schema = true;
  CHECK_THROWS_AS(wait_for_control(migrations, clock, random, {}), UserError);
}
