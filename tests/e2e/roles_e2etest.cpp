// A whole fleet under the roles of deploy/postgres/roles.sql, and what they cannot do.

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The file's roles under names of this test, each with one that may log in; dropped with all that
/// is theirs. `login("worker")` is the one in the role lethe_worker.
class Roles {
 public:
  explicit Roles(Fleet& fleet) : fleet_(fleet) {
    const std::string file = file_text(LETHE_DEPLOY_DIR "/postgres/roles.sql");
    REQUIRE_FALSE(file.empty());
    const std::regex names("lethe_(owner|scheduler|worker|operator|viewer)");
    sql_ = std::regex_replace(file, names, group("$1"));
    apply();
    for (const char* name : kinds)
      fleet.control().execute(
          fmt::format("CREATE ROLE {} LOGIN IN ROLE {}", login(name), group(name)));
    fleet.control().execute(
        fmt::format("ALTER ROLE {} SET role = {}", login("scheduler"), group("scheduler")));
  }
  ~Roles() {
    try {
      for (const char* name : kinds)
        for (const std::string& role : {login(name), group(name)}) {
          drop_owned(fleet_.control(), role);
          drop_owned(fleet_.target(), role);
        }
      for (const char* name : kinds)
        fleet_.control().execute(
            fmt::format("DROP ROLE {}; DROP ROLE {}", login(name), group(name)));
    } catch (const std::exception& error) {
      FAIL_CHECK("roles stay: " << error.what());
    }
  }
  Roles(const Roles&) = delete;
  Roles& operator=(const Roles&) = delete;

  /// Runs the file in both databases.
  void apply() {
    fleet_.control().execute(sql_);
    fleet_.target().execute(sql_);
  }
  [[nodiscard]] std::string login(const std::string& name) const {
    return fmt::format("{}_{}", name, getpid());
  }
  [[nodiscard]] std::string group(const std::string& name) const {
    return fmt::format("lethe_{}_{}", name, getpid());
  }
  /// Everything that connects does so as this role; nothing of it is a superuser.
  [[nodiscard]] Environment as(const std::string& name) const {
    return {{"PGUSER", login(name)},
            {"LETHE_DATABASE_URL", without_user(fleet_.control().url())},
            {"LETHE_SUPERUSER", "refuse"}};
  }
  static std::string without_user(const std::string& url) {
    return std::regex_replace(url, std::regex("user='?[^' ]+'?"), "");
  }
  /// What the server says when the role tries; "" when it lets it.
  std::string refusal(TestDatabase& database, const std::string& name, const std::string& sql) {
    pqxx::connection connection(without_user(database.url()) + " user=" + login(name));
    pqxx::work work(connection);
    try {
      work.exec(sql);
    } catch (const pqxx::sql_error& error) {
      return error.what();
    }
    return "";
  }

 private:
  static constexpr const char* kinds[] = {"owner", "scheduler", "worker", "operator", "viewer"};
  static void drop_owned(TestDatabase& database, const std::string& role) {
    database.execute(fmt::format("REASSIGN OWNED BY {0} TO CURRENT_USER; DROP OWNED BY {0}", role));
  }

  Fleet& fleet_;
  std::string sql_;
};

