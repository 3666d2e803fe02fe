// The control database goes away in the middle of a run and comes back, or another one takes its
// place. What is promised: the fleet goes on by itself, and deletes exactly what had to go.

#include <fmt/format.h>

#include <memory>
#include <set>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/test_server.hpp"

namespace lethe::test {
namespace {

constexpr int rows = 40'000;

/// A fleet whose control database is on a server of its own, at work on a run of many batches.
class RunOnServer {
 public:
  /// `url`: how the fleet reaches the control database.
  explicit RunOnServer(const std::string& url) : environment_{{"LETHE_DATABASE_URL", url}} {
    command({"migrate"});
    command({"target", "add", "app", "--url", fleet_.target().url()});
    command({"target", "install", "app"});
    make_table(fleet_.target(), rows);
    kept_ = fleet_.ids(fresh_ids);
    const std::string file = fleet_.write_file(
        "policies.yaml", policy_yaml({"batch: {target_ms: 20, rows_per_second: 4000}"}));
    command({"policy", "apply", "-f", file});
    for (int i = 0; i < 2; ++i) fleet_.start_scheduler(environment_);
    for (int i = 0; i < 2; ++i) fleet_.start_worker({}, environment_);
    run_ = Json::parse(command({"policy", "run", "t-90d", "--output", "json"})).at(0).at("id");
    REQUIRE(eventually([this] { return gone() > 0; }));
  }

  /// Waits until the run has ended; its state as a command that reaches the database shows it.
  std::string end() {
    std::string state;
    static_cast<void>(eventually(
        [&] {
          const CommandResult shown =
              fleet_.lethe({"run", "show", run_, "--output", "json"}, environment_);
          if (shown.exit_code != 0) return false;
          const Json run = shown.json().at(0);
          state = run.at("state");
          counted_ = run.at("rows");
          return !run.at("finished_at").is_null();
        },
        std::chrono::seconds(120)));
    return state;
  }
  /// Rows that are gone from the table.
  std::int64_t gone() { return rows - fleet_.target().number("SELECT count(*) FROM public.t"); }
  /// What is wrong after the run's end; "" when exactly what had to go is gone and counted once.
  std::string disagreement() {
    const std::int64_t expected = rows - static_cast<std::int64_t>(kept_.size());
    const std::int64_t ledger = fleet_.target().number("SELECT sum(rows) FROM lethe.ledger");
    const bool same = fleet_.ids("SELECT id FROM public.t") == kept_;
    if (same && ledger == expected && counted_ == expected) return "";
    return fmt::format("{} rows had to go; gone {}, ledger {}, run {}", expected, gone(), ledger,
                       counted_);
  }

 private:
  std::string command(const std::vector<std::string>& arguments) {
    const CommandResult result = fleet_.lethe(arguments, environment_);
    INFO(result.err << result.out);
    REQUIRE(result.exit_code == 0);
    return result.out;
  }

  const Environment environment_;
  Fleet fleet_;
  std::set<std::int64_t> kept_;
  std::string run_;
  std::int64_t counted_ = 0;
};

TEST_CASE("a run goes on when the control database was restarted in the middle of it",
          "[fleet][drill]") {
  TestServer server;
  RunOnServer test(server.url());
  server.stop(TestServer::End::fast);
  server.start();
  server.stop(TestServer::End::immediate);
  server.start();
  CHECK(test.end() == "satisfied");
  CHECK(test.disagreement() == "");
}

TEST_CASE("a run goes on with the promoted standby when the control database is lost",
          "[fleet][drill]") {
  TestServer primary;
  const TestServer standby(primary);
  RunOnServer test(
      fmt::format("host={},{} port=5432,5432 user=postgres dbname=postgres "
                  "target_session_attrs=read-write",
                  primary.socket_directory(), standby.socket_directory()));
  primary.stop(TestServer::End::crash);
  standby.promote();
  CHECK(test.end() == "satisfied");
  CHECK(test.disagreement() == "");
}

}  // namespace
}  // namespace lethe::test
