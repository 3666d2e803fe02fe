// What daemons tell of themselves over HTTP and to a service manager, and what is made of it:
// alerts, a dashboard, the documentation.

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/http_get.hpp"

namespace lethe::test {
namespace {

const std::filesystem::path prometheus = std::filesystem::path(LETHE_DEPLOY_DIR) / "prometheus";

std::string read(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Every match of group 1 of `pattern`.
std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it)
    found.insert((*it)[1].str());
  return found;
}

Environment served_at(std::uint16_t port) {
  return {{"LETHE_HTTP_PORT", std::to_string(port)}, {"LETHE_STATISTICS_SECONDS", "1"}};
}

/// A scheduler and a worker that show how they are, after two satisfied runs of a policy.
class ShownFleet {
 public:
  ShownFleet() {
    fleet_.start_schedulers_at_once();
    fleet_.install();
    make_table(fleet_.target(), 2'000);
    fleet_.apply(policy_yaml());
    Environment environment = served_at(scheduler_port_);
    const std::string folder = fleet_.write_file("here", "");
    for (const char* endpoint : {"WORKERS", "OPERATORS", "EVENTS"})
      environment.emplace_back(fmt::format("LETHE_CONTROL_{}", endpoint),
                               fmt::format("ipc://{}.{}", folder, endpoint));
    fleet_.start_scheduler(environment);
    fleet_.start_worker({"--slots", "2"}, served_at(worker_port_));
    for (int run = 0; run < 2; ++run) {
      const std::string id = fleet_.json({"policy", "run", "t-90d"}).at(0).at("id");
      REQUIRE(fleet_.end_of(id) == "satisfied");
    }
  }

  Fleet& fleet() { return fleet_; }
  [[nodiscard]] std::uint16_t scheduler_port() const { return scheduler_port_; }
  [[nodiscard]] std::uint16_t worker_port() const { return worker_port_; }

  /// What both tell once the leader has counted the two runs.
  std::string metrics() {
    std::string text;
    static_cast<void>(eventually([&] {
      text = http_get(scheduler_port_, "/metrics").body;
      return text.find("\nlethe_policy_deletes_per_second{") != std::string::npos;
    }));
    return text + http_get(worker_port_, "/metrics").body;
  }
  /// promtool, which reads `text` where it is given any.
  CommandResult promtool(const std::string& arguments, const std::string& text = "") {
    const std::string file = fleet_.write_file("promtool-input", text);
    return fleet_.run_program("/bin/sh", {"-c", "promtool " + arguments + " <" + file});
  }

 private:
  Fleet fleet_;
  const std::uint16_t scheduler_port_ = free_port();
  const std::uint16_t worker_port_ = free_port();
};

/// The value of the sample with that name and labels; -1 when there is none.
double sample(const std::string& text, const std::string& name) {
  const auto at = ("\n" + text).find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 1));
}

/// The expressions of the dashboard and of the alerts.
std::set<std::string> expressions() {
  std::set<std::string> found;
  const Json dashboard =
      Json::parse(read(std::filesystem::path(LETHE_DEPLOY_DIR) / "grafana" / "lethe.json"));
  for (const Json& panel : dashboard.at("panels"))
    if (panel.contains("targets"))
      for (const Json& target : panel.at("targets")) found.insert(target.at("expr"));
  std::string rules = read(prometheus / "lethe-rules.yml");
  rules = std::regex_replace(rules, std::regex(R"(expr: >-\n((?: {10}.*\n)+))"), "expr: $1");
  for (const std::string& one : matches(rules, R"(expr: +([^\n]+(?:\n {10}[^\n]+)*))"))
    found.insert(std::regex_replace(one, std::regex(R"(\s+)"), " "));
  return found;
}

