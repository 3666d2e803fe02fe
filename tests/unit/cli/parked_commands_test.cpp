#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

struct Parked {
  FakeWorld world;
  Parked() {
    world.add_target("app");
    world.add_run("failed");
    world.connector.behaviours["service=app"].parked = {
        {"R1", "T1", "public.t", R"({"id": 7})", "P0001", "it is needed", "2026-11-21T03:00:00Z"},
        {"R9", "T9", "public.t", R"({"id": 8})", "23503", "is still referenced",
         "2026-11-21T02:00:00Z"}};
  }
  bool shows(const std::string& text) { return world.out.str().find(text) != std::string::npos; }
};

TEST_CASE("parked list shows the rows of a target or of one run", "[parked_commands]") {
  Parked parked;
  SECTION("target") {
    CHECK(parked.world.run({"parked", "list", "--target", "app"}) == ExitCode::done);
    CHECK(parked.shows(R"({"id": 7})"));
    CHECK(parked.shows(R"({"id": 8})"));
    CHECK(parked.shows("23503"));
  }
  SECTION("run whose target need not be named") {
    CHECK(parked.world.run({"parked", "list", "--run", "R1"}) == ExitCode::done);
    CHECK(parked.shows("it is needed"));
    CHECK_FALSE(parked.shows("still referenced"));
  }
}

TEST_CASE("parked list wants to know where", "[parked_commands]") {
  Parked parked;
  CHECK(parked.world.run({"parked", "list"}) == ExitCode::usage);
  CHECK(parked.world.run({"parked", "list", "--target", "ap"}) == ExitCode::not_found);
}

TEST_CASE("run show counts parked rows and survives a target that is away", "[parked_commands]") {
  Parked parked;
  CHECK(parked.world.run({"run", "show", "R1", "--output", "json"}) == ExitCode::done);
  CHECK(parked.shows("\"parked\":1"));
  parked.world.connector.behaviours["service=app"].is_unreachable = true;
  CHECK(parked.world.run({"run", "show", "R1", "--output", "json"}) == ExitCode::done);
  CHECK(parked.shows("\"parked\":null"));
  CHECK(parked.shows("\"cascade\":null"));
  CHECK(parked.world.err.str().find(
            "parked rows and children are not counted: cannot reach target 'app'") !=
        std::string::npos);
}

TEST_CASE("run show tells which rows of other tables went along", "[parked_commands]") {
  Parked parked;
  CHECK(parked.world.run({"run", "show", "R1", "--output", "json"}) == ExitCode::done);
  CHECK(parked.shows("\"cascade\":[]"));
  parked.world.connector.behaviours["service=app"].children = {
      {.child = "public.line", .rows = 482, .changed = false},
      {.child = "public.note", .rows = 7, .changed = true}};
  CHECK(parked.world.run({"run", "show", "R1", "--output", "json"}) == ExitCode::done);
  CHECK(
      parked.shows("\"cascade\":[{\"child\":\"public.line\",\"change\":\"deleted\",\"rows\":482},"
                   "{\"child\":\"public.note\",\"change\":\"changed\",\"rows\":7}]"));
}

}  // namespace
}  // namespace lethe::cli::test
