#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Shelf {
  FakeWorld world;
  Shelf() {
    world.add_target("app");
    auto& tables = world.connector.behaviours["service=app"].quarantine;
    for (const char* state : {"quarantined", "due", "purged", "missing"}) {
      QuarantinedTable table;
      table.id = static_cast<std::int64_t>(tables.size()) + 1;
      table.relation = "public.p" + std::to_string(table.id);
      table.parent = "public.p";
      table.policy = "keep";
      table.state = state;
      table.rows = 1'000;
      table.bytes = 8'192;
      if (table.state == "purged") table.ended_at = "2026-11-21T03:00:00.000000Z";
      if (table.state == "purged") table.ended_by = "run R1";
      tables.push_back(table);
    }
  }
  ExitCode run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "quarantine");
    arguments.insert(arguments.end(), {"--target", "app"});
    return world.run(arguments);
  }
};

TEST_CASE("quarantine list shows what can come back and on request what cannot",
          "[quarantine_commands]") {
  Shelf shelf;
  CHECK(shelf.run({"list"}) == ExitCode::done);
  CHECK(contains(shelf.world.out.str(), "public.p2"));
  CHECK_FALSE(contains(shelf.world.out.str(), "public.p3"));
  CHECK(shelf.run({"list", "--all", "--output", "json"}) == ExitCode::done);
  CHECK(contains(shelf.world.out.str(),
                 "\"rows\":1000,\"estimated\":false,\"bytes\":8192,\"quarantined_at\":null"));
  CHECK(contains(shelf.world.out.str(), "\"ended_by\":\"run R1\"}"));
}

TEST_CASE("a restored partition is attached and the policy that took it is named",
          "[quarantine_commands]") {
  Shelf shelf;
  CHECK(shelf.run({"restore", "1"}) == ExitCode::done);
  CHECK(shelf.world.log == Log{"service=app restore 1 by ana@host"});
  CHECK(contains(shelf.world.err.str(), "unless policy keep is changed or disabled"));
}

TEST_CASE("what is not in quarantine any more is refused and what never was is not found",
          "[quarantine_commands]") {
  Shelf shelf;
  for (const char* verb : {"restore", "purge"}) {
    CHECK(shelf.run({verb, "3", "--output", "json"}) ==
          (std::string(verb) == "purge" ? ExitCode::usage : ExitCode::refused));
  }
  CHECK(shelf.run({"purge", "3", "--yes"}) == ExitCode::refused);
  CHECK(shelf.run({"restore", "4"}) == ExitCode::refused);
  for (const char* id : {"9", "x", "1x", "-1"})
    CHECK(shelf.run({"purge", id, "--yes"}) != ExitCode::done);
  CHECK(shelf.run({"restore", "9"}) == ExitCode::not_found);
  CHECK(shelf.world.log.empty());
}

TEST_CASE("purge wants one or all that are due and asks before it drops", "[quarantine_commands]") {
  Shelf shelf;
  CHECK(shelf.run({"purge", "--yes"}) == ExitCode::usage);
  CHECK(shelf.run({"purge", "1", "--due", "--yes"}) == ExitCode::usage);
  CHECK(shelf.run({"purge", "1"}) == ExitCode::usage);  // nobody is there to confirm
  shelf.world.terminal.in = shelf.world.terminal.err = true;
  shelf.world.in.str("n\n");
  CHECK(shelf.run({"purge", "--due"}) == ExitCode::failed);
  CHECK(contains(shelf.world.err.str(), "public.p2"));
  CHECK(contains(shelf.world.err.str(), "Drop 1 partition for good? [y/N]"));
  CHECK(shelf.world.log.empty());
  shelf.world.in.str("y\n");
  CHECK(shelf.run({"purge", "--due"}) == ExitCode::done);
  CHECK(shelf.run({"purge", "1", "--yes"}) == ExitCode::done);
  CHECK(shelf.world.log ==
        Log{"service=app purge 2 by ana@host", "service=app purge 1 by ana@host"});
}

}  // namespace
}  // namespace lethe::cli::test
