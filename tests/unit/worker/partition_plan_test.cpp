// When the planner lets partitions go as a whole, and what pins and rights do to a plan.

#include "tests/support/catch.hpp"
#include "worker/planner.hpp"

using namespace lethe;
using namespace lethe::worker;

namespace {

Policy dropping() {
  Policy policy;
  policy.timestamp = {"at"};
  policy.partitions = Partitions::drop;
  return policy;
}

/// A leaf of 10,000 blocks, indexed, of whose 300,000 rows all are expired.
RelationFacts leaf(std::uint32_t oid, const PartitionFacts& partition) {
  return {.relation = oid,
          .name = "public.p" + std::to_string(oid),
          .fingerprint = "f" + std::to_string(oid),
          .blocks = 10'000,
          .rows = 300'000,
          .expired = 300'000,
          .keys = {{.indexed = true, .expired = 300'000, .splits = {}}},
          .partition = partition};
}

const PartitionFacts young{.ranged = true, .expired = false, .obstacle = "", .missing_right = ""};
const PartitionFacts old{.ranged = true, .expired = true, .obstacle = "", .missing_right = ""};

PlanFacts facts_of(std::vector<RelationFacts> relations, std::int32_t version = 150'018) {
  PlanFacts facts;
  facts.relations = std::move(relations);
  facts.server_version = version;
  return facts;
}

Plan planned(const PlanFacts& facts, const Policy& policy) {
  return std::get<Plan>(make_plan(facts, policy));
}

std::string refusal(const PlanFacts& facts, const Policy& policy) {
  const auto made = make_plan(facts, policy);
  const auto* text = std::get_if<std::string>(&made);
  return text == nullptr ? "" : *text;
}

}  // namespace

TEST_CASE("each expired partition is one task and the others go by rows", "[partition_plan]") {
  const Plan plan = planned(facts_of({leaf(1, young), leaf(2, old), leaf(3, old)}), dropping());
  CHECK(plan.strategy == "mixed");
  REQUIRE(plan.work.size() > 3);
  CHECK(plan.work[0].strategy == Strategy::partition);
  CHECK(plan.work[0].relation == 2);
  CHECK(plan.work[0].fingerprint == "f2");
  CHECK(plan.work[0].block_to == 0);
  CHECK(plan.work[1].strategy == Strategy::partition);
  for (std::size_t i = 2; i < plan.work.size(); ++i) {
    CHECK(plan.work[i].strategy == Strategy::sweep);
    CHECK(plan.work[i].relation == 1);
  }
  CHECK(plan.estimated_rows == 900'000);
}

TEST_CASE("an empty expired partition goes as well", "[partition_plan]") {
  RelationFacts empty = leaf(1, old);
  empty.blocks = 0;
  const Plan plan = planned(facts_of({empty}), dropping());
  CHECK(plan.strategy == "partition");
  CHECK(plan.work.size() == 1);
}

TEST_CASE("a partition that something holds back goes by rows with the reason told",
          "[partition_plan]") {
  PartitionFacts held = old;
  held.obstacle = "foreign key x of y refers to it";
  const Plan plan = planned(facts_of({leaf(1, held)}), dropping());
  CHECK(plan.strategy == "sweep");
  REQUIRE(plan.kept_whole.size() == 1);
  CHECK(plan.kept_whole[0].first == "public.p1");
  CHECK(plan.kept_whole[0].second == "foreign key x of y refers to it");
}

TEST_CASE("a right that is missing refuses the plan only where it would be used",
          "[partition_plan]") {
  PartitionFacts foreign = old;
  foreign.missing_right = "GRANT app TO lethe";
  CHECK(refusal(facts_of({leaf(1, foreign)}), dropping()) ==
        "taking partition public.p1 away needs the rights of its owner; run: GRANT app TO lethe; "
        "or write partitions: rows");
  foreign.expired = false;
  CHECK(refusal(facts_of({leaf(1, foreign)}), dropping()).empty());
}

TEST_CASE("strategy partition is refused where no partition could ever go", "[partition_plan]") {
  Policy policy = dropping();
  policy.strategy = StrategyChoice::partition;
  CHECK(refusal(facts_of({leaf(1, {})}), policy) ==
        "strategy partition is impossible: the table is not partitioned by ranges of at alone; "
        "write strategy: auto");
  CHECK(refusal(facts_of({leaf(1, {}), leaf(2, young)}), policy).empty());
  CHECK(refusal(facts_of({}), policy).empty());
  policy.where.kind = Condition::Kind::any;
  CHECK(refusal(facts_of({leaf(2, young)}), policy) ==
        "strategy partition is impossible: where keeps the rows that it does not match; write "
        "strategy: auto");
}

TEST_CASE("a policy that asks for drops where none can be is told why and goes by rows",
          "[partition_plan]") {
  const Plan plan = planned(facts_of({leaf(1, {})}), dropping());
  CHECK(plan.strategy == "sweep");
  REQUIRE(plan.kept_whole.size() == 1);
  CHECK(plan.kept_whole[0].first == "every partition");
  CHECK(plan.kept_whole[0].second == "the table is not partitioned by ranges of at alone");
}

TEST_CASE("a partition stays where the policy does not ask for it to go", "[partition_plan]") {
  Policy policy = dropping();
  policy.partitions = Partitions::rows;
  const Plan plan = planned(facts_of({leaf(1, old)}), policy);
  CHECK(plan.strategy == "sweep");
  CHECK(plan.kept_whole.empty());
}

TEST_CASE("a pinned sweep sweeps where an index would lead", "[partition_plan]") {
  Policy policy = dropping();
  policy.partitions = Partitions::rows;
  RelationFacts few = leaf(1, {});
  few.expired = few.keys[0].expired = 1;
  CHECK(planned(facts_of({few}), policy).strategy == "index");
  policy.strategy = StrategyChoice::sweep;
  CHECK(planned(facts_of({few}), policy).strategy == "sweep");
  CHECK(planned(facts_of({few}, 130'010), policy).strategy == "sweep");
}

TEST_CASE("a pinned index is used whatever statistics say and refused where there is none",
          "[partition_plan]") {
  Policy policy = dropping();
  policy.partitions = Partitions::rows;
  policy.strategy = StrategyChoice::index;
  RelationFacts facts = leaf(1, {});
  CHECK(planned(facts_of({facts}), policy).strategy == "index");
  facts.keys[0].indexed = false;
  CHECK(refusal(facts_of({facts}), policy) ==
        "strategy index needs an index on each timestamp column of public.p1; create one: CREATE "
        "INDEX CONCURRENTLY ON public.p1 (\"at\")");
  facts.keys[0].indexed = true;
  facts.may_lock = false;
  CHECK(refusal(facts_of({facts}), policy) ==
        "strategy index is impossible: this role may not lock rows; grant it UPDATE on public.p1; "
        "or write strategy: auto");
}
