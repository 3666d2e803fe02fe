#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

using namespace lethe;
using lethe::cli::test::FakeWorld;
using lethe::cli::test::sample_policy;

namespace {

struct GuardWorld : FakeWorld {
  GuardWorld() {
    add_target("app");
    add_policy(sample_policy("logs-90d"));
    connector.behaviours["service=app"].census.eligible = 1'234'567;
    connector.behaviours["service=app"].census.total = 2'000'000;
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t place_of(const FakeWorld& world, const std::string& entry) {
  const auto found = std::find(world.log.begin(), world.log.end(), entry);
  CAPTURE(world.log);
  REQUIRE(found != world.log.end());
  return static_cast<std::size_t>(found - world.log.begin());
}

}  // namespace

TEST_CASE("acknowledge counts and tells the number that it agrees to", "[cli][guards]") {
  GuardWorld world;
  CHECK(world.run({"policy", "acknowledge", "logs-90d"}) == ExitCode::done);
  CHECK(has(world.err.str(), "1,234,567 of 2,000,000 rows"));
  CHECK(place_of(world, "acknowledge 1234567 rows of logs-90d by ana@host") >
        place_of(world, "keep preview of 'logs-90d' by ana@host"));
}

TEST_CASE("policy run agrees before it fires and only when it is told to", "[cli][guards]") {
  GuardWorld world;
  world.add_run("planned");
  CHECK(world.run({"policy", "run", "logs-90d", "--acknowledge"}) == ExitCode::done);
  CHECK(place_of(world, "acknowledge 1234567 rows of logs-90d by ana@host") <
        place_of(world, "start run of 'logs-90d' at 7"));
  GuardWorld plain;
  plain.add_run("planned");
  CHECK(plain.run({"policy", "run", "logs-90d"}) == ExitCode::done);
  CHECK(std::none_of(plain.log.begin(), plain.log.end(),
                     [](const std::string& entry) { return has(entry, "acknowledge"); }));
}

TEST_CASE("approve passes on who it is", "[cli][guards]") {
  GuardWorld world;
  CHECK(world.run({"policy", "approve", "logs-90d", "--output", "json"}) == ExitCode::done);
  place_of(world, "approve logs-90d by ana@host");
  CHECK(has(world.out.str(), "\"approved_by\":\"ana@host\""));
  CHECK(world.run({"policy", "approve", "nothing"}) == ExitCode::not_found);
}

TEST_CASE("a refused run ends the command with the guards' exit code", "[cli][guards]") {
  GuardWorld world;
  world.add_run("refused");
  CHECK(world.run({"policy", "run", "logs-90d", "--wait"}) == ExitCode::refused);
}

TEST_CASE("a yes on the terminal covers the count that was shown and --yes covers none",
          "[cli][guards]") {
  const std::vector<std::string> command{
      "enqueue", "--target", "app", "--table", "logs", "--timestamp", "at", "--older-than", "90d"};
  GuardWorld asked;
  asked.add_run("planned");
  asked.terminal = {.in = true, .out = true, .err = true};
  asked.in.str("y\n");
  CHECK(asked.run(command) == ExitCode::done);
  CHECK(asked.runs.start_options.acknowledged == 1'234'567);
  GuardWorld unasked;
  unasked.add_run("planned");
  auto with_yes = command;
  for (const char* const word : {"--yes", "--max-rows", "500", "--max-fraction", "0.25"})
    with_yes.emplace_back(word);
  CHECK(unasked.run(with_yes) == ExitCode::done);
  CHECK_FALSE(unasked.runs.start_options.acknowledged.has_value());
  CHECK(unasked.runs.started.guards.max_rows_per_run == 500);
  CHECK(unasked.runs.started.guards.max_fraction_ppm == 250'000);
  with_yes.back() = "25%";
  CHECK(unasked.run(with_yes) == ExitCode::usage);
  CHECK(has(unasked.err.str(), "--max-fraction:"));
}

TEST_CASE("a preview is kept without keys of rows and shown with them", "[cli][guards]") {
  GuardWorld world;
  auto& census = world.connector.behaviours["service=app"].census;
  census.samples = {R"({"id": 4711})"};
  census.wal_bytes = 5'000'000;
  world.runs.pace = 20;
  CHECK(world.run({"policy", "preview", "logs-90d"}) == ExitCode::done);
  CHECK(has(world.out.str(), "4711"));
  CHECK(has(world.out.str(), "about 5.0 MB of WAL"));
  CHECK(has(world.out.str(), "about 24.6 s by the policy's last run"));
  REQUIRE(world.runs.previews.size() == 1);
  CHECK(world.runs.previews[0].eligible == 1'234'567);
  CHECK(has(world.runs.previews[0].census, "\"eligible\":1234567"));
  CHECK_FALSE(has(world.runs.previews[0].census, "4711"));
}

TEST_CASE("an account that may not keep a preview still sees it", "[cli][guards]") {
  GuardWorld world;
  world.runs.keeps_no_preview = true;
  CHECK(world.run({"policy", "preview", "logs-90d"}) == ExitCode::done);
  CHECK(has(world.out.str(), "1,234,567"));
  CHECK(has(world.err.str(), "the preview was not kept"));
}

TEST_CASE("run show compares a run with its preview", "[cli][guards]") {
  GuardWorld world;
  world.add_run("satisfied");
  world.runs.rows[0].finished_at = "2026-11-21T03:00:00.000000Z";
  PreviewRow preview;
  preview.made_by = "ana@ops";
  preview.at = "2026-11-21T02:00:00.000000Z";
  preview.eligible = 12'400;
  world.runs.preview = preview;
  CHECK(world.run({"run", "show", "R1"}) == ExitCode::done);
  CHECK(has(world.out.str(), "by ana@ops: 12,400 rows; the run took 12,345"));
  FakeWorld without;
  without.add_run("satisfied");
  CHECK(without.run({"run", "show", "R1", "--output", "json"}) == ExitCode::done);
  CHECK(has(without.out.str(), "\"preview_rows\":null"));
}
