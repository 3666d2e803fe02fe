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
                       std::vector<bool> indexed) {
  return {.relation = oid,
          .name = "public.events",
          .fingerprint = "f" + std::to_string(oid),
          .blocks = blocks,
          .rows = rows,
          .expired = expired,
          .indexed = std::move(indexed)};
}

PlanFacts facts_of(std::vector<RelationFacts> relations, std::int32_t version = 150'018) {
  return {.relations = std::move(relations), .bounds = {}, .server_version = version};
}

Plan planned(const PlanFacts& facts, const Policy& policy) {
  return std::get<Plan>(make_plan(facts, policy));
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
       {relation(1, 9'000, 1'000, 51, {true, true}), relation(1, 9'000, 1'000, 10, {true, false}),
        relation(1, 9'000, 1'000, 10, {true}), relation(1, 9'000, -1, 10, {true, true}),
        relation(1, 9'000, 0, 0, {true, true}), relation(1, 9'000, 1'000, -1, {true, true})}) {
    const Plan plan = planned(facts_of({facts}), policy);
    CHECK(plan.strategy == "sweep");
    CHECK_FALSE(plan.work.empty());
  }
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

TEST_CASE("PostgreSQL 13 works by index and refuses a table without one", "[planner]") {
  const Policy policy = policy_on({"started_at", "Created\"At"});
  CHECK(planned(facts_of({relation(1, 9'000, 10, 9, {true, true})}, 130'023), policy).strategy ==
        "index");
  const auto refused = make_plan(facts_of({relation(1, 1, 10, 1, {true, false})}, 130'023), policy);
  CHECK(std::get<std::string>(refused) ==
        "PostgreSQL 13 needs an index on each timestamp column of public.events; create one: "
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
  CHECK(tasks(4'294'967'295) == 64);
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
