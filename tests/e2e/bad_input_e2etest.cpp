// Whatever is typed wrong: one line that names the field and the cure, the right exit code, and
// nothing changed.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/refusals.hpp"

namespace lethe::test {
namespace {

struct FileCase {
  const char* what;
  std::string yaml;
  int exit_code;
  std::vector<std::string> says;  ///< what the message must hold: place and cure
};

struct CommandCase {
  std::vector<std::string> words;
  int exit_code;
  std::vector<std::string> says;
};

std::vector<FileCase> form_cases() {
  return {
      {"an unknown key", with("retian: 90 days"), 78, {":7: policies[0].retian", "retain"}},
      {"an unknown key of the file", "polices: []\n", 78, {":1: polices", "policies"}},
      {"a wrong type", with("retain: [90 days]"), 78, {":6: policies[0].retain: must be"}},
      {"no retention", with("retain: 0 days"), 78, {"policies[0].retain", "90 days"}},
      {"a negative retention", with("retain: -5 days"), 78, {"policies[0].retain", "90 days"}},
      {"a retention without a unit", with("retain: 90"), 78, {"policies[0].retain", "90 days"}},
      {"a zone without a schedule", with("timezone: UTC"), 78, {"policies[0].timezone"}},
      {"a cron line that is none", with("schedule: 61 * * * *"), 78, {"policies[0].schedule"}},
      {"a day that never comes", with("schedule: 0 0 30 2 *"), 78, {"policies[0].schedule"}},
      {"a key of a later version",
       with("tenant: {column: tenant, from: public.parts}"),
       78,
       {"policies[0].tenant.from: not supported by this version", "remove it"}},
      {"a table that goes along and has no key that leads here",
       with("cascade: [public.parts]"),
       78,
       {"policies[0].cascade: public.parts has no foreign key", "take it off the list"}},
      {"no YAML", "policies: [}\n", 78, {":1:"}},
      {"no map", "just text\n", 78, {"targets and policies"}},
      {"two policies of one name",
       with("retain: 1 day") + with("retain: 2 days").substr(10),
       78,
       {"two policies are called \"t-90d\"", "rename one"}},
      {"a password in a URI",
       fmt::format("targets:\n  b: {{url: 'postgresql://u:{}@h/d'}}\n", secret),
       78,
       {":2: targets.b.url: must not hold a password", "passfile"}},
      {"a password in pairs",
       fmt::format("targets:\n  b: {{url: 'host=h password={}'}}\n", secret),
       78,
       {"targets.b.url: must not hold a password"}},
  };
}

std::vector<FileCase> database_cases() {
  return {
      {"an unknown zone",
       with("schedule: '0 3 * * *'\n    timezone: Mars/Base"),
       78,
       {"policies[0].timezone: \"Mars/Base\"", "Europe/Berlin"}},
      {"an unknown target", with("target: ap"), 4, {"policies[0].target", "app"}},
      {"an unknown table",
       with("table: public.nowhere"),
       78,
       {"policies[0].table: public.nowhere does not exist in target 'app'"}},
      {"a view", with("table: pg_catalog.pg_stats"), 78, {"policies[0].table", "is a view"}},
      {"an unknown column",
       with("timestamp: created"),
       78,
       {"policies[0].timestamp: public.t has no column 'created'", "created_at"}},
      {"a column that is no timestamp",
       with("timestamp: tenant"),
       78,
       {"policies[0].timestamp: column 'tenant'", "use a column of type timestamptz"}},
      {"an unknown column in where",
       with("where: {stauts: done}"),
       78,
       {"policies[0].where", "has no column 'stauts'"}},
      {"a value of another type", with("where: {id: soon}"), 78, {"policies[0].where", "soon"}},
      {"an unknown tenant column",
       with("tenant: {column: customer}"),
       78,
       {"policies[0].tenant.column", "has no column 'customer'"}},
      {"a target that does not answer",
       "targets:\n  far: {url: 'host=/nowhere dbname=x'}\n" + with("target: far"),
       69,
       {"far"}},
  };
}

void check_files(Fleet& fleet, const std::vector<FileCase>& cases) {
  const std::string before = contents(fleet);
  for (const FileCase& one : cases) {
    INFO(one.what << "\n" << one.yaml);
    const std::string file = fleet.write_file("bad.yaml", one.yaml);
    const CommandResult result = fleet.lethe({"policy", "apply", "-f", file});
    check_refused(result, "lethe", one.exit_code, one.says);
    CHECK(contents(fleet) == before);
  }
}

TEST_CASE("a policy file that is wrong in itself changes nothing", "[fleet][bad_input]") {
  QuietFleet fleet;
  check_files(fleet, form_cases());
}

TEST_CASE("a policy file that does not fit the databases changes nothing", "[fleet][bad_input]") {
  QuietFleet fleet;
  check_files(fleet, database_cases());
}

TEST_CASE("a file for a target that is not prepared changes nothing and says what to run",
          "[fleet][bad_input]") {
  Fleet fleet;
  fleet.must({"migrate"});
  make_table(fleet.target(), 10);
  const std::string file = fleet.write_file(
      "p.yaml", "targets:\n  app: {url: \"" + fleet.target().url() + "\"}\n" + policy_yaml());
  check_refused(fleet.lethe({"policy", "apply", "-f", file}), "lethe", 78,
                {"lethe target install app"});
  CHECK(fleet.control().number("SELECT count(*) FROM lethe.targets") == 0);
  CHECK(fleet.control().number("SELECT count(*) FROM lethe.policies") == 0);
}

TEST_CASE("a command that is wrong changes nothing", "[fleet][bad_input]") {
  QuietFleet fleet;
  const std::string uri = fmt::format("postgresql://u:{}@h/d", secret);
  const std::vector<std::string> enqueue{"enqueue",  "--target",    "app",        "--table",
                                         "public.t", "--timestamp", "created_at", "--older-than"};
  const auto enqueued = [&](std::vector<std::string> more) {
    more.insert(more.begin(), enqueue.begin(), enqueue.end());
    return more;
  };
  const std::vector<CommandCase> cases{
      {{"policy", "apply", "-f", "/nowhere/p.yaml"}, 78, {"/nowhere/p.yaml: No such file", "-f"}},
      {{"policy", "list", "--colour"}, 2, {"--colour", "lethe policy list --help"}},
      {{"polcy", "list"}, 2, {"polcy", "lethe --help"}},
      {{"policy"}, 2, {"which one of", "apply"}},
      {{"policy", "list", "--output", "xml"}, 2, {"--output", "json"}},
      {{"policy", "list", "--database", uri}, 2, {"--database: must not hold a password"}},
      {{"target", "add", "b", "--url", uri}, 78, {"--url", "password"}},
      {{"target", "add", "b", "--url", "host=/nowhere dbname=x"}, 69, {"b"}},
      {{"target", "add", "B!", "--url", "service=x"}, 2, {"'B!' is not a name of a target"}},
      {{"target", "add", "b", "--url", "service=x", "--max-running", "0"}, 2, {"--max-running"}},
      {{"target", "remove", "app"}, 3, {"app", "remove the policies"}},
      {{"policy", "show", "olt"}, 4, {"no policy 'olt'", "did you mean 'old'"}},
      {{"policy", "run", "nothing-like-it"}, 4, {"nothing-like-it", "lethe policy list"}},
      {{"run", "show", "01JD3M3XQ7W3G5V9B1K2N4P6R8"}, 4, {"run", "lethe run list"}},
      {{"run", "cancel", "x"}, 4, {"run", "lethe run list"}},
      {{"task", "why", "01JD3M3XQ7W3G5V9B1K2N4P6R8"}, 4, {"task", "lethe task list"}},
      {{"worker", "show", "7"}, 4, {"worker", "lethe worker list"}},
      {{"pause"}, 2, {"exactly one of --all"}},
      {{"pause", "--target", "ap"}, 4, {"ap", "app"}},
      {{"policy", "remove", "old"}, 2, {"--yes"}},
      {enqueued({"90d"}), 2, {"--yes"}},
      {enqueued({"0d", "--yes"}), 2, {"--older-than"}},
      {enqueued({"90", "--yes"}), 2, {"--older-than", "90 days"}},
      {enqueued({"90d", "--where", "tenant", "--yes"}), 2, {"--where: write COLUMN=VALUE"}},
      {enqueued({"90d", "--keep-min", "-1", "--yes"}), 2, {"--keep-min"}},
      {enqueued({"90d", "--where", "nope=1", "--yes"}), 78, {"enqueue.where", "'nope'"}},
      {enqueued({"90d", "--target", "ap", "--yes"}), 2, {"--target"}},
      {{"enqueue", "--target", "ap", "--table", "t", "--timestamp", "created_at", "--older-than",
        "9d", "--yes"},
       4,
       {"target", "app"}},
  };
  const std::string before = contents(fleet);
  for (const CommandCase& one : cases) {
    INFO(fmt::format("lethe {}", fmt::join(one.words, " ")));
    check_refused(fleet.lethe(one.words), "lethe", one.exit_code, one.says);
    CHECK(contents(fleet) == before);
  }
}

TEST_CASE("a disabled policy is not run", "[fleet][bad_input]") {
  QuietFleet fleet;
  fleet.must({"policy", "disable", "old"});
  const std::string before = contents(fleet);
  check_refused(fleet.lethe({"policy", "run", "old"}), "lethe", 3,
                {"policy 'old' is disabled", "lethe policy enable old"});
  CHECK(contents(fleet) == before);
}

TEST_CASE("a control database that is away or empty is named with its cure", "[fleet][bad_input]") {
  Fleet fleet;
  for (const char* const program : {"lethe-worker", "lethe-scheduler"}) {
    const CommandResult result = fleet.run_program(program, {});
    INFO(result.err);
    CHECK(result.exit_code == 78);
    CHECK_THAT(result.err, contains("run: lethe migrate up"));
  }
  check_refused(fleet.lethe({"policy", "list"}), "lethe", 78, {"lethe migrate up"});
  const std::string away = fmt::format("host=/nowhere dbname=x password={}", secret);
  check_refused(fleet.lethe({"policy", "list"}, {{"LETHE_DATABASE_URL", away}}), "lethe", 69,
                {"cannot reach the control database"});
}

TEST_CASE("a daemon with a wrong setting says which and does not start", "[fleet][bad_input]") {
  Fleet fleet;
  const std::string unknown = fleet.write_file("unknown.yaml", "slots: 4\nslot: 3\n");
  const std::string range = fleet.write_file("range.yaml", "worker_ttl_seconds: 1\n");
  const std::string type = fleet.write_file("type.yaml", "heartbeat_seconds: [1, 2]\n");
  const std::string uri = fmt::format("postgresql://u:{}@h/d", secret);
  struct DaemonCase {
    std::string program;
    std::vector<std::string> words;
    int exit_code;
    std::vector<std::string> says;
  };
  const std::vector<DaemonCase> cases{
      {"lethe-worker",
       {"--config", unknown},
       78,
       {"unknown.yaml:2: unknown key \"slot\"", "slots"}},
      {"lethe-worker", {"--config", type}, 78, {"type.yaml:1: heartbeat_seconds"}},
      {"lethe-worker", {"--config", "/nowhere/w.yaml"}, 78, {"/nowhere/w.yaml"}},
      {"lethe-worker", {"--slots", "0"}, 2, {"--slots", "1 to 64"}},
      {"lethe-worker", {"--lanes", "Fast"}, 2, {"--lanes", "is not a lane"}},
      {"lethe-worker", {"--database", uri}, 2, {"--database: must not hold a password"}},
      {"lethe-worker", {"--slow"}, 2, {"--slow", "lethe-worker --help"}},
      {"lethe-scheduler", {"--config", unknown}, 78, {"unknown.yaml:1: unknown key \"slots\""}},
      {"lethe-scheduler", {"--config", range}, 78, {"worker_ttl_seconds", "25 to 3600"}},
      {"lethe-scheduler", {"--tick", "1"}, 2, {"--tick", "lethe-scheduler --help"}},
  };
  for (const DaemonCase& one : cases) {
    INFO(fmt::format("{} {}", one.program, fmt::join(one.words, " ")));
    check_refused(fleet.run_program(one.program, one.words), one.program, one.exit_code, one.says);
  }
}

}  // namespace
}  // namespace lethe::test
