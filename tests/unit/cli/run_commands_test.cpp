#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> enqueue_with(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"enqueue",     "--target", "app",          "--table", "logs",
                                     "--timestamp", "at,made",  "--older-than", "90d"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

struct Enqueue {
  FakeWorld world;
  Enqueue() {
    world.add_target("app");
    world.add_run("satisfied");
  }
};

TEST_CASE("enqueue needs a yes when nobody is at a terminal", "[run_commands]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run(enqueue_with({})) == ExitCode::usage);
  CHECK(contains(enqueue.world.err.str(), "--yes"));
  CHECK(enqueue.world.opened.empty());
  CHECK(enqueue.world.run(enqueue_with({"--yes"})) == ExitCode::done);
  CHECK(enqueue.world.log == Log{"start run of '' at 0"});
}

TEST_CASE("enqueue asks on a terminal and takes no for an answer", "[run_commands]") {
  Enqueue enqueue;
  enqueue.world.terminal = {.in = true, .err = true};
  enqueue.world.connector.behaviours["service=app"].census.eligible = 12'345;
  enqueue.world.in.str("\n");
  CHECK(enqueue.world.run(enqueue_with({})) == ExitCode::failed);
  CHECK(
      contains(enqueue.world.err.str(), "Delete 12,345 rows of public.logs in target app? [y/N]"));
  CHECK(enqueue.world.log == Log{"keep preview of '' by ana@host"});
  enqueue.world.log.clear();
  enqueue.world.in.clear();
  enqueue.world.in.str("y\n");
  CHECK(enqueue.world.run(enqueue_with({})) == ExitCode::done);
  CHECK(enqueue.world.log == Log{"keep preview of '' by ana@host", "start run of '' at 0"});
}

TEST_CASE("enqueue --dry-run counts and makes no run", "[run_commands]") {
  Enqueue enqueue;
  enqueue.world.connector.behaviours["service=app"].census.eligible = 9;
  CHECK(enqueue.world.run(enqueue_with({"--dry-run", "--output", "json"})) == ExitCode::done);
  CHECK(contains(enqueue.world.out.str(), "\"eligible\":9"));
  CHECK(enqueue.world.log == Log{"keep preview of '' by ana@host"});
}

