// Why a row is still there: the same verdict that a census has, and nothing is changed by asking.

#include <fmt/format.h>

#include "common/user_error.hpp"
#include "tests/support/proof_steps.hpp"

using namespace lethe;
using test::contains;
using test::RunDriver;
using test::TestDatabase;

namespace {

const TableName table_t{"public", "t"};

/// public.t with rows of each kind, row n being n hours old.
struct Asked {
  TestDatabase database;
  RunDriver fleet{database};
  db::PgTargetProof proof{database.url(), "lethe-test"};
  Policy policy = test::policy_of("old", 5);

  Asked() { test::make_plain_table(database, 240); }
  RowVerdict ask(int id, const TableName& table = table_t) {
    return proof.judge_row(policy, table, {{"id", std::to_string(id)}});
  }
  std::string verdict(int id) {
    const RowVerdict found = ask(id);
    CAPTURE(found.problem);
    CHECK(found.problem == "");
    return found.verdict;
  }
  /// What a census of the same moment counts under a name.
  Census census() {
    Policy asked = policy;
    asked.target = "app";
    return fleet.target().census(asked);
  }
};

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a row is found by its key in whichever partition it is", "[row_why]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  db::PgTargetProof proof(database.url(), "lethe-test");
  const std::string old = database.text("SELECT min(created_at)::text FROM public.p_m3");
  const auto found = proof.find_row({"public", "p"}, {{"created_at", old}});
  REQUIRE(found);
  CHECK(found->relation == "public.p_m3");
  CHECK(found->tables == std::vector<TableName>{{"public", "p_m3"}, {"public", "p"}});
  CHECK_FALSE(proof.find_row({"public", "p"}, {{"id", "-1"}}));
  CHECK_FALSE(proof.find_row({"public", "p_m2"}, {{"created_at", old}}));
  const Policy policy = test::policy_of("old", 30, "p");
  CHECK(proof.judge_row(policy, {"public", "p_m3"}, {{"created_at", old}}).verdict == "eligible");
}

TEST_CASE("a key that does not fit the table is refused with the field and the cure", "[row_why]") {
  Asked asked;
  const auto refusal = [&](const TableName& table, const RowKey& key) {
    return error_of([&] { static_cast<void>(asked.proof.find_row(table, key)); });
  };
  CHECK_THAT(refusal({"public", "T"}, {{"id", "1"}}),
             contains("--table: public.\"T\" does not exist"));
  CHECK_THAT(refusal(table_t, {{"ID", "1"}}), contains("--key: public.t has no column 'ID'"));
  CHECK_THAT(refusal(table_t, {{"id", "x"}}), contains("--key: column 'id' does not take 'x'"));
  CHECK_THAT(refusal(table_t, {{"tenant", "t1"}}), contains("--key: several rows of public.t"));
  CHECK_THAT(refusal({"lethe", "nothing"}, {{"id", "1"}}), contains("does not exist"));
  CHECK_THAT(refusal(table_t, {{"id\"; DROP TABLE public.t; --", "1"}}), contains("has no column"));
  CHECK(asked.database.number("SELECT count(*) FROM public.t") == 240);
}

TEST_CASE("a young row is told when it will be old enough", "[row_why]") {
  Asked asked;
  const RowVerdict found = asked.ask(10);
  CHECK(found.verdict == "too_young");
  CHECK(found.due ==
        asked.database.text("SELECT to_char((created_at + interval '5 days') AT TIME ZONE 'UTC', "
                            "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM public.t WHERE id = 10"));
  CHECK(asked.verdict(200) == "eligible");
}

TEST_CASE("a tenant's own retention and minimum decide about its rows", "[row_why]") {
  Asked asked;
  TenantRule rule;
  rule.column = "tenant";
  rule.overrides["t1"].retain = Retention{.months = 0, .seconds = 9 * test::day};
  rule.overrides["t2"].enabled = false;
  rule.overrides["t3"].keep_min = 24;
  rule.overrides["t4"].keep_min = 20;
  asked.policy.tenant = rule;
  CHECK(asked.verdict(201) == "too_young");  // 201 h of 216
  CHECK(asked.ask(201).tenant == "t1");
  CHECK(asked.verdict(221) == "eligible");
  CHECK(asked.verdict(202) == "tenant_off");
  CHECK(asked.verdict(203) == "keep_min");  // t3 has 24 rows
  CHECK(asked.verdict(204) == "eligible");  // the newest 20 of t4 go back to hour 194
  CHECK(asked.verdict(184) == "keep_min");
  CHECK(asked.ask(184).cutoff ==
        asked.database.text("SELECT to_char(created_at AT TIME ZONE 'UTC', "
                            "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM public.t WHERE id = 194"));
}

TEST_CASE("keep_min of a table without tenants is told apart from age", "[row_why]") {
  Asked asked;
  asked.policy.keep_min = 200;
  CHECK(asked.verdict(100) == "too_young");
  CHECK(asked.verdict(150) == "keep_min");
  CHECK(asked.verdict(230) == "eligible");
}

