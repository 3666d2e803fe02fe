#include "cli/start_time.hpp"

#include <stdexcept>

#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

TEST_CASE("an instant is read with its zone in the usual forms", "[start_time]") {
  for (const char* text :
       {"2026-11-21T03:00Z", "2026-11-21 03:00Z", "2026-11-21T03:00:00Z",
        "2026-11-21T03:00:00.000000Z", "2026-11-21T04:00+01:00", "2026-11-20T22:30:00-04:30"}) {
    INFO(text);
    CHECK(to_iso8601(parse_instant(text)) == "2026-11-21T03:00:00.000000Z");
  }
  CHECK(to_iso8601(parse_instant("2026-11-21T03:00:01.5Z")) == "2026-11-21T03:00:01.500000Z");
}

TEST_CASE("an instant without a zone or with anything else around it is refused", "[start_time]") {
  for (const char* text : {"", "Z", "2026-11-21", "2026-11-21T03:00", "2026-11-21T03:00:00",
                           "2026-11-21T03:00Zulu", "2026-02-30T03:00Z", "2026-11-21T24:30Z",
                           "2026-11-21T03:60Z", "tomorrow", "03:00Z", "2026-11-21T03:00Z "}) {
    INFO(text);
    CHECK_THROWS_AS(parse_instant(text), std::invalid_argument);
  }
}

TEST_CASE("an expiry is between a minute and thirty days", "[start_time]") {
  CHECK(parse_expiry("1min") == 60);
  CHECK(parse_expiry("30 days") == 2'592'000);
  for (const char* text : {"59s", "31d", "1mon", "1mon 1d", "0h", "soon"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_expiry(text), std::invalid_argument);
  }
}

std::vector<std::string> enqueue_with(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"enqueue",     "--target", "app",          "--table", "logs",
                                     "--timestamp", "at",       "--older-than", "90d",     "--yes"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

struct Enqueue {
  FakeWorld world;  // whose clock says 1971-01-01
  Enqueue() {
    world.add_target("app");
    world.add_policy(sample_policy("p"));
    world.add_run("planned");
  }
};

TEST_CASE("a run that starts later expires a day after its start", "[start_time]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run(enqueue_with({"--in", "3d"})) == ExitCode::done);
  CHECK(enqueue.world.runs.start_options.not_before == "0 mons 259200 secs");
  CHECK(enqueue.world.runs.started.expire_after_seconds == 4 * 86'400);
  CHECK(enqueue.world.run(enqueue_with({"--at", "1971-01-01T02:00+01:00"})) == ExitCode::done);
  CHECK(enqueue.world.runs.start_options.not_before == "1971-01-01T01:00:00.000000Z");
  CHECK(enqueue.world.runs.started.expire_after_seconds == 3'600 + 86'400);
}

TEST_CASE("a run that would expire before it starts is refused", "[start_time]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run(enqueue_with({"--in", "3d", "--expire-after", "3d"})) == ExitCode::usage);
  CHECK(enqueue.world.run(enqueue_with({"--in", "30d"})) == ExitCode::usage);
  CHECK(enqueue.world.run({"policy", "run", "p", "--in", "24h"}) == ExitCode::refused);
  CHECK(enqueue.world.log.empty());
  CHECK(enqueue.world.run({"policy", "run", "p", "--in", "23h"}) == ExitCode::done);
  CHECK(enqueue.world.runs.start_options.not_before == "0 mons 82800 secs");
  CHECK(enqueue.world.runs.start_options.policy_epoch == 7);
  CHECK(enqueue.world.runs.started == sample_policy("p"));
}

TEST_CASE("a start in the past and two starts at once are usage errors", "[start_time]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run(enqueue_with({"--at", "1970-12-31T23:59Z"})) == ExitCode::usage);
  CHECK(enqueue.world.err.str().find("has passed") != std::string::npos);
  CHECK(enqueue.world.run(enqueue_with({"--at", "1971-01-02T00:00Z", "--in", "1h"})) ==
        ExitCode::usage);
  CHECK(enqueue.world.log.empty());
}

TEST_CASE("enqueue says which lane and place in line its run has", "[start_time]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run(enqueue_with({})) == ExitCode::done);
  CHECK(enqueue.world.runs.started.lane == "urgent");
  CHECK(enqueue.world.runs.started.priority == 2);
  CHECK(enqueue.world.runs.started.expire_after_seconds == 86'400);
  CHECK(enqueue.world.runs.start_options.not_before.empty());
  CHECK(enqueue.world.run(enqueue_with(
            {"--lane", "whale", "--priority", "0", "--expire-after", "2h"})) == ExitCode::done);
  CHECK(enqueue.world.runs.started.lane == "whale");
  CHECK(enqueue.world.runs.started.priority == 0);
  CHECK(enqueue.world.runs.started.expire_after_seconds == 7'200);
  CHECK(enqueue.world.run(enqueue_with({"--priority", "5"})) == ExitCode::usage);
  CHECK(enqueue.world.run(enqueue_with({"--lane", "Big One"})) == ExitCode::usage);
}

TEST_CASE("a run that is open under the same key is returned and not made again", "[start_time]") {
  Enqueue enqueue;
  CHECK(enqueue.world.run(enqueue_with({"--source-id", "nightly"})) == ExitCode::done);
  CHECK(enqueue.world.runs.start_options.source_id == "nightly");
  CHECK(enqueue.world.out.str() == "run R1 was made; follow it with lethe run watch R1\n");
  enqueue.world.runs.open_source_id = "nightly";
  CHECK(enqueue.world.run(enqueue_with({"--source-id", "nightly"})) == ExitCode::done);
  CHECK(enqueue.world.out.str().find(
            "already enqueued as run R1; follow it with lethe run watch R1\n") !=
        std::string::npos);
  CHECK(enqueue.world.run(enqueue_with({"--source-id", "nightly", "--output", "json"})) ==
        ExitCode::done);
  CHECK(enqueue.world.err.str() == "already enqueued as run R1\n");
  CHECK(enqueue.world.run(enqueue_with({"--source-id", "a\nb"})) == ExitCode::usage);
}

}  // namespace
}  // namespace lethe::cli::test