TEST_CASE("a fleet works under the roles that are shipped", "[fleet][roles]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 4'000);
  Roles roles(fleet);
  roles.apply();  // again, as after an upgrade
  fleet.target().execute(fmt::format("GRANT SELECT, DELETE ON public.t TO {}, {}",
                                     roles.login("worker"), roles.login("operator")));
  const auto kept = fleet.ids(fresh_ids);
  const std::string yaml = fleet.write_file("t.yaml", policy_yaml());
  const std::string url = Roles::without_user(fleet.target().url());
  const auto lethe = [&](const std::vector<std::string>& arguments, const char* role = "operator") {
    const CommandResult result = fleet.lethe(arguments, roles.as(role));
    INFO(fmt::format("{} as {}: {}{}", fmt::join(arguments, " "), role, result.err, result.out));
    CHECK(result.exit_code == 0);
    return result;
  };
  lethe({"target", "add", "app", "--url", url});
  lethe({"policy", "apply", "-f", yaml});
  lethe({"target", "check", "app", "--role", roles.login("worker")});
  lethe({"hold", "add", "--target", "app", "--table", "public.t", "--match", "id=1", "--reason",
         "x"});
  lethe({"hold", "release", "1", "--target", "app", "--reason", "y"});
  lethe({"policy", "preview", "t-90d"});
  Environment as_scheduler = roles.as("scheduler");
  as_scheduler.emplace_back("LETHE_STATISTICS_SECONDS", "1");
  Daemon& scheduler = fleet.start_scheduler(as_scheduler);
  Daemon& worker = fleet.start_worker({}, roles.as("worker"));
  lethe({"policy", "run", "t-90d", "--wait"});
  CHECK(fleet.disagreement(kept, 4'000) == "");
  CHECK(eventually([&] {
    return fleet.control().number("SELECT count(*) FROM pg_partition_tree('lethe.history')") > 2;
  }));
  lethe({"ledger", "verify"});
  lethe({"ledger", "verify"}, "viewer");
  lethe({"audit", "verify"}, "viewer");
  lethe({"run", "list"}, "viewer");
  lethe({"hold", "list"}, "viewer");
  lethe({"worker", "list"}, "viewer");
  lethe({"pause", "--all", "--reason", "drill"});
  lethe({"resume", "--all"});
  lethe({"policy", "disable", "t-90d"});
  lethe({"policy", "remove", "t-90d", "--yes"});
  lethe({"migrate", "up"}, "owner");
  lethe({"target", "install", "app"}, "owner");
  const std::string run = fleet.control().text("SELECT id FROM lethe.runs");
  lethe({"report", "--run", run});
  CHECK(fleet.control().text(fmt::format("SELECT pg_has_role('{}', 'pg_read_all_stats', 'USAGE')",
                                         roles.group("scheduler"))) == "t");
  CHECK(scheduler.log().find("_failed") == std::string::npos);  // nor is counting the fleet refused
  worker.signal(SIGTERM);
  CHECK(worker.wait() == 0);
}

TEST_CASE("no role can change what was written for proof nor do another's work", "[fleet][roles]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 4);
  Roles roles(fleet);
  const std::string no = "permission denied";
  for (const char* role : {"scheduler", "worker", "operator", "viewer"}) {
    CAPTURE(role);
    for (const char* sql : {"UPDATE lethe.audit SET actor = 'x'", "DELETE FROM lethe.audit",
                            "TRUNCATE lethe.audit", "ALTER TABLE lethe.audit DISABLE TRIGGER ALL",
                            "DELETE FROM lethe.runs", "DELETE FROM lethe.ledger_heads"}) {
      CAPTURE(sql);
      CHECK_FALSE(roles.refusal(fleet.control(), role, sql).empty());
    }
    for (const char* sql :
         {"UPDATE lethe.ledger SET rows = 0", "DELETE FROM lethe.ledger", "TRUNCATE lethe.ledger",
          "DELETE FROM lethe.holds", "UPDATE lethe.holds SET reason = 'x'", "DELETE FROM public.t"})
      CHECK_THAT(roles.refusal(fleet.target(), role, sql), contains(no));
  }
  CHECK_THAT(roles.refusal(fleet.target(), "worker", "UPDATE lethe.gate SET halted = false"),
             contains(no));
  CHECK_THAT(roles.refusal(fleet.target(), "worker", "UPDATE lethe.holds SET released_at = now()"),
             contains(no));
  CHECK_THAT(roles.refusal(fleet.target(), "operator", "DELETE FROM lethe.fence"), contains(no));
  CHECK_THAT(roles.refusal(fleet.control(), "worker", "UPDATE lethe.policies SET enabled = true"),
             contains(no));
  CHECK_THAT(roles.refusal(fleet.control(), "worker", "UPDATE lethe.targets SET url = ''"),
             contains(no));
  CHECK_THAT(roles.refusal(fleet.control(), "worker",
                           "INSERT INTO lethe.audit VALUES (1, now(), '', '', '', '', '', '')"),
             contains(no));
  for (const char* table : {"items", "runs", "policies", "targets", "pauses", "audit", "workers"})
    CHECK_THAT(roles.refusal(fleet.control(), "viewer", fmt::format("DELETE FROM lethe.{}", table)),
               contains(no));
}

TEST_CASE("target check names per table what the workers' role lacks and the GRANT",
          "[fleet][roles]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 4);
  fleet.target().execute(
      "CREATE TABLE public.lines (t_id integer REFERENCES public.t ON DELETE "
      "CASCADE)");
  Roles roles(fleet);
  fleet.apply(policy_yaml({"cascade: [public.lines]"}));
  fleet.target().execute(
      fmt::format("REVOKE INSERT ON lethe.ledger FROM {}", roles.group("worker")));
  const std::string role = roles.login("worker");
  const auto check = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"target", "check", "app"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return fleet.lethe(arguments);
  };
  const CommandResult lacking = check({"--role", role});
  CHECK(lacking.exit_code == 3);
  CHECK_THAT(lacking.out,
             contains(fmt::format("GRANT DELETE, SELECT ON public.t TO {};", role)) &&
                 contains(fmt::format("GRANT DELETE, SELECT ON public.lines TO {};", role)) &&
                 contains(fmt::format("GRANT INSERT ON lethe.ledger TO {};", role)));
  // What it prints is enough.
  const std::regex grants("GRANT [^;]+;");
  for (std::sregex_iterator at(lacking.out.begin(), lacking.out.end(), grants), end; at != end;
       ++at)
    fleet.target().execute(at->str());
  CHECK(check({"--role", role}).exit_code == 0);
  CHECK_THAT(check({}).out, contains("is a superuser or may become one"));
  CHECK(check({}).exit_code == 3);
  CHECK(check({"--allow-superuser"}).exit_code == 0);
  CHECK(check({"--role", "nobody here"}).exit_code == 4);
}

TEST_CASE("a worker that is a superuser refuses to work until it is allowed", "[fleet][roles]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 400);
  fleet.apply(policy_yaml());
  fleet.start_scheduler();
  fleet.start_worker({}, {{"LETHE_SUPERUSER", "refuse"}});
  CHECK(fleet.lethe({"policy", "run", "t-90d", "--wait"}).exit_code == 1);
  CHECK_THAT(fleet.control().text("SELECT error FROM lethe.runs"),
             contains("is a superuser or may become one") && contains("superuser: allow"));
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == 400);
  CHECK(fleet.target().number("SELECT count(*) FROM lethe.fence") == 0);
}

}  // namespace
}  // namespace lethe::test