TEST_CASE("the parts of where that do not match are found one by one", "[row_why]") {
  Asked asked;
  const auto leaf = [](const char* column, const char* value) {
    Condition condition;
    condition.kind = Condition::Kind::comparison;
    condition.column = column;
    condition.values = {value};
    return condition;
  };
  asked.policy.where.children = {leaf("status", "done"), leaf("tenant", "t1")};
  const RowVerdict found = asked.ask(201);
  CHECK(found.verdict == "condition");
  CHECK(found.matches == std::vector<bool>{false, true});
  asked.policy.where = leaf("status", "done");
  CHECK(asked.ask(201).matches == std::vector<bool>{false});
  CHECK(asked.verdict(202) == "eligible");
}

TEST_CASE("a row without a time a held one and one that others need are told apart", "[row_why]") {
  Asked asked;
  asked.database.execute(
      "UPDATE public.t SET created_at = NULL WHERE id = 201; UPDATE public.t SET created_at = "
      "'infinity' WHERE id = 202; CREATE TABLE public.lines (t_id bigint CONSTRAINT needs "
      "REFERENCES public.t); INSERT INTO public.lines VALUES (204)");
  const std::int64_t hold = test::place(asked.fleet, test::hold_on("t", {{"id", "203"}}));
  CHECK(asked.verdict(201) == "no_timestamp");
  CHECK(asked.ask(202).instant == "infinity");
  CHECK(asked.verdict(202) == "no_timestamp");
  CHECK(asked.verdict(203) == "held");
  CHECK(asked.ask(203).hold == hold);
  const RowVerdict needed = asked.ask(204);
  CHECK(needed.verdict == "referenced");
  CHECK(needed.child == "public.lines");
  CHECK(needed.constraint == "needs");
}

TEST_CASE("a row that was set already is told so", "[row_why]") {
  Asked asked;
  asked.policy.action.kind = Action::Kind::set;
  asked.policy.action.values = {{"note", "gone"}};
  asked.database.execute("UPDATE public.t SET note = 'gone' WHERE id = 201");
  CHECK(asked.verdict(201) == "done");
  CHECK(asked.verdict(202) == "eligible");
}

TEST_CASE("a row that the database refused is told in which run", "[row_why]") {
  Asked asked;
  asked.database.execute(
      "CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 201 "
      "THEN RAISE EXCEPTION ''keep me''; END IF; RETURN OLD; END'; CREATE TRIGGER keep BEFORE "
      "DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.keep()");
  const std::string run = asked.fleet.start(test::policy_of("", 5));
  asked.fleet.work_off(run);
  const RowVerdict found = asked.ask(201);
  CHECK(found.verdict == "eligible");
  REQUIRE(found.parked);
  CHECK(found.parked->run == run);
  CHECK(found.parked->message == "keep me");
  asked.database.execute("UPDATE public.t SET note = 'y' WHERE id = 201");
  CHECK_FALSE(asked.ask(201).parked);  // this version was never refused
}

TEST_CASE("a closed gate and a table that every run refuses are told", "[row_why]") {
  Asked asked;
  asked.fleet.apply(asked.policy);
  CHECK(asked.ask(201).halted == "");
  asked.fleet.target().set_gate("old", 1, true, "drill");
  CHECK(asked.ask(201).halted == "the policy is halted: drill");
  asked.fleet.target().close_gate("*", "fire");
  CHECK(asked.ask(201).halted == "the target is halted: fire");
  asked.database.execute("CREATE RULE r AS ON DELETE TO public.t DO INSTEAD NOTHING");
  CHECK_THAT(asked.ask(201).problem, contains("rule"));
}

TEST_CASE("row by row the verdicts add up to the census", "[row_why]") {
  Asked asked;
  asked.policy.keep_min = 150;
  asked.policy.where.kind = Condition::Kind::comparison;
  asked.policy.where.column = "status";
  asked.policy.where.values = {"done"};
  test::place(asked.fleet, test::hold_on("t", {{"tenant", "t4"}}));
  std::map<std::string, std::int64_t> counts;
  for (int id = 1; id <= 240; ++id) ++counts[asked.verdict(id)];
  const Census census = asked.census();
  CHECK(counts["too_young"] == census.too_young);
  CHECK(counts["condition"] == census.condition);
  CHECK(counts["keep_min"] == census.keep_min);
  CHECK(counts["held"] == census.held);
  CHECK(counts["eligible"] == census.eligible);
  CHECK(counts.size() <= 5);
}

TEST_CASE("asking changes nothing and takes no lock that a batch would wait for", "[row_why]") {
  Asked asked;
  static_cast<void>(asked.ask(201));
  static_cast<void>(asked.ask(10));
  CHECK(asked.database.number("SELECT count(*) FROM lethe.fence") == 0);
  CHECK(asked.database.number("SELECT count(*) FROM public.t") == 240);
  CHECK(asked.database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
                              "database = (SELECT oid FROM pg_database WHERE datname = "
                              "current_database())") == 0);
}