TEST_CASE("enqueue builds the policy that its options say", "[run_commands]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run(enqueue_with({"--yes", "--where", "status=done", "--where", "a=b=c",
                                        "--tenant-column", "tenant_id", "--tenant", "acme",
                                        "--keep-min", "100"})) == ExitCode::done);
  const Policy& policy = enqueue.world.runs.started;
  CHECK(policy.name.empty());
  CHECK(policy.table == TableName{"public", "logs"});
  CHECK(policy.timestamp == std::vector<std::string>{"at", "made"});
  CHECK(policy.retain == Retention{0, 90 * 86'400});
  REQUIRE(policy.where.children.size() == 2);
  CHECK(policy.where.children[0].column == "status");
  CHECK(policy.where.children[1].values == std::vector<std::string>{"b=c"});
  REQUIRE(policy.tenant);
  CHECK(policy.tenant->column == "tenant_id");
  CHECK(policy.tenant->only == "acme");
  CHECK(policy.tenant->keep_min == 100);
  CHECK_FALSE(policy.keep_min);
  CHECK(policy.cascade.empty());
}

TEST_CASE("enqueue takes the tables that go along as a policy does", "[run_commands]") {
  Enqueue enqueue;
  SECTION("in their order") {
    CHECK(enqueue.world.run(enqueue_with(
              {"--yes", "--cascade", "app.lines", "--cascade", "notes"})) == ExitCode::done);
    CHECK(enqueue.world.runs.started.cascade ==
          std::vector<TableName>{{"app", "lines"}, {"public", "notes"}});
  }
  SECTION("and refuses what a policy refuses") {
    const auto [child, cure] = GENERATE(table<std::string, std::string>(
        {{"public.logs", "is the table of the policy itself; remove it"},
         {"public.lines", "is in the list twice; remove one"},
         {"a.b.c", "has more than two parts"}}));
    CAPTURE(child);
    CHECK(enqueue.world.run(enqueue_with({"--yes", "--cascade", "lines", "--cascade", child})) ==
          ExitCode::usage);
    CHECK(contains(enqueue.world.err.str(), "--cascade: "));
    CHECK(contains(enqueue.world.err.str(), cure));
    CHECK(enqueue.world.log.empty());
  }
  SECTION("and not more of them than a policy") {
    std::vector<std::string> more{"--yes"};
    for (int child = 0; child < 101; ++child)
      more.insert(more.end(), {"--cascade", "child_" + std::to_string(child)});
    CHECK(enqueue.world.run(enqueue_with(more)) == ExitCode::usage);
    CHECK(contains(enqueue.world.err.str(), "at most 100 tables are allowed"));
  }
}

TEST_CASE("enqueue refuses options that make no sense", "[run_commands]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run(enqueue_with({"--yes", "--tenant", "acme"})) == ExitCode::usage);
  CHECK(enqueue.world.run(enqueue_with({"--yes", "--where", "status"})) == ExitCode::usage);
  CHECK(enqueue.world.run(enqueue_with({"--yes", "--keep-min", "-1"})) == ExitCode::usage);
  CHECK(enqueue.world.run({"enqueue", "--yes", "--target", "app", "--table", "t", "--timestamp",
                           "at", "--older-than", "soon"}) == ExitCode::usage);
  CHECK(enqueue.world.log.empty());
}

TEST_CASE("enqueue checks the table before it makes a run", "[run_commands]") {
  Enqueue enqueue;
  enqueue.world.connector.behaviours["service=app"].bad_table = "logs";
  CHECK(enqueue.world.run(enqueue_with({"--yes"})) == ExitCode::bad_config);
  CHECK(contains(enqueue.world.err.str(), "enqueue.table"));
  CHECK(enqueue.world.log.empty());
}

TEST_CASE("waiting ends with the end line and the exit code of the run", "[run_commands]") {
  Enqueue enqueue;
  enqueue.world.runs.states = {"planned", "cleaning", "verifying", "satisfied"};
  CHECK(enqueue.world.run(enqueue_with({"--yes", "--wait"})) == ExitCode::done);
  CHECK(enqueue.world.out.str() == "satisfied: 12,345 rows in 67 batches, 3.2 s, 3,857 rows/s\n");
  CHECK(contains(enqueue.world.err.str(), "verifying"));
}

TEST_CASE("waiting with JSON writes the run once and no progress to a file", "[run_commands]") {
  Enqueue enqueue;
  enqueue.world.runs.states = {"cleaning", "refused"};
  CHECK(enqueue.world.run({"run", "watch", "R1", "--output", "json"}) == ExitCode::refused);
  CHECK(contains(enqueue.world.out.str(), "[\n  {\"id\":\"R1\",\"policy\":null"));
  CHECK(enqueue.world.err.str().empty());
}

TEST_CASE("run show tells measured bytes from estimated ones and from what nobody knows",
          "[run_commands]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run({"run", "show", "R1", "--output", "json"}) == ExitCode::done);
  CHECK(contains(enqueue.world.out.str(), "\"table_bytes\":null"));
  CHECK(contains(enqueue.world.out.str(), "\"quarantined_bytes\":null"));
  enqueue.world.runs.rows.front().space = Space{.table_bytes = 5'000'000,
                                                .index_bytes = 1'000,
                                                .dead_bytes = 2'000'000,
                                                .reusable_bytes = {},
                                                .returnable_bytes = 0,
                                                .returned_bytes = 7,
                                                .quarantined_bytes = 0};
  CHECK(enqueue.world.run({"run", "show", "R1", "--output", "json"}) == ExitCode::done);
  CHECK(contains(enqueue.world.out.str(),
                 "\"table_bytes\":5000000,\"index_bytes\":1000,\"estimated_dead_bytes\":2000000,"
                 "\"estimated_reusable_bytes\":null,\"estimated_returnable_bytes\":0,"
                 "\"returned_bytes\":7,\"quarantined_bytes\":0"));
  CHECK(enqueue.world.run({"run", "show", "R1"}) == ExitCode::done);
  CHECK(contains(enqueue.world.out.str(), "estimated_dead_bytes        2.0 MB\n"));
}

TEST_CASE("Ctrl-C ends the watching and says that the run goes on", "[run_commands]") {
  Enqueue enqueue;
  enqueue.world.runs.states = {"cleaning", "cleaning", "cleaning"};
  enqueue.world.clock.waits_left = 1;
  CHECK(enqueue.world.run({"run", "watch", "R1"}) == ExitCode::failed);
  CHECK(contains(enqueue.world.err.str(), "stopped watching; the run goes on"));
  CHECK(enqueue.world.log.empty());
}

TEST_CASE("watching outlives a short absence of the control database", "[run_commands]") {
  Enqueue enqueue;
  enqueue.world.runs.failures = 20;
  CHECK(enqueue.world.run({"run", "watch", "R1"}) == ExitCode::done);
  enqueue.world.runs.failures = 21;
  CHECK(enqueue.world.run({"run", "watch", "R1"}) == ExitCode::unreachable);
}

TEST_CASE("a run that has ended cannot be cancelled", "[run_commands]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run({"run", "cancel", "R1"}) == ExitCode::refused);
  CHECK(enqueue.world.log.empty());
  enqueue.world.runs.rows.at(0).state = "cleaning";
  CHECK(enqueue.world.run({"run", "cancel", "R1"}) == ExitCode::done);
  CHECK(enqueue.world.log == Log{"cancel run R1"});
}

}  // namespace
}  // namespace lethe::cli::test
