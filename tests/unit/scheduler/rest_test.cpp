#include "scheduler/rest.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"

using namespace std::chrono_literals;

TEST_CASE("a look that took long is followed by fifty times as long without one", "[rest]") {
  lethe::test::FakeClock clock;
  lethe::scheduler::Rest rest(clock);
  CHECK(rest.is_over());
  rest.after([&] { clock.advance(2s); });
  clock.advance(99s);
  CHECK_FALSE(rest.is_over());
  clock.advance(1s);
  CHECK(rest.is_over());
  rest.after([] {});
  CHECK(rest.is_over());
}
