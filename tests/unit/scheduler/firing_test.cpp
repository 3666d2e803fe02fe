#include "scheduler/firing.hpp"

#include <functional>
#include <stdexcept>

#include "common/policies/policy_json.hpp"
#include "common/schedule/jitter.hpp"
#include "common/store_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_scheduler_store.hpp"

using namespace lethe;
using namespace lethe::scheduler;
using namespace std::chrono_literals;

namespace {

const Instant midnight{std::chrono::sys_days(std::chrono::year(2026) / 3 / 1)};

DuePolicy due(const std::string& name, const std::string& schedule, Instant cursor, Instant now) {
  Policy policy;
  policy.name = name;
  policy.target = "app";
  policy.table = {.schema = "public", .table = "events"};
  policy.timestamp = {"created_at"};
  policy.retain = {.months = 0, .seconds = 86'400};
  policy.schedule = schedule;
  return {.name = name,
          .spec_text = to_canonical_json(policy),
          .epoch = 4,
          .fire_cursor = cursor,
          .now = now};
}

/// As due(), of a policy with more in it.
DuePolicy due_with(DuePolicy plain, const std::function<void(Policy&)>& change) {
  Policy policy = policy_from_json(plain.spec_text);
  change(policy);
  plain.spec_text = to_canonical_json(policy);
  return plain;
}

struct World {
  test::FakeClock clock;
  test::MemoryLeadership leadership{clock};
  test::MemorySchedulerStore store{leadership};
  SchedulerMetrics metrics;
  CountedStore counted{store, metrics};
  FiringDuty firing{counted, metrics};
  Lead lead{.term = *leadership.campaign("me", 15s)};

  /// What lethe_firings_total says.
  [[nodiscard]] double count(const std::string& outcome) const {
    for (const MetricFamily& family : metrics.families())
      for (const MetricSample& sample : family.samples)
        if (family.name == "lethe_firings_total" && sample.labels.front().second == outcome)
          return sample.value;
    return -1;
  }
};

}  // namespace

TEST_CASE("the newest due instant fires and the older ones were missed", "[firing]") {
  const auto firing = plan_firing(due("p", "0 * * * *", midnight, midnight + 3h + 10min));
  REQUIRE(firing.has_value());
  CHECK(firing->scheduled_for == midnight + 3h);
  CHECK(firing->missed == std::vector<Instant>{midnight + 1h, midnight + 2h});
  CHECK(firing->next == midnight + 4h);
  CHECK(firing->target == "app");
  CHECK(firing->epoch == 4);
  CHECK(firing->retain == to_interval({.months = 0, .seconds = 86'400}));
  CHECK(policy_from_json(firing->spec_text).name == "p");
}

TEST_CASE("an instant that is due exactly now fires", "[firing]") {
  const auto firing = plan_firing(due("p", "0 * * * *", midnight, midnight + 1h));
  CHECK(firing->scheduled_for == midnight + 1h);
  CHECK(firing->missed.empty());
  CHECK(firing->next == midnight + 2h);
}

TEST_CASE("nothing fires when no instant has come since the last one", "[firing]") {
  CHECK_FALSE(plan_firing(due("p", "0 * * * *", midnight, midnight + 59min)).has_value());
  CHECK_FALSE(plan_firing(due("p", "", midnight, midnight + 24h)).has_value());
}

TEST_CASE("a scheduler that was away for long records at most a thousand instants", "[firing]") {
  const auto firing = plan_firing(due("p", "every 10 s", midnight, midnight + 24h * 30));
  CHECK(firing->scheduled_for == midnight + 24h * 30);
  CHECK(firing->missed.size() == 999);
}

TEST_CASE("a policy that cannot be read is no firing but an error", "[firing]") {
  DuePolicy broken = due("p", "0 * * * *", midnight, midnight + 1h);
  broken.spec_text = "{";
  CHECK_THROWS_AS(plan_firing(broken), std::invalid_argument);
  CHECK_THROWS_AS(plan_firing(due("p", "61 * * * *", midnight, midnight + 1h)),
                  std::invalid_argument);
}

TEST_CASE("each instant makes exactly one run however often it is found due", "[firing]") {
  World world;
  world.store.due = {due("p", "0 * * * *", midnight, midnight + 1h)};
  world.firing.run_once(world.lead);
  world.firing.run_once(world.lead);
  FiringDuty other(world.counted, world.metrics);
  other.run_once(world.lead);
  CHECK(world.store.firings.size() == 1);
  world.store.due = {due("p", "0 * * * *", midnight + 1h, midnight + 2h)};
  world.firing.run_once(world.lead);
  CHECK(world.store.firings.size() == 2);
}

TEST_CASE("a policy that cannot fire does not stop the others", "[firing]") {
  World world;
  world.store.due = {due("broken", "61 * * * *", midnight, midnight + 1h),
                     due("rejected", "0 * * * *", midnight, midnight + 1h),
                     due("good", "0 * * * *", midnight, midnight + 1h)};
  world.store.rejected["rejected"] = "23503";
  world.firing.run_once(world.lead);
  REQUIRE(world.store.firings.size() == 1);
  CHECK(world.store.firings[0].policy == "good");
  CHECK(world.count("run") == 1);
  CHECK(world.count("refused") == 2);
  world.firing.run_once(world.lead);
  CHECK(world.count("refused") == 4);  // at each attempt
}

TEST_CASE("a refusal that cannot be about one policy fails the duty once all were tried",
          "[firing]") {
  for (const char* state : {"42501", "42P01", "28000", "3F000", "XX002", "55000", ""}) {
    World world;
    world.store.due = {due("a", "0 * * * *", midnight, midnight + 1h),
                       due("b", "0 * * * *", midnight, midnight + 1h)};
    world.store.rejected["a"] = state;
    INFO(state);
    CHECK_THROWS_AS(world.firing.run_once(world.lead), StoreError);
    CHECK(world.store.firings.size() == 1);
    CHECK(world.count("refused") == 1);
  }
}

TEST_CASE("many policies that cannot fire and none that can fail the duty", "[firing]") {
  World world;
  for (char name = 'a'; name < 'a' + 9; ++name)
    world.store.due.push_back(due({name}, "61 * * * *", midnight, midnight + 1h));
  CHECK_NOTHROW(world.firing.run_once(world.lead));
  world.store.due.push_back(due("x", "61 * * * *", midnight, midnight + 1h));
  CHECK_THROWS_AS(world.firing.run_once(world.lead), StoreError);
  CHECK(world.count("refused") == 19);
}

TEST_CASE("what is counted as skipped is what was recorded as skipped", "[firing]") {
  World world;
  world.store.due = {due("p", "0 * * * *", midnight, midnight + 3h)};
  world.firing.run_once(world.lead);
  CHECK(world.count("run") == 1);
  CHECK(world.count("skipped") == 2);
  world.firing.run_once(world.lead);  // recorded already
  CHECK(world.count("run") == 1);
  CHECK(world.count("skipped") == 2);
  world.store.due = {due_with(due("q", "0 * * * *", midnight, midnight + 1h + 61s),
                              [](Policy& policy) { policy.missed = Missed::skip; })};
  world.firing.run_once(world.lead);
  CHECK(world.count("run") == 1);
  CHECK(world.count("skipped") == 3);
}

TEST_CASE("however many policies cannot fire, the others do", "[firing]") {
  World world;
  for (int i = 0; i < 250; ++i)
    world.store.due.push_back(
        due("broken" + std::to_string(i), "61 * * * *", midnight, midnight + 1h));
  world.store.due.push_back(due("good", "0 * * * *", midnight, midnight + 1h));
  world.firing.run_once(world.lead);
  REQUIRE(world.store.firings.size() == 1);
  CHECK(world.store.firings[0].policy == "good");
}

TEST_CASE("a term that is over fires nothing", "[firing]") {
  World world;
  world.store.due = {due("p", "0 * * * *", midnight, midnight + 1h)};
  world.clock.advance(15s);
  world.store.due.push_back(due("q", "0 * * * *", midnight, midnight + 1h));
  world.firing.run_once(world.lead);
  CHECK(world.store.firings.empty());
  CHECK(world.store.fire_calls == 1);  // the first one shows it
  CHECK(world.count("skipped") == 0);
}

TEST_CASE("a firing that goes on for long ends when the term is not to be kept", "[firing]") {
  World world;
  for (const char* name : {"a", "b", "c"})
    world.store.due.push_back(due(name, "0 * * * *", midnight, midnight + 1h));
  int asked = 0;
  world.lead.keep = [&asked] { return ++asked < 3; };
  world.firing.run_once(world.lead);
  CHECK(world.store.firings.size() == 2);
}

TEST_CASE("with jitter an instant fires later by the policy's own part of it", "[firing]") {
  const auto jitter = [](Policy& policy) { policy.jitter_seconds = 600; };
  const auto offset = jitter_offset("p", 600);
  REQUIRE(offset > 1s);
  const auto at = [&](Instant now) {
    return plan_firing(due_with(due("p", "0 * * * *", midnight, now), jitter));
  };
  CHECK_FALSE(at(midnight + 1s));  // looks from before the cursor
  CHECK_FALSE(at(midnight + 1h + offset - 1s));
  const auto firing = at(midnight + 1h + offset);
  REQUIRE(firing);
  CHECK(firing->scheduled_for == midnight + 1h);
  CHECK(firing->next == midnight + 2h + offset);
  CHECK(firing->run_newest);
}

TEST_CASE("a policy that skips what was missed runs only what is on time", "[firing]") {
  const auto skip = [](Policy& policy) { policy.missed = Missed::skip; };
  const auto at = [&](Instant now) {
    return plan_firing(due_with(due("p", "0 * * * *", midnight, now), skip));
  };
  CHECK(at(midnight + 1h + 60s)->run_newest);
  CHECK_FALSE(at(midnight + 1h + 61s)->run_newest);
  CHECK(plan_firing(due("p", "0 * * * *", midnight, midnight + 1h + 61s))->run_newest);
}

TEST_CASE("what a policy says of overlaps goes with its firing", "[firing]") {
  const auto plain = due("p", "0 * * * *", midnight, midnight + 1h);
  CHECK(plan_firing(plain)->overlap == Overlap::skip);
  const auto queue = [](Policy& policy) { policy.overlap = Overlap::queue; };
  CHECK(plan_firing(due_with(plain, queue))->overlap == Overlap::queue);
}
