// Three schedulers of which the leader is lost in every way that there is. What is promised:
// another leads within 20 s, no instant of a policy is missed or fired twice, and one that comes
// back writes nothing.

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/http_get.hpp"
#include "tests/support/socket_proxy.hpp"

namespace lethe::test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds takeover_max{20};
constexpr int brake_class = 4'712;  // of the advisory lock that holds a firing

/// Three schedulers, each with a name that the database sees, and a policy that fires each second.
class ThreeSchedulers {
 public:
  ThreeSchedulers() {
    fleet_.start_schedulers_at_once();
    fleet_.install();
    make_table(fleet_.target(), 100);
    record_writes();
    fleet_.apply(policy_yaml({"schedule: every 1 s"}));
    for (int i = 0; i < 3; ++i) start_scheduler("s" + std::to_string(i));
    fleet_.start_worker();
    REQUIRE(eventually([this] { return instants() >= 3; }));
  }

  struct Scheduler {
    std::string name;  ///< its application_name
    std::uint16_t port = 0;
    std::unique_ptr<SocketProxy> proxy;
    Daemon* daemon = nullptr;
  };

  Fleet& fleet() { return fleet_; }
  TestDatabase& control() { return fleet_.control(); }

  /// The one whose term has not ended; waits for it.
  Scheduler& leader() {
    std::string name;
    REQUIRE(eventually([&] { return !(name = leader_name()).empty(); }));
    for (Scheduler& one : schedulers_)
      if (one.name == name) return one;
    throw std::runtime_error("nobody has the name " + name);
  }
  /// Waits until another than `lost` leads; how long that took since `since`.
  steady_clock::duration takeover(const Scheduler& lost, steady_clock::time_point since) {
    REQUIRE(eventually([&] {
      const std::string now = leader_name();
      return !now.empty() && now != lost.name;
    }));
    const auto took = steady_clock::now() - since;
    WARN("takeover after " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
                           << " ms");
    return took;
  }
  /// Waits until so many more instants are accounted for.
  [[nodiscard]] bool goes_on(std::int64_t more = 5) {
    const std::int64_t before = instants();
    return eventually([&] { return instants() >= before + more; });
  }
  std::int64_t instants() { return control().number("SELECT count(*) FROM lethe.runs"); }
  /// What is wrong with the account of instants; "" when each is there once, each run was planned
  /// once, and none was fired by two.
  std::string trouble() {
    const std::int64_t gaps = control().number(
        "SELECT count(*) FROM (SELECT scheduled_for - lag(scheduled_for) OVER (ORDER BY "
        "scheduled_for) AS gap FROM lethe.runs WHERE policy = 't-90d') x WHERE gap <> interval '1 "
        "second'");
    const std::int64_t twice = control().number(
        "SELECT count(*) FROM (SELECT 1 FROM (SELECT source_id FROM lethe.items UNION ALL SELECT "
        "source_id FROM lethe.history UNION ALL SELECT source_id FROM lethe.dead) x WHERE "
        "source_id LIKE '%/plan/0' GROUP BY source_id HAVING count(*) > 1) y");
    return gaps == 0 && twice == 0 ? "" : fmt::format("{} gaps, {} planned twice", gaps, twice);
  }
  /// Rows that a scheduler wrote since `since` (of clock()).
  std::int64_t writes_of(const Scheduler& one, const std::string& since) {
    return control().number(fmt::format(
        "SELECT count(*) FROM public.writes WHERE writer = '{}' AND at > '{}'", one.name, since));
  }
  std::string clock() { return control().text("SELECT clock_timestamp()::text"); }

 private:
  void start_scheduler(const std::string& name) {
    Scheduler one{.name = name, .port = free_port(), .proxy = nullptr, .daemon = nullptr};
    const std::string url = control().url();
    const auto host = url.find("host=") + 5;
    const std::string socket = url.substr(host, url.find(' ', host) - host);
    one.proxy = std::make_unique<SocketProxy>(socket);
    const std::string by_proxy = url.substr(0, host) + one.proxy->directory() +
                                 url.substr(host + socket.size()) + " application_name=" + name;
    one.daemon = &fleet_.start_scheduler(
        {{"LETHE_DATABASE_URL", by_proxy}, {"LETHE_HTTP_PORT", std::to_string(one.port)}});
    schedulers_.push_back(std::move(one));
  }

  std::string leader_name() {
    return control().text(
        "SELECT (SELECT w.writer FROM lethe.leader l JOIN public.writes w ON w.holder = l.holder "
        "WHERE l.expires_at > clock_timestamp() LIMIT 1)");
  }

