// A role that may read nothing but the columns that a policy needs.

#include <fmt/format.h>

#include "common/db/pg_target_proof.hpp"
#include "tests/support/clean_checks.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::contains;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// public.t with a worker that may read `columns` of it and delete its rows.
struct Closed {
  TestDatabase database;
  RunDriver fleet{database};
  test::WorkerRole role{database};

  explicit Closed(const std::string& columns = "id, created_at") {
    test::make_plain_table(database, 2'400);
    database.execute(
        fmt::format("GRANT SELECT ({}), DELETE ON public.t TO {}", columns, role.name()));
    role.work_in(fleet);
  }
  std::string lacks(Policy policy) {
    policy.target = "app";
    db::PgTargetProof proof(database.url(), "lethe-test");
    std::string text;
    for (const auto& finding : proof.check_rights(policy, role.name()))
      if (!finding.ok) text += finding.cure + "\n";
    return text;
  }
};

}  // namespace

TEST_CASE("rights to read a key and the time and to delete are enough", "[column_grants]") {
  Closed closed;
  const Policy policy = test::policy_of("", 50);
  CHECK(test::refusal(closed.database, policy, closed.role.name()) == "");
  CHECK(closed.lacks(policy) == "");
  const RunRow run = closed.fleet.work_off(closed.fleet.start(policy));
  test::check_satisfied(closed.database, run, 2'400 - 50 * 24 + 1);
  CHECK(run.strategy == "key");
  CHECK(closed.database.number("SELECT max(id) FROM public.t") == 50 * 24 - 1);
}

TEST_CASE("rights on columns are enough for tenants minimums and conditions", "[column_grants]") {
  Closed closed("id, created_at, tenant, status");
  Policy policy = test::policy_of("", 50);
  policy.where.kind = Condition::Kind::comparison;
  policy.where.column = "status";
  policy.where.values = {"done"};
  TenantRule rule;
  rule.column = "tenant";
  rule.keep_min = 150;
  rule.overrides["t2"].enabled = false;
  policy.tenant = rule;
  const RunRow run = closed.fleet.work_off(closed.fleet.start(policy));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(closed.database.number("SELECT count(*) FROM public.t WHERE status = 'open'") == 1'200);
  CHECK(closed.database.number("SELECT count(*) FROM public.t WHERE tenant = 't2'") == 240);
  CHECK(closed.database.number("SELECT count(*) FROM public.t WHERE tenant = 't4'") == 150);
}

TEST_CASE("a preview needs no more than the columns", "[column_grants]") {
  Closed closed;
  Policy policy = test::policy_of("old", 50);
  policy.target = "app";
  db::PgTargetDatabase target(closed.database.url() + " user=" + closed.role.name(), "lethe-test");
  const Census census = target.census(policy);
  CHECK(census.total == 2'400);
  CHECK(census.eligible == 2'400 - 50 * 24 + 1);
  REQUIRE(census.samples.size() == 10);
  CHECK(census.samples.front() == R"({"id": 2400})");
}

TEST_CASE("a column that is missing is named with the grant", "[column_grants]") {
  Closed closed("id");
  const Policy policy = test::policy_of("", 50);
  CHECK_THAT(test::refusal(closed.database, policy, closed.role.name()),
             contains("GRANT SELECT (created_at), DELETE ON public.t TO " + closed.role.name()));
  CHECK_THAT(closed.lacks(policy), contains("GRANT SELECT ON public.t TO " + closed.role.name()));
  const RunRow run = closed.fleet.work_off(closed.fleet.start(policy));
  CHECK(run.state == "failed");
  CHECK(closed.database.number("SELECT count(*) FROM public.t") == 2'400);
}

TEST_CASE("without a key that may be read the run says so and deletes nothing", "[column_grants]") {
  Closed closed("created_at");
  const Policy policy = test::policy_of("", 50);
  CHECK_THAT(closed.lacks(policy), contains("GRANT SELECT ON public.t TO " + closed.role.name()));
  const RunRow run = closed.fleet.work_off(closed.fleet.start(policy));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, contains("may read single columns of public.t alone") &&
                            contains("has a column that this role may not read (id)"));
  CHECK(closed.database.number("SELECT count(*) FROM public.t") == 2'400);
}

TEST_CASE("what needs to know where rows stand still asks for the whole table", "[column_grants]") {
  Closed closed;
  Policy policy = test::policy_of("", 50);
  policy.strategy = StrategyChoice::sweep;
  const RunRow run = closed.fleet.work_off(closed.fleet.start(policy));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, contains("grant it SELECT on the whole of it"));
  CHECK(closed.database.number("SELECT count(*) FROM public.t") == 2'400);
}
