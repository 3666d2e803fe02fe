#include "common/policies/timing_parser.hpp"

#include <chrono>
#include <set>
#include <string>

#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/schedule/jitter.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;
using namespace std::chrono_literals;

namespace {

Policy read(const std::string& keys) {
  return parse_policies(
             "policies:\n  - name: p\n    target: app\n    table: t\n    timestamp: at\n"
             "    retain: 30 days\n" +
                 keys,
             "policies.yaml")
      .policies.at(0);
}

}  // namespace

TEST_CASE("the keys that say when and in what order runs go are read", "[timing]") {
  const Policy policy = read(
      "    window: {from: \"22:30\", to: \"05:00\"}\n    timezone: Europe/Berlin\n    missed: "
      "skip\n"
      "    overlap: queue\n    jitter: 10 minutes\n    lane: big\n    priority: 0\n"
      "    expire_after: 6 hours\n");
  REQUIRE(policy.window);
  CHECK(policy.window->from.minutes == 22 * 60 + 30);
  CHECK(policy.window->to.minutes == 5 * 60);
  CHECK(policy.timezone == "Europe/Berlin");
  CHECK(policy.missed == Missed::skip);
  CHECK(policy.overlap == Overlap::queue);
  CHECK(policy.jitter_seconds == 600);
  CHECK(policy.lane == "big");
  CHECK(policy.priority == 0);
  CHECK(policy.expire_after_seconds == 6 * 3600);
  CHECK(policy_from_json(to_canonical_json(policy)) == policy);
}

TEST_CASE("a policy without these keys has the text that it always had", "[timing]") {
  const std::string text = to_canonical_json(read(""));
  for (const char* key : {"window", "missed", "overlap", "jitter", "lane", "priority", "expire"})
    CHECK(text.find(key) == std::string::npos);
  CHECK(policy_from_json(text) == read(""));
}

TEST_CASE("a time of day is written as it is read", "[timing]") {
  for (const char* text : {"00:00", "01:05", "12:30", "23:59"})
    CHECK(to_text(parse_time_of_day(text)) == text);
}

TEST_CASE("jitter is below its limit, the same for a name and spread over names", "[timing]") {
  CHECK(jitter_offset("executions-90d", 0) == 0s);
  std::set<std::int64_t> offsets;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "policy-" + std::to_string(i);
    const auto offset = jitter_offset(name, 600);
    CHECK(offset >= 0s);
    CHECK(offset < 600s);
    CHECK(offset == jitter_offset(name, 600));
    offsets.insert(offset.count());
  }
  CHECK(offsets.size() > 400);
}

TEST_CASE("how hard batches may press is read and kept", "[timing]") {
  const Policy policy =
      read("    batch: {target_ms: 100, duty_percent: 25, rows_per_second: 5000}\n");
  CHECK(policy.batch == BatchRule{100, 25, 5'000});
  CHECK(policy_from_json(to_canonical_json(policy)) == policy);
  CHECK(to_canonical_json(read("")).find("batch") == std::string::npos);
}

TEST_CASE("a wrong limit of batches is refused with its key", "[timing]") {
  for (const auto& [keys, part] : std::vector<std::pair<std::string, std::string>>{
           {"batch: {}", "changes nothing"},
           {"batch: {target_ms: 9}", "batch.target_ms"},
           {"batch: {duty_percent: 0}", "batch.duty_percent"},
           {"batch: {duty_percent: 101}", "batch.duty_percent"},
           {"batch: {rows_per_second: 0}", "batch.rows_per_second"},
           {"batch: {rows: 1}", "rows"}}) {
    CAPTURE(keys);
    CHECK_THROWS_WITH(read("    " + keys + "\n"), test::contains(part));
  }
}
