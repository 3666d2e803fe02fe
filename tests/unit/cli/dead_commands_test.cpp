#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Cemetery {
  FakeWorld world;
  Cemetery() {
    world.add_target("app");
    world.add_policy(sample_policy("p"));
    world.add_policy(sample_policy("q"));
    world.dead.add("T1", "p", "permission denied for table logs");
    world.dead.add("T2", "p", "expired: not finished before its deadline");
    world.dead.add("T3", "q", "permission denied for table logs");
  }
};

TEST_CASE("dead list shows the task with its reason and SQLSTATE", "[dead_commands]") {
  Cemetery cemetery;
  CHECK(cemetery.world.run({"dead", "list", "--policy", "q", "--output", "json"}) ==
        ExitCode::done);
  CHECK(contains(cemetery.world.out.str(),
                 "\"last_error\":\"permission denied for table logs\",\"reason\":\"permission "
                 "denied for table logs\",\"sqlstate\":\"42501\",\"died_at\":null}\n]\n"));
  CHECK_FALSE(contains(cemetery.world.out.str(), "T1"));
}

TEST_CASE("dead list blames a name that is not there only when nothing was found",
          "[dead_commands]") {
  Cemetery cemetery;
  cemetery.world.dead.add("T4", "removed", "x");
  CHECK(cemetery.world.run({"dead", "list", "--policy", "removed"}) == ExitCode::done);
  CHECK(cemetery.world.run({"dead", "list", "--policy", "pq"}) == ExitCode::not_found);
  CHECK(cemetery.world.run({"dead", "list", "--reason", "no such text"}) == ExitCode::done);
  CHECK(contains(cemetery.world.out.str(), "no such dead letter\n"));
}

TEST_CASE("dead show tells what is known of one and refuses a live task", "[dead_commands]") {
  Cemetery cemetery;
  CHECK(cemetery.world.run({"dead", "show", "T1"}) == ExitCode::done);
  CHECK(contains(cemetery.world.out.str(), "42501"));
  CHECK(cemetery.world.run({"dead", "show", "T9"}) == ExitCode::not_found);
  CHECK(cemetery.world.err.str() == "lethe: no dead letter 'T9'; see lethe dead list\n");
}

TEST_CASE("retry and discard want to be told which dead letters", "[dead_commands]") {
  Cemetery cemetery;
  for (const char* verb : {"retry", "discard"}) {
    CHECK(cemetery.world.run({"dead", verb, "--yes"}) == ExitCode::usage);
    CHECK(cemetery.world.run({"dead", verb, "T1", "--all", "--yes"}) == ExitCode::usage);
    CHECK(cemetery.world.run({"dead", verb, "T1", "--run", "R1", "--yes"}) == ExitCode::usage);
    CHECK(cemetery.world.run({"dead", verb, "--all", "--policy", "p", "--yes"}) == ExitCode::usage);
  }
  CHECK(cemetery.world.opened.empty());
}

TEST_CASE("explicit ids are acted on without a question", "[dead_commands]") {
  Cemetery cemetery;
  CHECK(cemetery.world.run({"dead", "retry", "T1", "T3"}) == ExitCode::done);
  CHECK(cemetery.world.log == Log{"retry T1", "retry T3"});
  CHECK(cemetery.world.out.str() == "2 dead letters put back into the queue: T1, T3\n");
  CHECK(cemetery.world.run({"dead", "discard", "T2"}) == ExitCode::done);
  CHECK(cemetery.world.log.back() == "discard T2");
}

TEST_CASE("one id that is not there stops the others", "[dead_commands]") {
  Cemetery cemetery;
  CHECK(cemetery.world.run({"dead", "discard", "T1", "T9"}) == ExitCode::not_found);
  CHECK(cemetery.world.log.empty());
}

TEST_CASE("bulk needs a yes when nobody is at a terminal", "[dead_commands]") {
  Cemetery cemetery;
  CHECK(cemetery.world.run({"dead", "discard", "--all"}) == ExitCode::usage);
  CHECK(contains(cemetery.world.err.str(), "--yes"));
  CHECK(cemetery.world.opened.empty());
  CHECK(cemetery.world.run({"dead", "discard", "--all", "--yes"}) == ExitCode::done);
  CHECK(cemetery.world.log.size() == 3);
}

TEST_CASE("bulk shows the count and the first ten before it asks", "[dead_commands]") {
  Cemetery cemetery;
  for (int i = 4; i <= 12; ++i) cemetery.world.dead.add("T" + std::to_string(i), "p", "x");
  cemetery.world.terminal = {.in = true, .err = true};
  cemetery.world.in.str("n\n");
  CHECK(cemetery.world.run({"dead", "discard", "--all"}) == ExitCode::failed);
  const std::string shown = cemetery.world.err.str();
  CHECK(contains(shown, "12 dead letters\nID"));
  CHECK(contains(shown, "T2   app     expired: not finished before its deadline\n"));
  CHECK(contains(shown, "and 2 more\nForget 12 dead letters? [y/N] nothing was changed\n"));
  CHECK_FALSE(contains(shown, "T11"));
  CHECK(cemetery.world.log.empty());
  cemetery.world.in.clear();
  cemetery.world.in.str("y\n");
  CHECK(cemetery.world.run({"dead", "discard", "--reason", "expired"}) == ExitCode::done);
  CHECK(cemetery.world.log == Log{"discard T2"});
}

TEST_CASE("a dry run of a bulk action only counts", "[dead_commands]") {
  Cemetery cemetery;
  CHECK(cemetery.world.run({"dead", "retry", "--policy", "q", "--dry-run", "--output", "json"}) ==
        ExitCode::done);
  CHECK(cemetery.world.out.str() ==
        "[\n  {\"count\":1,\"first\":[{\"id\":\"T3\",\"target\":\"app\",\"reason\":\"permission "
        "denied for table logs\"}]}\n]\n");
  CHECK(cemetery.world.log.empty());
}

TEST_CASE("retry tells how many stay and is then not done", "[dead_commands]") {
  Cemetery cemetery;
  cemetery.world.dead.staying = {"T2", "T3"};
  CHECK(cemetery.world.run({"dead", "retry", "--all", "--yes"}) == ExitCode::failed);
  CHECK(cemetery.world.out.str() ==
        "1 dead letter put back into the queue: T1; not done for 2: another run of their policy "
        "is open, or their run was cancelled\n");
  CHECK(cemetery.world.run({"dead", "retry", "T2", "--output", "json"}) == ExitCode::refused);
  CHECK(contains(cemetery.world.out.str(),
                 "{\"change\":\"retried\",\"count\":0,\"stayed\":1,\"ids\":[]}"));
}

TEST_CASE("nothing to retry is no failure", "[dead_commands]") {
  Cemetery cemetery;
  cemetery.world.dead.rows.clear();
  CHECK(cemetery.world.run({"dead", "retry", "--all", "--yes"}) == ExitCode::done);
  CHECK(cemetery.world.out.str() == "0 dead letters put back into the queue\n");
}

}  // namespace
}  // namespace lethe::cli::test