TEST_CASE("a fleet tells what it did and what it is worth is checked by promtool", "[metrics]") {
  ShownFleet test;
  CHECK(http_get(test.scheduler_port(), "/livez").status == 200);
  CHECK(http_get(test.worker_port(), "/livez").status == 200);
  CHECK(eventually([&] { return http_get(test.scheduler_port(), "/readyz").status == 200; }));
  CHECK(eventually([&] { return http_get(test.worker_port(), "/readyz").status == 200; }));
  const std::string ready = http_get(test.worker_port(), "/readyz").body;
  CHECK(ready.find("[+] heartbeat good: last success ") != std::string::npos);
  CHECK(ready.find("[+] executor good: ") != std::string::npos);

  const std::string text = test.metrics();
  CHECK(sample(text, "lethe_rows_total{policy=\"t-90d\"}") == 1'500);
  CHECK(sample(text, "lethe_batch_duration_seconds_count") > 0);
  CHECK(sample(text, "lethe_leader") == 1);
  CHECK(sample(text, "lethe_leader_term") == 1);
  CHECK(sample(text, "lethe_workers{phase=\"running\"}") == 1);
  CHECK(sample(text, "lethe_fleet_slots{state=\"busy\"}") +
            sample(text, "lethe_fleet_slots{state=\"free\"}") ==
        2);
  const std::string labels = "{policy=\"t-90d\",target=\"app\"}";
  CHECK(sample(text, "lethe_policy_retention_lag_seconds" + labels) >= 0);
  CHECK(sample(text, "lethe_policy_retention_lag_seconds" + labels) < 60);
  CHECK(sample(text, "lethe_policy_failing" + labels) == 0);
  CHECK(sample(text, "lethe_policy_inserts_per_second" + labels) == 0);
  CHECK(sample(text, "lethe_policy_deletes_per_second" + labels) == 0);
  CHECK(sample(text, "lethe_dead_letters{reason=\"failed\"}") == 0);

  for (const std::uint16_t port : {test.scheduler_port(), test.worker_port()}) {
    const CommandResult checked = test.promtool("check metrics", http_get(port, "/metrics").body);
    INFO(checked.out << checked.err);
    CHECK(checked.exit_code == 0);
    CHECK(checked.out.empty());
    CHECK(checked.err.empty());
  }
}

TEST_CASE("every expression of the alerts and of the dashboard asks for what a fleet tells",
          "[metrics]") {
  ShownFleet test;
  // A lane is told while it has tasks, what a snapshot holds up while there is one.
  test.fleet().must({"pause", "--policy", "t-90d", "--reason", "x"});
  OtherSession snapshot(test.fleet().control().url());
  snapshot.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  test.fleet().control().execute(
      "INSERT INTO lethe.items (id, kind, payload, run_id, target, expire_deadline, admission) "
      "SELECT 'later', 'of a later version', '', id, target, clock_timestamp() + interval '1 day', "
      "0 FROM lethe.runs LIMIT 1");
  test.fleet().control().expect_violations();
  REQUIRE(eventually([&] {
    const std::string text = http_get(test.scheduler_port(), "/metrics").body;
    return text.find("\nlethe_demand_slots{") != std::string::npos &&
           text.find("\nlethe_control_oldest_transaction_seconds ") != std::string::npos &&
           text.find("\nlethe_runs{") == std::string::npos;
  }));
  // Open runs are told by state while there are any.
  const std::string text = test.metrics() + "lethe_runs{state=\"planned\"} 1\n";
  const auto told = matches("\n" + text, R"(\n([a-z_]+)[ {])");

  const auto asked = expressions();
  CHECK(asked.size() > 40);
  std::string rules = "groups:\n  - name: all\n    rules:\n";
  for (const std::string& expression : asked) {
    INFO(expression);
    const auto names = matches(expression, R"(\b((?:lethe|process)_[a-z_]+)\b)");
    for (const std::string& name : names) {
      INFO(name);
      CHECK(told.count(name) == 1);
    }
    // A chosen value of a label is one that is told.
    for (const std::string& chosen :
         matches(expression, R"re(((?:lethe|process)_[a-z_]+\{[a-z_]+="[^"]*"))re")) {
      INFO(chosen);
      CHECK(text.find(chosen) != std::string::npos);
    }
    // Fleets that one Prometheus looks at do not hide each other.
    CHECK(matches(expression, R"(\b((?:sum|max|min|count|avg) ?\())").empty());
    CHECK(matches(expression, R"(( by \((?!fleet\b)))").empty());
    CHECK(matches(expression, R"(( on \((?!fleet\b)))").empty());
    rules += fmt::format("      - {{record: x, expr: {}}}\n", Json(expression).dump());
  }
  const CommandResult parsed =
      test.promtool("check rules " + test.fleet().write_file("rules.yml", rules));
  INFO(parsed.out << parsed.err);
  CHECK(parsed.exit_code == 0);

  const std::string page = read(std::filesystem::path(LETHE_DOCS_DIR) / "metrics.md");
  for (const std::string& name : told) {
    const std::string family = std::regex_replace(name, std::regex("_(bucket|sum|count)$"), "");
    INFO("docs/metrics.md lacks " << family);
    CHECK(page.find("`" + family + "`") != std::string::npos);
  }
  for (const std::string& name : matches(page, R"re(`(lethe_[a-z_]+)`)re")) {
    INFO("docs/metrics.md names " << name << ", which nobody tells");
    CHECK((told.count(name) == 1 || told.count(name + "_count") == 1));
  }
  const auto listed = page.find("## Loops");
  const std::string table = page.substr(listed, page.find("\n## ", listed) - listed);
  const std::string shown =
      http_get(test.scheduler_port(), "/livez").body + http_get(test.worker_port(), "/livez").body;
  std::set<std::string> loops;
  for (const std::string& cell : matches(table, R"(\n\| ((?:`\w+`(?:, )?)+) \|)"))
    for (const std::string& name : matches(cell, R"(`(\w+)`)")) loops.insert(name);
  CHECK(loops == matches("\n" + shown, R"(\n\[.\] (\w+) )"));
  const auto alerts = matches(read(prometheus / "lethe-rules.yml"), R"(alert: (\w+))");
  for (const std::string& alert : alerts) {
    INFO("docs/metrics.md lacks " << alert);
    CHECK(page.find("| `" + alert + "` |") != std::string::npos);
  }
  CHECK(matches(page, R"(\n\| `(Lethe\w+)` \|)") == alerts);
}

TEST_CASE("the alerts do what their tests say and each of them has one", "[metrics]") {
  Fleet fleet;
  const CommandResult tested = fleet.run_program(
      "/bin/sh",
      {"-c", "cd " + prometheus.string() + " && promtool test rules lethe-rules-*test.yml"});
  INFO(tested.out << tested.err);
  CHECK(tested.exit_code == 0);
  const std::string tests =
      read(prometheus / "lethe-rules-test.yml") + read(prometheus / "lethe-rules-days-test.yml");
  for (const std::string& alert :
       matches(read(prometheus / "lethe-rules.yml"), R"(alert: (\w+))")) {
    INFO(alert);
    CHECK(tests.find("alertname: " + alert + "\n") != std::string::npos);  // one that fires
    CHECK(tests.find("alertname: " + alert + ", exp_alerts: []") != std::string::npos);
  }
}

TEST_CASE("the units of the service manager are ones that it understands", "[metrics]") {
  Fleet fleet;
  for (const char* name : {"lethe-scheduler", "lethe-worker"}) {
    std::string unit = read(std::filesystem::path(LETHE_DEPLOY_DIR) / "systemd" /
                            (std::string(name) + ".service"));
    // The programs are not installed here.
    unit = std::regex_replace(unit, std::regex("ExecStart=/usr/bin/lethe-[a-z]+"),
                              "ExecStart=/bin/true");
    const std::string file = fleet.write_file(std::string(name) + ".service", unit);
    const CommandResult verified =
        fleet.run_program("/bin/sh", {"-c", "systemd-analyze verify --man=no " + file});
    INFO(verified.out << verified.err);
    CHECK(verified.exit_code == 0);
    CHECK(verified.err.empty());
  }
}

TEST_CASE("the unit of the scheduler lets it listen at every endpoint that it may be given",
          "[metrics]") {
  const auto settings_of = [](const std::string& name) {
    return matches(read(std::filesystem::path(LETHE_DEPLOY_DIR) / "systemd" / (name + ".service")),
                   R"(\n((?:Runtime|RestrictAddress|User)\w*=[^\n]*))");
  };
  // libzmq asks for the machine's interfaces (getifaddrs) before it binds a socket to an address of
  // tcp. Where the filter forbids AF_NETLINK that fails with EAFNOSUPPORT, and it aborts.
  // The examples for ipc are in /run/lethe, which only a service manager can make for this user.
  // It stays when the unit stops: the sockets of a second scheduler may be there.
  CHECK(settings_of("lethe-scheduler") ==
        std::set<std::string>{"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
                              "RuntimeDirectory=lethe", "RuntimeDirectoryMode=0750",
                              "RuntimeDirectoryPreserve=yes", "User=lethe"});
  // A worker connects, also by name, which needs neither; as the same user it may.
  CHECK(settings_of("lethe-worker") ==
        std::set<std::string>{"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "User=lethe"});
  for (const std::string& path :
       matches(read(std::filesystem::path(LETHE_DEPLOY_DIR) / "config" / "scheduler.yaml"),
               R"(ipc://(\S+))"))
    CHECK(path.rfind("/run/lethe/", 0) == 0);
}

TEST_CASE("a port that is taken ends a daemon with one line that names it", "[metrics]") {
  ShownFleet test;
  for (const char* program : {"lethe-scheduler", "lethe-worker"}) {
    const CommandResult second =
        test.fleet().run_program(program, {}, served_at(test.worker_port()));
    CHECK(second.exit_code == 78);
    CHECK(second.err.find(fmt::format("127.0.0.1 port {}: cannot listen", test.worker_port())) !=
          std::string::npos);
    CHECK(second.err.find("refused_to_start") == std::string::npos);
    Environment in_json = served_at(test.worker_port());
    in_json.emplace_back("LETHE_LOG_FORMAT", "json");
    const CommandResult third = test.fleet().run_program(program, {}, in_json);
    CHECK(third.exit_code == 78);
    std::istringstream log(third.err);
    Json event;
    for (std::string line; std::getline(log, line);) {
      INFO(line);
      event = Json::parse(line);
    }
    CHECK(event.at("event") == "refused_to_start");
    CHECK(event.at("level") == "error");
    CHECK(event.at("exit_code") == 78);
    CHECK(event.at("error").get<std::string>().find(": cannot listen") != std::string::npos);
  }
}

TEST_CASE("a daemon that cannot reach its database is alive and not ready and says why",
          "[metrics]") {
  Fleet fleet;
  fleet.install();
  const std::uint16_t port = free_port();
  Environment nowhere = served_at(port);
  nowhere.emplace_back("LETHE_DATABASE_URL", "host=/nonexistent dbname=x");
  for (const char* program : {"lethe-scheduler", "lethe-worker"}) {
    Daemon& daemon = fleet.start(program, {}, nowhere);
    REQUIRE(eventually([&] { return http_get(port, "/livez").status == 200; }));
    const HttpAnswer ready = http_get(port, "/readyz");
    CHECK(ready.status == 503);
    CHECK(ready.body.find("[-] process starting: waits for the control database\n") !=
          std::string::npos);
    CHECK(http_get(port, "/metrics").status == 200);
    daemon.signal(SIGTERM);
    CHECK(daemon.wait() == 0);
  }
}

TEST_CASE("every line of a log in JSON is one event", "[metrics]") {
  ShownFleet test;
  Daemon& worker = test.fleet().start_worker({"--log-format", "json", "--log-level", "debug"});
  REQUIRE(test.fleet().worker_id(worker) != 0);
  worker.signal(SIGTERM);
  REQUIRE(worker.wait() == 0);
  std::istringstream log(worker.log());
  std::set<std::string> events;
  for (std::string line; std::getline(log, line);) {
    INFO(line);
    const Json event = Json::parse(line);
    CHECK(event.at("program") == "lethe-worker");
    CHECK(event.at("time").get<std::string>().size() == 27);
    CHECK_FALSE(event.at("level").get<std::string>().empty());
    events.insert(event.at("event"));
  }
  for (const char* event : {"started", "worker_registered", "draining", "stopped"})
    CHECK(events.count(event) == 1);
}

}  // namespace
}  // namespace lethe::test