  /// Every row that anybody writes in the tables of the leader is recorded with the writer's name.
  void record_writes() {
    control().execute(
        "CREATE TABLE public.writes (writer text, holder text, what text, at timestamptz DEFAULT "
        "clock_timestamp()); CREATE FUNCTION public.record() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO public.writes (writer, holder, what) VALUES "
        "(current_setting('application_name'), CASE WHEN TG_TABLE_NAME = 'leader' THEN "
        "to_jsonb(NEW) ->> 'holder' END, TG_TABLE_NAME); RETURN NULL; END $$");
    for (const char* table : {"leader", "runs", "items", "policies", "clock", "workers"})
      control().execute(
          fmt::format("CREATE TRIGGER record AFTER INSERT OR UPDATE ON lethe.{} FOR "
                      "EACH ROW EXECUTE FUNCTION public.record()",
                      table));
  }

  Fleet fleet_;
  std::vector<Scheduler> schedulers_;
};

TEST_CASE("another scheduler leads when the leader is killed and no instant is missed",
          "[fleet][drill]") {
  ThreeSchedulers test;
  auto& lost = test.leader();
  const auto since = steady_clock::now();
  lost.daemon->kill_now();
  CHECK(test.takeover(lost, since) <= takeover_max);
  CHECK(test.goes_on());
  CHECK(test.trouble() == "");
}

TEST_CASE("another scheduler leads at once when the leader is asked to stop", "[fleet][drill]") {
  ThreeSchedulers test;
  auto& lost = test.leader();
  const auto since = steady_clock::now();
  lost.daemon->signal(SIGTERM);
  CHECK(test.takeover(lost, since) <= seconds(5));
  CHECK(lost.daemon->wait() == 0);
  CHECK(test.goes_on());
  CHECK(test.trouble() == "");
}

TEST_CASE("a leader that was frozen finds its term over and writes nothing", "[fleet][drill]") {
  ThreeSchedulers test;
  auto& lost = test.leader();
  const auto since = steady_clock::now();
  lost.daemon->signal(SIGSTOP);
  CHECK(test.takeover(lost, since) <= takeover_max);
  const std::string taken_over = test.clock();
  CHECK(test.goes_on());
  lost.daemon->signal(SIGCONT);
  CHECK(eventually(
      [&] { return lost.daemon->log().find("event=not_leading") != std::string::npos; }));
  CHECK(test.goes_on());
  CHECK(test.writes_of(lost, taken_over) == 0);
  CHECK(lost.daemon->running());
  CHECK(http_get(lost.port, "/metrics").body.find("\nlethe_leader 0\n") != std::string::npos);
  CHECK(test.trouble() == "");
}

TEST_CASE("a leader that is frozen in the middle of a firing loses its transaction and its lead",
          "[fleet][drill]") {
  ThreeSchedulers test;
  test.control().execute(fmt::format(
      "CREATE FUNCTION public.brake() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ "
      "BEGIN PERFORM pg_advisory_xact_lock_shared({}, 1); RETURN NEW; END $$",
      brake_class));
  auto brake = std::make_unique<OtherSession>(test.control().url());
  brake->execute(fmt::format("SELECT pg_advisory_xact_lock({}, 1)", brake_class));
  test.control().execute(
      "CREATE TRIGGER brake BEFORE INSERT ON lethe.runs FOR EACH ROW EXECUTE FUNCTION "
      "public.brake()");
  REQUIRE(becomes_true(test.control(),
                       fmt::format("EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' "
                                   "AND classid = {} AND NOT granted)",
                                   brake_class)));
  auto& lost = test.leader();
  const auto since = steady_clock::now();
  lost.daemon->signal(SIGSTOP);
  brake.reset();  // its INSERT ends now, and nobody commits it
  CHECK(test.takeover(lost, since) <= takeover_max);
  const std::string taken_over = test.clock();
  CHECK(test.goes_on());
  lost.daemon->signal(SIGCONT);
  CHECK(eventually(
      [&] { return lost.daemon->log().find("event=not_leading") != std::string::npos; }));
  CHECK(test.goes_on());
  CHECK(test.writes_of(lost, taken_over) == 0);
  CHECK(test.trouble() == "");
}

TEST_CASE("a leader that is cut off says so and what it said late changes nothing",
          "[fleet][drill]") {
  ThreeSchedulers test;
  auto& lost = test.leader();
  const auto since = steady_clock::now();
  lost.proxy->cut();
  CHECK(test.takeover(lost, since) <= takeover_max);
  const std::string taken_over = test.clock();
  // No cached decision outlives its term: it hangs in a call, and still does not say that it leads.
  CHECK(http_get(lost.port, "/metrics").body.find("\nlethe_leader 0\n") != std::string::npos);
  CHECK(eventually([&] { return http_get(lost.port, "/readyz").status == 503; }));
  CHECK(eventually([&] {
    const std::string body = http_get(lost.port, "/readyz").body;
    return body.find("[-] leadership failing: ") != std::string::npos;
  }));
  CHECK(http_get(lost.port, "/livez").status == 200);
  CHECK(test.goes_on());
  lost.proxy->heal();
  CHECK(eventually([&] { return http_get(lost.port, "/readyz").status == 200; }));
  CHECK(test.goes_on());
  CHECK(test.writes_of(lost, taken_over) == 0);
  CHECK(test.trouble() == "");
}

}  // namespace
}  // namespace lethe::test
