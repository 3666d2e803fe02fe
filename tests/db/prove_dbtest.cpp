// The question whether a run has left anything, asked once more; and what a certificate is made of.

#include <fmt/format.h>

#include "proto/task_payload.hpp"
#include "tests/support/proof_steps.hpp"

using namespace lethe;
using test::contains;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// The run as a report would have it proved.
RunToProve to_prove(RunDriver& fleet, const std::string& run, const Policy& policy) {
  const auto origin = fleet.control().proof().run_origin(run);
  REQUIRE(origin);
  const auto payload = decode_task_payload(origin->verify_payload);
  RunToProve result{.run = run,
                    .spec = policy,
                    .as_of = origin->as_of,
                    .expire_at = origin->expire_at,
                    .bounds = std::get<TaskPayload>(payload).bounds};
  result.spec.target = "app";
  return result;
}

}  // namespace

TEST_CASE("nothing is left of a satisfied run and what comes back is counted", "[prove]") {
  TestDatabase database;
  RunDriver fleet(database);
  test::make_plain_table(database, 240);
  const Policy policy = test::policy_of("", 5);
  const std::string run = fleet.start(policy);
  REQUIRE(fleet.work_off(run).state == "satisfied");
  db::PgTargetProof proof(database.url(), "lethe-test");
  const Verification none = proof.verification(to_prove(fleet, run, policy));
  CHECK(none.problem == "");
  CHECK(none.eligible == 0);
  CHECK(none.oldest == "");
  database.execute(
      "INSERT INTO public.t (id, created_at) VALUES (1000, now() - interval '9 days'), "
      "(1001, now() - interval '5 days' + interval '1 minute')");
  const Verification one = proof.verification(to_prove(fleet, run, policy));
  CHECK(one.eligible == 1);
  CHECK(one.oldest == one.newest);
}

TEST_CASE("the script of a verification gives a person the same answer", "[prove]") {
  TestDatabase database;
  RunDriver fleet(database);
  database.execute(
      "CREATE TABLE public.\"o'dd $1\" (\"a \"\"$1\"\"\" bigint PRIMARY KEY, created_at "
      "timestamptz, \"st\\atus\" text)");
  database.execute(
      "INSERT INTO public.\"o'dd $1\" SELECT n, now() - n * interval '1 day', 'it''s \\' || n % 2 "
      "FROM generate_series(1, 40) n");
  Policy policy = test::policy_of("", 10, "o'dd $1");
  policy.where.kind = Condition::Kind::comparison;
  policy.where.column = "st\\atus";
  policy.where.values = {"it's \\1"};
  const std::string run = fleet.start(policy);
  REQUIRE(fleet.work_off(run).state == "satisfied");
  database.execute(
      "INSERT INTO public.\"o'dd $1\" VALUES (100, now() - interval '20 days', 'it''s "
      "\\1'), (101, now() - interval '20 days', 'it''s \\0')");
  db::PgTargetProof proof(database.url(), "lethe-test");
  const Verification found = proof.verification(to_prove(fleet, run, policy));
  CAPTURE(found.script, found.problem);
  CHECK(found.eligible == 1);
  pqxx::connection connection(database.url());
  pqxx::nontransaction work(connection);
  const std::string body = found.script.substr(0, found.script.find("\nCOMMIT"));
  const auto answer = work.exec(body);
  CHECK(answer.at(0)["eligible"].as<int>() == 1);
}

TEST_CASE("a run is proved by the tenants' cutoffs that it kept", "[prove]") {
  TestDatabase database;
  RunDriver fleet(database);
  test::make_plain_table(database, 240);
  Policy policy = test::policy_of("", 5);
  TenantRule rule;
  rule.column = "tenant";
  rule.keep_min = 20;
  rule.overrides["t1"].enabled = false;
  policy.tenant = rule;
  const std::string run = fleet.start(policy);
  REQUIRE(fleet.work_off(run).state == "satisfied");
  db::PgTargetProof proof(database.url(), "lethe-test");
  CHECK(proof.verification(to_prove(fleet, run, policy)).eligible == 0);
  // Younger rows come and keep_min would let older ones go by now: not a matter of that run.
  database.execute(
      "INSERT INTO public.t (id, tenant, created_at) SELECT 1000 + n, 't' || n % 10, "
      "now() FROM generate_series(1, 500) n");
  CHECK(proof.verification(to_prove(fleet, run, policy)).eligible == 0);
  database.execute("DELETE FROM lethe.cutoffs");
  CHECK_THAT(proof.verification(to_prove(fleet, run, policy)).problem,
             contains("the tenants' own cutoffs of this run are gone"));
}

TEST_CASE("what holds keep and what was parked is not left over", "[prove]") {
  TestDatabase database;
  RunDriver fleet(database);
  test::make_plain_table(database, 240);
  test::place(fleet, test::hold_on("t", {{"id", "200"}}));
  const Policy policy = test::policy_of("", 5);
  const std::string run = fleet.start(policy);
  REQUIRE(fleet.work_off(run).state == "satisfied");
  db::PgTargetProof proof(database.url(), "lethe-test");
  CHECK(proof.verification(to_prove(fleet, run, policy)).eligible == 0);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id = 200") == 1);
}

TEST_CASE("the evidence of a run counts each relation and ends where its chains do", "[prove]") {
  TestDatabase database;
  RunDriver fleet(database);
  test::make_partitioned_table(database);
  const std::string run = fleet.start(test::policy_of("", 70, "p"));
  REQUIRE(fleet.work_off(run).state == "satisfied");
  db::PgTargetProof proof(database.url(), "lethe-test");
  const RunEvidence evidence = proof.evidence(run);
  CHECK(evidence.database == database.text("SELECT current_database()"));
  CHECK(evidence.written_by == evidence.system_identifier + "/1");
  std::int64_t rows = 0;
  for (const auto& count : evidence.relations) rows += count.rows;
  CHECK(rows == fleet.run(run).rows);
  REQUIRE(rows > 0);
  const auto heads =
      fleet.control().proof().ledger_heads("app", {.after = "", .run = run, .rows_max = 100});
  REQUIRE(evidence.heads.size() == heads.size());
  for (std::size_t at = 0; at < heads.size(); ++at) {
    CHECK(evidence.heads[at].task == heads[at].task);
    CHECK(evidence.heads[at].hash == heads[at].hash);
    CHECK(evidence.heads[at].rows == heads[at].rows);
  }
}

TEST_CASE("the audit of a run has its policy's change its start and what was done to its tasks",
          "[prove]") {
  TestDatabase database;
  RunDriver fleet(database);
  test::make_plain_table(database, 240);
  fleet.apply(test::policy_of("old", 9));
  fleet.apply(test::policy_of("old", 5));
  fleet.apply(test::policy_of("other", 5));
  const std::string run = fleet.start_stored("old");
  const LeasedTask task = test::lease_planned(fleet);
  fleet.control().tasks().release(task.lease.task.value, "ana");
  REQUIRE(fleet.work_off(run).state == "satisfied");
  std::string actions;
  for (const auto& entry : fleet.control().proof().audit_of_run(run))
    actions += entry.action + " " + (entry.object == run ? "run" : entry.object) + "\n";
  CHECK(actions ==
        "policy.change old\nrun.start run\ntask.release " + task.lease.task.value + "\n");
}
