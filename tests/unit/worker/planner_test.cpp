#include "worker/planner.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "tests/support/catch.hpp"

using namespace lethe;
using namespace lethe::worker;

namespace {

Policy policy_on(std::vector<std::string> timestamp) {
  Policy policy;
  policy.timestamp = std::move(timestamp);
  return policy;
}

RelationFacts relation(std::uint32_t oid, std::int64_t blocks, double rows, double expired,
                       const std::vector<bool>& indexed) {
  std::vector<KeyFacts> keys;
  for (const bool is : indexed) keys.push_back({.indexed = is, .expired = expired, .splits = {}});
  return {.relation = oid,
          .name = "public.events",
          .fingerprint = "f" + std::to_string(oid),
          .blocks = blocks,
          .rows = rows,
          .expired = expired,
          .keys = std::move(keys)};
}

PlanFacts facts_of(std::vector<RelationFacts> relations, std::int32_t version = 150'018) {
  return {.relations = std::move(relations), .bounds = {}, .server_version = version};
}

Plan planned(const PlanFacts& facts, const Policy& policy) {
  return std::get<Plan>(make_plan(facts, policy));
}

/// `count` splits 1000, 1001, … and `expired` rows below the cutoff of a column.
KeyFacts key_of(double expired, int count) {
  KeyFacts key{.indexed = true, .expired = expired, .splits = {}};
  for (int i = 0; i < count; ++i) key.splits.push_back(std::to_string(1'000 + i));
  return key;
}

RelationFacts split_relation(std::uint32_t oid, std::vector<KeyFacts> keys) {
  RelationFacts facts = relation(oid, 1'000'000, 1e12, 1e6, {});
  facts.keys = std::move(keys);
  return facts;
}

std::size_t index_tasks(double expired, int splits) {
  return planned(facts_of({split_relation(1, {key_of(expired, splits)})}), policy_on({"at"}))
      .work.size();
}

}  // namespace

TEST_CASE("a run without rows has no tasks", "[planner]") {
  const Plan plan = planned(facts_of({relation(1, 0, -1, -1, {true})}), policy_on({"at"}));
  CHECK(plan.strategy == "none");
  CHECK(plan.work.empty());
  CHECK(plan.estimated_rows == 0);
}

TEST_CASE("an index is used where few rows are expired", "[planner]") {
  const Plan plan = planned(facts_of({relation(1, 9'000, 1'000, 50, {true, true})}),
                            policy_on({"started_at", "created_at"}));
  CHECK(plan.strategy == "index");
  REQUIRE(plan.work.size() == 2);
  CHECK(plan.work[0].phase == 0);
  CHECK(plan.work[1].phase == 1);
  CHECK(plan.work[1].fingerprint == "f1");
  CHECK(plan.estimated_rows == 50);
}

TEST_CASE("blocks are swept where an index would not pay or may not be trusted", "[planner]") {
  const Policy policy = policy_on({"started_at", "created_at"});
  for (const RelationFacts& facts :
       {relation(1, 9'000, 300'000, 50'000, {true, true}),
        relation(1, 9'000, 1'000, 10, {true, false}), relation(1, 9'000, 1'000, 10, {true}),
        relation(1, 9'000, -1, 10, {true, true}), relation(1, 9'000, 0, 0, {true, true}),
        relation(1, 9'000, 1'000, -1, {true, true})}) {
    const Plan plan = planned(facts_of({facts}), policy);
    CHECK(plan.strategy == "sweep");
    CHECK_FALSE(plan.work.empty());
  }
}

TEST_CASE("an index is not used to walk past rows that were changed before", "[planner]") {
  Policy policy = policy_on({"at"});
  policy.action.kind = Action::Kind::set;
  RelationFacts facts = relation(1, 9'000, 300'000, 10, {true});
  facts.passed = 15'000;
  CHECK(planned(facts_of({facts}), policy).strategy == "index, set");
  facts.passed = 20'000;
  CHECK(planned(facts_of({facts}), policy).strategy == "sweep, set");
  CHECK(planned(facts_of({facts, relation(2, 10, 1'000, 1, {true})}), policy).strategy ==
        "mixed, set");
}

TEST_CASE("a function is one task and its rows are anybody's guess", "[planner]") {
  PlanFacts facts;
  facts.function = FunctionIdentity{.oid = 16'400, .fingerprint = "f"};
  const Plan plan = planned(facts, Policy{});
  CHECK(plan.strategy == "call");
  CHECK_FALSE(plan.estimated_rows.has_value());
  REQUIRE(plan.work.size() == 1);
  CHECK(plan.work[0].strategy == Strategy::call);
  CHECK(plan.work[0].relation == 16'400);
  CHECK(plan.work[0].fingerprint == "f");
}

TEST_CASE("a table that seems to hold nothing expired is still visited", "[planner]") {
  CHECK(planned(facts_of({relation(1, 10, 1'000, 0, {false})}), policy_on({"at"})).work.size() ==
        1);
  CHECK(planned(facts_of({relation(1, 10, 1'000, 0, {true})}), policy_on({"at"})).work.size() == 1);
}

TEST_CASE("a table without statistics leaves the estimate open", "[planner]") {
  const Plan plan =
      planned(facts_of({relation(1, 10, 100, 1, {true}), relation(2, 10, -1, -1, {true})}),
              policy_on({"at"}));
  CHECK(plan.strategy == "mixed");
  CHECK_FALSE(plan.estimated_rows.has_value());
}

TEST_CASE("PostgreSQL 13 works by index where it can and else sweeps", "[planner]") {
  const Policy policy = policy_on({"started_at", "Created\"At"});
  CHECK(planned(facts_of({relation(1, 9'000, 10, 9, {true, true})}, 130'023), policy).strategy ==
        "index");
  CHECK(planned(facts_of({relation(1, 9'000, 10, 9, {true, false})}, 130'023), policy).strategy ==
        "sweep");
}

TEST_CASE("a pinned index is refused with the command for each column that lacks one",
          "[planner]") {
  Policy policy = policy_on({"started_at", "Created\"At"});
  policy.strategy = StrategyChoice::index;
  const auto refused = make_plan(facts_of({relation(1, 1, 10, 1, {true, false})}), policy);
  CHECK(std::get<std::string>(refused) ==
        "strategy index needs an index on each timestamp column of public.events; create one: "
        "CREATE INDEX CONCURRENTLY ON public.events (\"Created\"\"At\")");
}

TEST_CASE("a small table is one task and a large one at most 64", "[planner]") {
  const Policy policy = policy_on({"at"});
  const auto tasks = [&policy](std::int64_t blocks) {
    return planned(facts_of({relation(1, blocks, -1, -1, {})}), policy).work.size();
  };
  CHECK(tasks(1) == 1);
  CHECK(tasks(1'023) == 1);
  CHECK(tasks(1'024) == 2);
  CHECK(tasks(5'000) == 8);
  CHECK(tasks(18'431) == 8);
  CHECK(tasks(18'432) == 9);
  CHECK(tasks(4'294'967'295) == 64);
}

TEST_CASE("a part of a table in which hardly anything is expired is passed by few tasks",
          "[planner]") {
  const Policy policy = policy_on({"at"});
  const auto tasks = [&policy](double expired) {
    return planned(facts_of({relation(1, 4'000, 100'000, expired, {})}), policy).work.size();
  };
  CHECK(tasks(0) == 1);
  CHECK(tasks(1'500) == 2);
  CHECK(tasks(50'000) == 7);
}

TEST_CASE("the first batch is as large as statistics allow and small where triggers run",
          "[planner]") {
  const auto first = [](double expired, bool has_triggers) {
    RelationFacts facts = relation(1, 10'000, 100'000, expired, {});
    facts.has_triggers = has_triggers;
    return planned(facts_of({facts}), policy_on({"at"})).work.at(0).first_batch;
  };
  CHECK(first(-1, false) == 0);
  CHECK(first(0, false) == 4'096);
  CHECK(first(340'000, false) == 1'470);
  CHECK(first(1e9, false) == 256);
  CHECK(first(340'000, true) == 58);
}

TEST_CASE("every block of every swept table is in exactly one range", "[planner]") {
  CHECK(rc::check("cover", [] {
    const auto sizes = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::inRange<std::int64_t>(0, 4'294'967'296)));
    std::vector<RelationFacts> relations;
    for (const std::int64_t blocks : sizes)
      relations.push_back(
          relation(static_cast<std::uint32_t>(relations.size()), blocks, -1, -1, {false}));
    const Plan plan = planned(facts_of(relations), policy_on({"at"}));

    std::map<std::uint32_t, std::int64_t> next;
    for (const CleanWork& work : plan.work) {
      RC_ASSERT(work.strategy == Strategy::sweep);
      RC_ASSERT(work.block_from == next[work.relation]);
      RC_ASSERT(work.block_to > work.block_from);
      const std::int64_t blocks = sizes[work.relation];
      RC_ASSERT(work.block_to - work.block_from >= std::min(blocks, range_blocks_min));
      next[work.relation] = work.block_to;
    }
    for (std::size_t i = 0; i < sizes.size(); ++i)
      RC_ASSERT(next[static_cast<std::uint32_t>(i)] == sizes[i]);
    RC_ASSERT(plan.work.size() <= std::max<std::size_t>(64, sizes.size()));
  }));
}

TEST_CASE(
    "an index task is made for each twenty thousand expired rows and the first eight for less",
    "[planner]") {
  CHECK(index_tasks(-1, 63) == 1);
  CHECK(index_tasks(0, 63) == 1);
  CHECK(index_tasks(9'999, 63) == 1);
  CHECK(index_tasks(10'000, 63) == 2);
  CHECK(index_tasks(40'000, 63) == 8);
  CHECK(index_tasks(179'999, 63) == 8);
  CHECK(index_tasks(180'000, 63) == 9);
  CHECK(index_tasks(1e9, 63) == 64);
  CHECK(index_tasks(1e15, 200) == 64);
}

TEST_CASE("an index is split only where statistics say where", "[planner]") {
  CHECK(index_tasks(1e9, 0) == 1);
  CHECK(index_tasks(1e9, 1) == 2);
  const Plan plan = planned(facts_of({split_relation(1, {key_of(1e9, 0)})}), policy_on({"at"}));
  CHECK(plan.work.at(0).range_from.empty());
  CHECK(plan.work.at(0).range_to.empty());
}

TEST_CASE("index ranges are spread evenly over the splits", "[planner]") {
  const Plan plan = planned(facts_of({split_relation(1, {key_of(15'000, 8)})}), policy_on({"at"}));
  REQUIRE(plan.work.size() == 3);
  CHECK(plan.work[0].range_to == "1002");
  CHECK(plan.work[1].range_from == "1002");
  CHECK(plan.work[1].range_to == "1005");
  CHECK(plan.work[2].range_from == "1005");
}

TEST_CASE("swept tables and indexes share the allowance by what they deserve", "[planner]") {
  RelationFacts table = relation(2, 32 * 2'048, -1, -1, {false});
  const Plan plan =
      planned(facts_of({table, split_relation(1, {key_of(32 * 20'000, 63)})}), policy_on({"at"}));
  CHECK(plan.strategy == "mixed");
  const auto by_index =
      std::count_if(plan.work.begin(), plan.work.end(),
                    [](const CleanWork& work) { return work.strategy == Strategy::index; });
  CHECK(by_index == 32);
  CHECK(plan.work.size() == 64);
}

TEST_CASE("every value of every indexed column is in exactly one range", "[planner]") {
  CHECK(rc::check("cover", [] {
    const auto sizes = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 100), rc::gen::inRange(-1, 3'000'000))));
    std::vector<RelationFacts> relations;
    for (const auto& [splits, expired] : sizes)
      relations.push_back(split_relation(static_cast<std::uint32_t>(relations.size()),
                                         {key_of(expired, splits), key_of(expired, splits / 2)}));
    const Plan plan = planned(facts_of(relations), policy_on({"at", "made_at"}));

    std::map<std::pair<std::uint32_t, std::uint32_t>, std::string> next;
    for (const CleanWork& work : plan.work) {
      const auto key = std::make_pair(work.relation, work.phase);
      RC_ASSERT(work.strategy == Strategy::index);
      const bool is_first = next.count(key) == 0;
      RC_ASSERT(work.range_from == next[key]);  // open at the bottom
      RC_ASSERT(is_first || !work.range_from.empty());
      RC_ASSERT(work.range_to.empty() || work.range_to > work.range_from);
      next[key] = work.range_to;
    }
    RC_ASSERT(next.size() == 2 * sizes.size());
    for (const auto& [key, end] : next) RC_ASSERT(end.empty());  // open at the top
    RC_ASSERT(plan.work.size() <= std::max<std::size_t>(64, 2 * sizes.size()));
  }));
}

TEST_CASE("a key is split where its values lie and every value is in one part", "[planner]") {
  Policy policy = policy_on({"at"});
  policy.strategy = StrategyChoice::key;
  RelationFacts facts = relation(1, 100'000, 3e6, 1e6, {});
  facts.unique_key = {
      .columns = {"id", "b"}, .obstacle = "", .correlation = 1, .splits = key_of(1, 99).splits};
  const Plan plan = planned(facts_of({facts}), policy);
  CHECK(plan.strategy == "key");
  CHECK(plan.estimated_rows == 1'000'000);
  REQUIRE(plan.work.size() == 40);
  CHECK(plan.work.front().range_from.empty());
  CHECK(plan.work.back().range_to.empty());
  for (std::size_t i = 0; i < plan.work.size(); ++i) {
    CHECK(plan.work[i].strategy == Strategy::key);
    CHECK(plan.work[i].key == std::vector<std::string>{"id", "b"});
    CHECK(plan.work[i].first_batch == 100'000);
    if (i > 0) CHECK(plan.work[i].range_from == plan.work[i - 1].range_to);
    if (i > 0) CHECK_FALSE(plan.work[i].range_from.empty());
  }
  facts.rows = 70'000;
  CHECK(planned(facts_of({facts}), policy).work.size() == 3);
  facts.rows = 160'000;
  CHECK(planned(facts_of({facts}), policy).work.size() == 8);
  facts.rows = -1;
  CHECK(planned(facts_of({facts}), policy).work.size() == 1);
  facts.unique_key.splits.clear();
  facts.rows = 70'000;
  facts.expired = 35'000;
  facts.has_triggers = true;
  const Plan small = planned(facts_of({facts}), policy);
  REQUIRE(small.work.size() == 1);
  CHECK(small.work[0].first_batch == 4'000);
}

TEST_CASE("a partition without a key refuses a plan that pins one", "[planner]") {
  Policy policy = policy_on({"at"});
  policy.strategy = StrategyChoice::key;
  RelationFacts facts = relation(1, 10, 1'000, 500, {});
  facts.unique_key.columns = {"id"};
  RelationFacts other = relation(2, 10, 1'000, 500, {});
  other.unique_key.obstacle = "public.b has no unique key; make one";
  CHECK(std::get<std::string>(make_plan(facts_of({facts, other}), policy)) ==
        "strategy key is impossible: public.b has no unique key; make one; or write strategy: "
        "auto");
  other.blocks = 0;
  CHECK(planned(facts_of({facts, other}), policy).work.size() == 1);
}
