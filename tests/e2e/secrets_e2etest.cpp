// Passwords are used and never shown: not in arguments, logs, answers or tables.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

namespace fs = std::filesystem;

// None of them occurs anywhere else.
constexpr const char* in_environment = "canary-kestrel-4711";
constexpr const char* in_passfile = "canary-merlin-4712";
constexpr const char* in_service = "canary-osprey-4713";
constexpr const char* typed = "canary-harrier-4714";
constexpr const char* canaries[] = {in_environment, in_passfile, in_service, typed};

std::string canary_in(const std::string& text) {
  for (const char* canary : canaries)
    if (text.find(canary) != std::string::npos) return canary;
  return "";
}

std::string file_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The value of a key in "host='…' port=…".
std::string part_of(const std::string& url, const std::string& key) {
  pqxx::connection connection(url);
  pqxx::nontransaction work(connection);
  if (key == "dbname") return work.exec("SELECT current_database()").at(0).at(0).c_str();
  if (key == "user") return work.exec("SELECT current_user").at(0).at(0).c_str();
  if (key == "port") return work.exec("SHOW port").at(0).at(0).c_str();
  return work.exec("SELECT split_part(current_setting('unix_socket_directories'), ',', 1)")
      .at(0)
      .at(0)
      .c_str();
}

/// Everything that a database has, as text, with what its sessions are called and run.
std::string dump_of(TestDatabase& database) {
  std::string text = database.text(
      "SELECT coalesce(string_agg(concat_ws(' ', application_name, query), E'\\n'), '') FROM "
      "pg_stat_activity WHERE datname = current_database()");
  for (const auto& row : database.execute(
           "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace "
           "n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname IN ('lethe', "
           "'public')"))
    text += database.text(fmt::format(
        "SELECT coalesce(string_agg(concat(to_jsonb(t)::text, to_jsonb(t)->>'payload'), E'\\n'), "
        "'') FROM {} t",
        row["name"].c_str()));
  // Task payloads are bytes.
  if (database.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'lethe' AND tablename = "
                      "'history'") > 0)
    text += database.text(
        "SELECT coalesce(string_agg(encode(payload, 'escape'), ''), '') FROM (SELECT payload FROM "
        "lethe.items UNION ALL SELECT payload FROM lethe.history UNION ALL SELECT payload FROM "
        "lethe.dead) p");
  return text;
}

/// The arguments of every process of this machine that we may see.
std::string arguments_of_all() {
  std::string text;
  for (const auto& entry : fs::directory_iterator("/proc"))
    if (entry.path().filename().string().find_first_not_of("0123456789") == std::string::npos)
      text += file_text(entry.path() / "cmdline") + "\n";
  return text;
}

