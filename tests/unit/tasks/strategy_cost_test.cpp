#include "common/tasks/strategy_cost.hpp"

#include <rapidcheck.h>

#include "common/control/target_database.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;

namespace {

constexpr std::int32_t version = 150'018;

Policy policy_on(std::vector<std::string> timestamp) {
  Policy policy;
  policy.timestamp = std::move(timestamp);
  return policy;
}

/// Two million rows of 230 bytes, of which `expired` may go.
RelationFacts large(double expired, bool indexed = true) {
  RelationFacts facts;
  facts.name = "public.events";
  facts.blocks = 57'000;
  facts.rows = 2e6;
  facts.expired = expired;
  facts.keys = {{.indexed = indexed, .expired = expired, .splits = {}}};
  return facts;
}

ChosenStrategy choose(const RelationFacts& facts, std::int32_t server = version) {
  return choose_strategy(facts, policy_on({"at"}), server);
}

const Candidate& candidate(const ChosenStrategy& choice, Strategy strategy) {
  for (const Candidate& one : choice.candidates)
    if (one.strategy == strategy) return one;
  FAIL("no such candidate");
  return choice.candidates.at(0);
}

}  // namespace

TEST_CASE("the cheaper strategy is chosen by estimated cost", "[strategy_cost]") {
  const ChosenStrategy few = choose(large(20'000));
  CHECK(few.chosen == Strategy::index);
  CHECK(few.reason.find("1 % of the rows are expired") != std::string::npos);
  CHECK(candidate(few, Strategy::index).cost_ms == Approx(70));
  CHECK(candidate(few, Strategy::sweep).cost_ms == Approx(426));
  CHECK(candidate(few, Strategy::index).blocks == Approx(20'000));
  const ChosenStrategy half = choose(large(1e6));
  CHECK(half.chosen == Strategy::sweep);
  CHECK(candidate(half, Strategy::index).blocks == Approx(57'000));
}

TEST_CASE("more expired rows never make an index the better choice", "[strategy_cost]") {
  CHECK(rc::check("monotone", [] {
    const double fewer = *rc::gen::inRange(0, 2'000'000);
    const double more = *rc::gen::inRange(static_cast<int>(fewer), 2'000'001);
    if (choose(large(more)).chosen == Strategy::index)
      RC_ASSERT(choose(large(fewer)).chosen == Strategy::index);
  }));
}

TEST_CASE("a sweep is chosen where nothing is known", "[strategy_cost]") {
  RelationFacts facts = large(-1);
  CHECK(choose(facts).chosen == Strategy::sweep);
  CHECK(choose(facts).reason.find("nobody knows") != std::string::npos);
  facts = large(10);
  facts.rows = -1;
  CHECK(choose(facts).chosen == Strategy::sweep);
  CHECK(candidate(choose(facts), Strategy::index).cost_ms == -1);
}

TEST_CASE("what an index would cost is told also where there is none", "[strategy_cost]") {
  const ChosenStrategy choice = choose(large(20'000, false));
  CHECK(choice.chosen == Strategy::sweep);
  CHECK(candidate(choice, Strategy::index).cost_ms == Approx(70));
  CHECK(candidate(choice, Strategy::index).obstacle.find("no index leads") == 0);
  CHECK(choice.reason.find("index is not to be had: no index leads") == 0);
  CHECK(missing_indexes(large(1, false), policy_on({"Created\"At"})) ==
        std::vector<std::string>{"CREATE INDEX CONCURRENTLY ON public.events (\"Created\"\"At\")"});
  CHECK(missing_indexes(large(1, true), policy_on({"at"})).empty());
}

TEST_CASE("an index pays only when all timestamp columns together meet few rows",
          "[strategy_cost]") {
  RelationFacts facts = large(90'000);
  facts.keys = {{.indexed = true, .expired = 90'000, .splits = {}},
                {.indexed = true, .expired = 90'000, .splits = {}}};
  CHECK(choose_strategy(facts, policy_on({"a", "b"}), version).chosen == Strategy::sweep);
  facts.keys[1].expired = 0;
  CHECK(choose_strategy(facts, policy_on({"a", "b"}), version).chosen == Strategy::index);
}

TEST_CASE("a role that may not lock rows sweeps", "[strategy_cost]") {
  RelationFacts facts = large(10);
  facts.may_lock = false;
  CHECK(choose(facts).chosen == Strategy::sweep);
  CHECK(choose(facts).reason.find("grant it UPDATE on public.events") != std::string::npos);
  CHECK(choose(facts, 130'023).chosen == Strategy::sweep);
}

TEST_CASE("PostgreSQL 13 sweeps dearly and so takes an index for more rows", "[strategy_cost]") {
  CHECK(choose(large(2e6)).chosen == Strategy::sweep);
  CHECK(choose(large(2e6), 130'023).chosen == Strategy::index);
  CHECK(choose(large(-1), 130'023).chosen == Strategy::sweep);
  CHECK(choose(large(1, false), 130'023).chosen == Strategy::sweep);
}

TEST_CASE("PostgreSQL 13 follows a key where rows lie in its order and else lists addresses",
          "[strategy_cost]") {
  RelationFacts facts = large(1e6, false);
  facts.unique_key = {.columns = {"id"}, .obstacle = "", .correlation = 1, .splits = {}};
  const ChosenStrategy in_order = choose(facts, 130'023);
  CHECK(in_order.chosen == Strategy::key);
  CHECK(candidate(in_order, Strategy::key).cost_ms == Approx(1'600));
  CHECK(candidate(in_order, Strategy::sweep).cost_ms == Approx(12'300));
  CHECK(in_order.reason ==
        "50 % of the rows are expired, and key costs about 1.6e+03 ms where sweep costs 1.23e+04");
  CHECK(choose(facts).chosen == Strategy::sweep);
  facts.unique_key.correlation = -1;
  CHECK(choose(facts, 130'023).chosen == Strategy::key);
  facts.unique_key.correlation = 0;
  const ChosenStrategy scattered = choose(facts, 130'023);
  CHECK(scattered.chosen == Strategy::sweep);
  CHECK(candidate(scattered, Strategy::key).cost_ms == Approx(12'600));
  facts.rows = 2e5;  // eight to a block
  facts.expired = 1e5;
  CHECK(choose(facts, 130'023).chosen == Strategy::key);
  facts.rows = -1;
  CHECK(choose(facts, 130'023).chosen == Strategy::sweep);
  CHECK(candidate(choose(facts, 130'023), Strategy::key).cost_ms == -1);
}

TEST_CASE("a key that serves is no reason to leave an index that leads to few rows",
          "[strategy_cost]") {
  RelationFacts facts = large(20'000);
  facts.unique_key = {.columns = {"id"}, .obstacle = "", .correlation = 1, .splits = {}};
  CHECK(choose(facts, 130'023).chosen == Strategy::index);
  facts.expired = -1;
  facts.keys[0].expired = -1;
  const ChosenStrategy unknown = choose(facts, 130'023);
  CHECK(unknown.chosen == Strategy::key);
  CHECK(unknown.reason.find("an unknown share of the rows") == 0);
}

TEST_CASE("a pinned key is taken where there is one and else refused with the cure",
          "[strategy_cost]") {
  RelationFacts facts = large(10);
  Policy policy = policy_on({"at"});
  policy.strategy = StrategyChoice::key;
  facts.unique_key = {.columns = {"id"}, .obstacle = "", .correlation = 0, .splits = {}};
  CHECK(choose_strategy(facts, policy, version).chosen == Strategy::key);
  facts.unique_key = {.columns = {}, .obstacle = "there is none; make one", .splits = {}};
  const ChosenStrategy none = choose_strategy(facts, policy, version);
  CHECK_FALSE(none.chosen);
  CHECK(none.reason ==
        "strategy key is impossible: there is none; make one; or write strategy: auto");
  CHECK(candidate(none, Strategy::key).obstacle == "there is none; make one");
}

TEST_CASE("a partition goes as a whole only where bounds and policy say so", "[strategy_cost]") {
  RelationFacts facts = large(2e6);
  facts.keys.clear();
  facts.partition = {.ranged = true, .expired = true, .obstacle = "", .missing_right = ""};
  Policy policy = policy_on({"at"});
  const auto obstacle = [&] {
    const ChosenStrategy choice = choose_strategy(facts, policy, version);
    CHECK((choice.chosen == Strategy::partition) ==
          candidate(choice, Strategy::partition).obstacle.empty());
    return std::string(candidate(choice, Strategy::partition).obstacle);
  };
  CHECK(obstacle().find("add partitions: quarantine") != std::string::npos);
  policy.partitions = Partitions::quarantine;
  CHECK(obstacle().empty());
  CHECK(choose_strategy(facts, policy, version).reason ==
        "its bounds let in nothing that stays, and the policy says quarantine");
  CHECK(missing_indexes(facts, policy).empty());
  facts.blocks = 0;
  CHECK(obstacle().empty());
  facts.partition.missing_right = "GRANT app TO lethe";
  CHECK(obstacle().find("GRANT app TO lethe") != std::string::npos);
  CHECK(plan_refusal({facts}, policy) ==
        "taking partition public.events away needs the rights of its owner; run: GRANT app TO "
        "lethe; or write partitions: rows");
  facts.partition.obstacle = "it is the newest partition";
  CHECK(obstacle() == "it is the newest partition");
  CHECK(plan_refusal({facts}, policy).empty());
  facts.partition.expired = false;
  CHECK(obstacle() == "its bounds let in rows that are young enough to stay");
  facts.partition.ranged = false;
  CHECK(obstacle() == "it is not bounded by a range of at alone");
  policy.units["at"] = TimeUnit::uuidv7;
  CHECK(obstacle().find("of version 7") != std::string::npos);
}

TEST_CASE("a pinned strategy is taken whatever it costs", "[strategy_cost]") {
  Policy policy = policy_on({"at"});
  policy.strategy = StrategyChoice::index;
  const ChosenStrategy choice = choose_strategy(large(2e6), policy, version);
  CHECK(choice.chosen == Strategy::index);
  CHECK(choice.reason == "the policy pins strategy: index");
  CHECK(candidate(choice, Strategy::sweep).cost_ms < candidate(choice, Strategy::index).cost_ms);
}

TEST_CASE("a role that may read single columns alone goes along a key or not at all",
          "[strategy_cost]") {
  RelationFacts facts = large(20'000);
  facts.may_read = false;
  facts.unique_key.obstacle = "public.events has no unique key";
  const ChosenStrategy none = choose(facts);
  CHECK_FALSE(none.chosen);
  CHECK(none.reason.find("grant it SELECT on the whole of it") != std::string::npos);
  CHECK(none.reason.find("public.events has no unique key") != std::string::npos);
  facts.unique_key.obstacle = "";
  facts.unique_key.columns = {"id"};
  CHECK(choose(facts).chosen == Strategy::key);
}

TEST_CASE("there is nothing to choose for an empty relation", "[strategy_cost]") {
  RelationFacts facts = large(-1);
  facts.blocks = 0;
  CHECK_FALSE(choose(facts).chosen);
  CHECK(choose(facts).reason == "it is empty");
  CHECK(plan_refusal({facts}, policy_on({"at"})).empty());
}

TEST_CASE("a foreign key without an index costs a look through the child for every row",
          "[strategy_cost]") {
  ForeignKey key{.name = "k",
                 .child = "public.child",
                 .columns = "parent",
                 .action = "no action",
                 .missing_indexes = {},
                 .child_blocks = 1'000,
                 .child_rows = 100'000};
  const double with_index = foreign_key_cost_ms(key, 1'000);
  key.missing_indexes = {"CREATE INDEX"};
  CHECK(foreign_key_cost_ms(key, 1'000) > 100 * with_index);
  CHECK(foreign_key_cost_ms(key, -1) == 0);
}

TEST_CASE("rows of strict tenants never go by an index", "[strategy_cost]") {
  Policy policy = policy_on({"at"});
  policy.tenant = TenantRule{};
  CHECK(choose_strategy(large(200), policy, version).chosen == Strategy::index);
  policy.tenant->strict = true;
  const ChosenStrategy choice = choose_strategy(large(200), policy, version);
  CHECK(choice.chosen == Strategy::sweep);
  CHECK_THAT(candidate(choice, Strategy::index).obstacle, test::contains("tenant.strict"));
}
