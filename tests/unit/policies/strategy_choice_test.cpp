#include "common/policies/strategy_choice.hpp"

#include <stdexcept>

#include "common/policies/policy_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/policies/policy_text.hpp"

using namespace lethe;
using lethe::policy_test::only_policy;
using lethe::policy_test::policy_text;

TEST_CASE("a policy that says nothing of partitions deletes rows", "[strategy_choice]") {
  const Policy policy = only_policy(policy_text());
  CHECK(policy.strategy == StrategyChoice::automatic);
  CHECK(policy.partitions == Partitions::rows);
  CHECK_FALSE(drops_partitions(policy));
}

TEST_CASE("the keys that say how rows go are read and survive being stored", "[strategy_choice]") {
  const Policy policy = only_policy(policy_text(
      "strategy", "strategy: partition\n    partitions: quarantine\n    quarantine: 30 days"));
  CHECK(policy.strategy == StrategyChoice::partition);
  CHECK(policy.partitions == Partitions::quarantine);
  CHECK(policy.quarantine_seconds == 30 * 86'400);
  CHECK(drops_partitions(policy));
  CHECK(policy_from_json(to_canonical_json(policy)) == policy);
  const Policy pinned = only_policy(policy_text("strategy", "strategy: index"));
  CHECK(pinned.strategy == StrategyChoice::index);
  CHECK(policy_from_json(to_canonical_json(pinned)) == pinned);
}

TEST_CASE("what is as usual leaves the stored text of a policy as it was", "[strategy_choice]") {
  const std::string usual = to_canonical_json(only_policy(policy_text()));
  CHECK(usual == to_canonical_json(only_policy(policy_text("strategy", "strategy: auto"))));
  CHECK(usual == to_canonical_json(only_policy(policy_text("partitions", "partitions: rows"))));
  CHECK(usual.find("quarantine") == std::string::npos);
}

TEST_CASE("a stored policy with a strategy of another version is refused", "[strategy_choice]") {
  std::string text = to_canonical_json(only_policy(policy_text("strategy", "strategy: sweep")));
  text.replace(text.find("\"sweep\""), 7, "\"burns\"");
  CHECK_THROWS_AS(policy_from_json(text), std::invalid_argument);
}

TEST_CASE("timestamps in numbers let partitions go as a whole", "[strategy_choice]") {
  Policy policy = only_policy(policy_text("partitions", "partitions: drop"));
  policy.units[policy.timestamp.at(0)] = TimeUnit::ms;
  CHECK(drop_obstacle(policy).empty());
}

TEST_CASE("a rule under which some old rows may stay never lets partitions go as a whole",
          "[strategy_choice]") {
  Policy policy = only_policy(policy_text("partitions", "partitions: drop"));
  CHECK(drop_obstacle(policy).empty());
  SECTION("a condition") { policy.where.kind = Condition::Kind::any; }
  SECTION("children that go along") { policy.cascade = {{"public", "lines"}}; }
  SECTION("two timestamps") { policy.timestamp.emplace_back("made_at"); }
  SECTION("no timestamp") { policy.timestamp.clear(); }
  SECTION("UUIDs") { policy.units[policy.timestamp.at(0)] = TimeUnit::uuidv7; }
  SECTION("one tenant") { policy.tenant = TenantRule{"c", {}, {}, "acme"}; }
  CHECK_FALSE(drop_obstacle(policy).empty());
}