TEST_CASE("secrets stay out of arguments logs answers and tables", "[fleet][secrets]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 400);
  const auto file = [&](const char* name, const std::string& text) {
    const std::string path = fleet.write_file(name, text);
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    return path;
  };
  const auto service = [&](const char* name, const std::string& port) {
    return fmt::format("[{}]\nhost={}\nport={}\nuser={}\ndbname={}\npassword={}\n", name,
                       part_of(fleet.target().url(), "host"), port,
                       part_of(fleet.target().url(), "user"),
                       part_of(fleet.target().url(), "dbname"), in_service);
  };
  const Environment secrets{
      {"LETHE_DATABASE_URL", fmt::format("{} password={}", fleet.control().url(), in_environment)},
      {"PGPASSFILE", file("pgpass", fmt::format("*:*:*:*:{}\n", in_passfile))},
      {"PGSERVICEFILE", file("services", service("canary", part_of(fleet.target().url(), "port")) +
                                             service("away", "1"))},
      {"PGCONNECT_TIMEOUT", "2"},
      {"LETHE_LOG_LEVEL", "debug"}};
  std::string said;
  const auto lethe = [&](const std::vector<std::string>& arguments, int exit_code = 0) {
    const CommandResult result = fleet.lethe(arguments, secrets);
    INFO(fmt::format("{}: {}{}", fmt::join(arguments, " "), result.err, result.out));
    CHECK(result.exit_code == exit_code);
    said += result.out + result.err;
  };
  const std::string yaml = fleet.write_file("t.yaml", policy_yaml());
  lethe({"target", "add", "app", "--url", "service=canary"});
  lethe({"target", "add", "away", "--url", "service=away", "--no-connect"});
  lethe({"policy", "apply", "-f", yaml});
  fleet.start_schedulers_at_once();
  Daemon& scheduler = fleet.start_scheduler(secrets);
  Daemon& worker = fleet.start_worker({}, secrets);
  lethe({"policy", "run", "t-90d", "--wait"});
  lethe({"target", "check", "app", "--allow-superuser"});
  lethe({"target", "check", "away"}, 69);  // what cannot be reached is told without its secret
  lethe({"target", "list", "--output", "json"});
  lethe({"doctor"}, 1);
  lethe({"ledger", "verify", "--target", "app"});
  lethe({"audit", "list", "--output", "json"});
  lethe({"report", "--run", fleet.control().text("SELECT id FROM lethe.runs")});
  lethe({"target", "add", "x", "--url", fmt::format("postgresql://u:{}@h/d", typed)}, 78);
  lethe({"target", "add", "x", "--url", fmt::format("host=h password={}", typed)}, 78);
  for (const char* program : {"lethe-worker", "lethe-scheduler"}) {
    const CommandResult printed = fleet.run_program(program, {"--print-config"}, secrets);
    CHECK(printed.exit_code == 0);
    said += printed.out + printed.err;
  }
  CHECK(canary_in(arguments_of_all()) == "");  // while the daemons work
  scheduler.signal(SIGTERM);
  worker.signal(SIGTERM);
  CHECK(scheduler.wait() == 0);
  CHECK(worker.wait() == 0);

  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == 100);
  CHECK(canary_in(said) == "");
  CHECK(canary_in(scheduler.log()) == "");
  CHECK(canary_in(worker.log()) == "");
  CHECK(canary_in(dump_of(fleet.control())) == "");
  CHECK(canary_in(dump_of(fleet.target())) == "");
}

TEST_CASE("a mistyped connection string ends every program and its password is not shown",
          "[fleet][secrets]") {
  Fleet fleet;
  for (const std::string& url :
       {fmt::format("postgresql://lethe:100%s{}@db/x", typed), fmt::format("password=my {}", typed),
        fmt::format("postgresql://lethe:my@{}/x", typed) + "@db/x"}) {
    const Environment mistyped{{"LETHE_DATABASE_URL", url}};
    for (const char* program : {"lethe-worker", "lethe-scheduler"})
      for (const char* flag : {"--check-config", "--print-config", "--log-level=debug"}) {
        const CommandResult result = fleet.run_program(program, {flag}, mistyped);
        INFO(program << " " << flag << ": " << result.err);
        CHECK(result.exit_code == 78);
        CHECK(canary_in(result.out + result.err) == "");
        CHECK(result.err.find("database (LETHE_DATABASE_URL): ") != std::string::npos);
      }
    const CommandResult result = fleet.lethe({"policy", "list"}, mistyped);
    INFO(result.err);
    CHECK(result.exit_code == 78);
    CHECK(canary_in(result.out + result.err) == "");
  }
}

TEST_CASE("the search for secrets finds one where there is one", "[fleet][secrets]") {
  Fleet fleet;
  fleet.install();
  fleet.control().execute(fmt::format(
      "INSERT INTO lethe.targets (name, url) VALUES ('x', 'host=h password={}')", in_service));
  CHECK(canary_in(dump_of(fleet.control())) == in_service);
  fleet.control().execute(fmt::format(
      "DELETE FROM lethe.targets; INSERT INTO lethe.items (id, expire_deadline, kind, payload, "
      "run_id, target) VALUES ('x', now(), 'plan', convert_to('{}', 'UTF8'), 'x', 'x')",
      typed));
  fleet.control().expect_violations();
  CHECK(canary_in(dump_of(fleet.control())) == typed);
  CHECK(canary_in(arguments_of_all()) == "");
}

}  // namespace
}  // namespace lethe::test
