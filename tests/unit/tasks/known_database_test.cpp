#include "common/tasks/known_database.hpp"

#include "tests/support/catch.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::contains;

namespace {

const DatabaseIdentity home{.system_identifier = "7001", .timeline = 2, .database = 16'384};

KnownDatabase known() { return {.identity = home, .task = "T1", .ledger = {.id = 9, .hash = "h"}}; }

constexpr std::int64_t second = 1'000'000;

}  // namespace

TEST_CASE("the database that is known, with all that is known of it, is no stranger",
          "[known_database]") {
  CHECK(database_problem(known(), {.identity = home}).empty());
}

TEST_CASE("nothing is strange where nothing is known", "[known_database]") {
  CHECK(database_problem({}, {.identity = home, .has_task = false, .has_ledger = false}).empty());
}

TEST_CASE("another cluster or database is strange whatever it has", "[known_database]") {
  const bool survives = GENERATE(false, true);
  KnownDatabase one = known();
  one.survives_failover = survives;
  DatabaseIdentity other = home;
  other.system_identifier = "7002";
  CHECK_THAT(database_problem(one, {.identity = other}),
             contains("another cluster (system identifier 7002, before 7001)"));
  other = home;
  other.database = 16'385;
  CHECK_THAT(database_problem(one, {.identity = other}), contains("another database"));
}

TEST_CASE("a database that lacks what was committed in it is strange", "[known_database]") {
  const bool survives = GENERATE(false, true);
  KnownDatabase one = known();
  one.survives_failover = survives;
  DatabaseIdentity now = home;
  now.timeline = GENERATE(2, 3);
  CHECK_THAT(database_problem(one, {.identity = now, .has_task = true, .has_ledger = false}),
             contains("its ledger lacks row 9"));
  CHECK_THAT(database_problem(one, {.identity = now, .has_task = false, .has_ledger = true}),
             contains("does not know task T1"));
}

TEST_CASE("a standby that took over is strange unless the target is to survive it",
          "[known_database]") {
  KnownDatabase one = known();
  DatabaseIdentity now = home;
  now.timeline = 3;
  CHECK_THAT(database_problem(one, {.identity = now}), contains("timeline 3, before on 2"));
  one.survives_failover = true;
  CHECK(database_problem(one, {.identity = now}).empty());
  now.timeline = 1;
  CHECK_THAT(database_problem(one, {.identity = now}), contains("timeline 1, before on 2"));
}

TEST_CASE("clocks that may agree are no problem", "[known_database]") {
  const std::chrono::steady_clock::time_point zero{};
  const ClockReading control{.us = 1'000 * second, .asked = zero, .answered = zero + 2s};
  const auto problem = [&](std::int64_t seconds) {
    return clock_problem(
        control, {.us = seconds * second, .asked = zero + 10s, .answered = zero + 14s}, 60s);
  };
  // Between 8 and 14 seconds passed between the two readings.
  CHECK(problem(1'010).empty());
  CHECK(problem(1'074).empty());
  CHECK(problem(948).empty());
  CHECK_THAT(problem(1'075),
             contains("61 s ahead of the control database's") && contains("60 s are allowed"));
  CHECK_THAT(problem(947), contains("61 s behind the control database's"));
  CHECK(clock_problem({}, {.us = 5, .asked = zero, .answered = zero}, 60s).empty());
}
