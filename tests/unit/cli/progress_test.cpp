#include "cli/progress.hpp"

#include "cli/run_watch.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli {
namespace {

Progress sample() {
  return {.state = "cleaning",
          .rows = 12'345,
          .estimated_rows = 50'000,
          .rows_per_second = 3'857,
          .elapsed = std::chrono::milliseconds(3'200)};
}

TEST_CASE("a progress line has bar and share and rate and remaining time", "[progress]") {
  CHECK(progress_line(sample(), 120) ==
        "cleaning   [####................] 24%  12,345 of about 50,000 rows  3,857 rows/s  3.2 s  "
        "10.0 s left");
}

TEST_CASE("a narrow terminal gets no bar and never a second line", "[progress]") {
  CHECK(progress_line(sample(), 80).find('[') == std::string::npos);
  CHECK(progress_line(sample(), 30).size() == 30);
}

TEST_CASE("without an estimate no share of the whole is claimed", "[progress]") {
  Progress progress = sample();
  progress.estimated_rows.reset();
  CHECK(progress_line(progress, 120) == "cleaning   12,345 rows  3,857 rows/s  3.2 s");
}

TEST_CASE("more rows than estimated are never a hundred percent", "[progress]") {
  Progress progress = sample();
  progress.rows = 90'000;
  progress.passes = 1;
  const std::string line = progress_line(progress, 120);
  CHECK(line.find("99%") != std::string::npos);
  CHECK(line.find("left") == std::string::npos);
  CHECK(line.find("pass 2") != std::string::npos);
}

TEST_CASE("the rate is that of the last seconds", "[progress]") {
  RateMeter rate;
  const Clock::time_point start{};
  rate.add(start, 0);
  CHECK_FALSE(rate.rows_per_second());
  rate.add(start + std::chrono::seconds(10), 100);
  rate.add(start + std::chrono::seconds(20), 10'100);
  CHECK(rate.rows_per_second() == 1'000);
}

TEST_CASE("a terminal line is redrawn in place and taken away at the end", "[progress]") {
  std::ostringstream out;
  test::FakeClock clock;
  ProgressDrawer drawer(out, clock, {.is_terminal = true, .columns = 20});
  drawer.draw(sample());
  drawer.clear();
  CHECK(out.str() == "\rcleaning   24%  12,\x1b[K\r\x1b[K");
}

TEST_CASE("off a terminal a line comes with each new state and every few seconds", "[progress]") {
  std::ostringstream out;
  test::FakeClock clock;
  ProgressDrawer drawer(out, clock, {.columns = 8});
  for (int turn = 0; turn < 21; ++turn) {
    drawer.draw(sample());
    clock.wait_for(std::chrono::milliseconds(250), {});
  }
  Progress verifying = sample();
  verifying.state = "verifying";
  drawer.draw(verifying);
  CHECK(out.str() == "cleaning\ncleaning\nverifyin\n");
}

TEST_CASE("the end line tells rows and batches and time and rate", "[progress]") {
  RunRow run;
  run.state = "satisfied";
  run.rows = 12'345;
  run.batches = 67;
  run.elapsed_ms = 3'200;
  CHECK(end_line(run) == "satisfied: 12,345 rows in 67 batches, 3.2 s, 3,857 rows/s");
  run.state = "failed";
  run.rows = 0;
  run.batches = 1;
  run.error = "picked rows and deleted none";
  CHECK(end_line(run) == "failed: 0 rows in 1 batch, 3.2 s; picked rows and deleted none");
}

TEST_CASE("only a satisfied run is a success", "[progress]") {
  RunRow run;
  for (const char* state : {"failed", "cancelled", "expired", "skipped"}) {
    run.state = state;
    CHECK(has_ended(run));
    CHECK(end_code(run) == ExitCode::failed);
  }
  run.state = "refused";
  CHECK(end_code(run) == ExitCode::refused);
  run.state = "satisfied";
  CHECK(end_code(run) == ExitCode::done);
  run.state = "verifying";
  CHECK_FALSE(has_ended(run));
}

}  // namespace
}  // namespace lethe::cli
