#include "cli/demo_watch.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli {
namespace {

Progress cleaning(std::int64_t rows) { return {.state = "cleaning", .rows = rows}; }

TEST_CASE("on a terminal each name has a line of its own that is redrawn in place", "[demo]") {
  std::ostringstream out;
  test::FakeClock clock;
  ProgressBoard board(out, clock, {.is_terminal = true, .columns = 80}, {"a", "long"});
  board.draw({cleaning(1), cleaning(2)});
  CHECK(out.str() ==
        "\n\n"
        "\x1b[2A\ra     cleaning   1 row  0.0 s\x1b[K\x1b[2B\r"
        "\x1b[1A\rlong  cleaning   2 rows  0.0 s\x1b[K\x1b[1B\r");
  const std::size_t drawn = out.str().size();
  board.draw({cleaning(3), cleaning(4)});
  CHECK(out.str().substr(drawn).find('\n') == std::string::npos);
}

TEST_CASE("off a terminal each line begins with its name and comes with a new state", "[demo]") {
  std::ostringstream out;
  test::FakeClock clock;
  ProgressBoard board(out, clock, {.columns = 80}, {"a", "b"});
  board.draw({cleaning(1), cleaning(2)});
  board.draw({cleaning(3), {.state = "satisfied", .rows = 4}});
  CHECK(out.str() ==
        "a  cleaning   1 row  0.0 s\n"
        "b  cleaning   2 rows  0.0 s\n"
        "b  satisfied  4 rows  0.0 s\n");
}

TEST_CASE("a program that reads JSON sees no progress", "[demo]") {
  std::ostringstream out;
  test::FakeClock clock;
  ProgressBoard board(out, clock, {.is_silent = true}, {"a"});
  board.draw({cleaning(1)});
  CHECK(out.str().empty());
}

}  // namespace
}  // namespace lethe::cli
