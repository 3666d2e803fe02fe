// The other ways in which rows go: with a partition, a quarantine's end, a function, a parent.

#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/hold_steps.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::hold_on;
using test::hold_on_tenant;
using test::lease_planned;
using test::place;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// public.p in months m1 to m6 with 100 rows each; a policy that takes m6 away, and 76 rows of m5.
struct Months {
  TestDatabase database;
  RunDriver fleet{database};
  db::PgTargetDatabase target{database.url(), "lethe-test"};

  Months() {
    test::make_partitioned_table(database);
    database.execute(
        "DELETE FROM public.p_m5 WHERE id <= 24; ALTER TABLE public.p ADD org text NOT NULL "
        "DEFAULT "
        "'a'; UPDATE public.p_m6 SET org = 'b' WHERE id = 50");
  }
  Policy policy(Partitions partitions, const std::string& name = "") {
    Policy policy = test::policy_of(name, 150, "p");
    policy.partitions = partitions;
    return policy;
  }
  RunRow run(Partitions partitions) {
    RunRow ended = fleet.work_off(fleet.start(policy(partitions)));
    INFO(ended.error);
    CHECK(ended.state == "satisfied");
    return ended;
  }
  std::int64_t rows(const std::string& condition = "true") {
    return database.number("SELECT count(*) FROM public.p WHERE " + condition);
  }
  bool has_m6() { return !database.text("SELECT to_regclass('public.p_m6')").empty(); }
};

/// A month in quarantine whose time is over.
struct Due : Months {
  std::int64_t id = 0;
  explicit Due(const std::string& tenant_column = "") {
    Policy kept = policy(Partitions::quarantine, "keep");
    if (!tenant_column.empty())
      kept.tenant =
          TenantRule{.column = tenant_column, .keep_min = {}, .overrides = {}, .only = {}};
    fleet.apply(kept);
    REQUIRE(fleet.work_off(fleet.start_stored("keep")).state == "satisfied");
    REQUIRE_FALSE(has_m6());
    id = target.quarantine(false).at(0).id;
    database.execute("UPDATE lethe.quarantine SET purge_after = now()");
  }
  std::string purge() {
    try {
      return target.purge(id, "ana") ? "purged" : "gone";
    } catch (const UserError& error) {
      return error.what();
    }
  }
};

/// public.t, 480 rows, with two lines per row and two notes per line.
void make_orders(TestDatabase& database, const std::string& action) {
  test::make_plain_table(database, 480);
  database.execute(
      "CREATE TABLE public.line (id bigint PRIMARY KEY, org text NOT NULL DEFAULT 'a', t_id bigint "
      "REFERENCES public.t " +
      action +
      "); CREATE INDEX ON public.line (t_id); CREATE TABLE public.note (id bigint PRIMARY KEY, org "
      "text NOT NULL DEFAULT 'a', line_id bigint REFERENCES public.line " +
      action +
      "); CREATE INDEX ON public.note (line_id); INSERT INTO public.line (id, t_id) SELECT n, (n + "
      "1) / 2 FROM generate_series(1, 960) n; INSERT INTO public.note (id, line_id) SELECT n, (n + "
      "1) / 2 FROM generate_series(1, 1920) n; ANALYZE public.t, public.line, public.note");
}

Policy orders_policy(const std::vector<std::string>& children) {
  Policy policy = test::policy_of("", 10);
  for (const auto& child : children) policy.cascade.push_back({.schema = "public", .table = child});
  return policy;
}

constexpr std::int64_t old_orders = 241;

}  // namespace

TEST_CASE("a partition with a held row stays and its other rows go one by one", "[holds]") {
  const auto partitions = GENERATE(Partitions::drop, Partitions::quarantine);
  const auto hold =
      GENERATE(values<NewHold>({hold_on("p", {{"org", "b"}}), hold_on("p_m6", {{"org", "b"}}),
                                hold_on_tenant("b", {"org"})}));
  Months months;
  place(months.fleet, hold);
  CHECK(months.run(partitions).rows == 99);
  CHECK(months.has_m6());
  CHECK(months.rows("org = 'b'") == 1);
  CHECK(months.rows() == 477);
  CHECK(months.database.number("SELECT count(*) FROM lethe.ledger WHERE method <> 'delete'") == 0);
}

TEST_CASE("a partition of a held table stays whole", "[holds]") {
  const auto partitions = GENERATE(Partitions::drop, Partitions::quarantine);
  const auto table = GENERATE(as<std::string>(), "p", "p_m6");
  Months months;
  place(months.fleet, hold_on(table));
  CHECK(months.fleet.target().census(months.policy(partitions)).held == 100);
  CHECK(months.run(partitions).rows == 0);
  CHECK(months.rows() == 576);
}

TEST_CASE("a partition without a held row goes as a whole", "[holds]") {
  Months months;
  place(months.fleet, hold_on("p", {{"org", "c"}}));
  place(months.fleet, hold_on("p_m1"));
  place(months.fleet, hold_on("p_m5", {{"org", "a"}}));
  CHECK(months.run(Partitions::drop).rows == 100);
  CHECK_FALSE(months.has_m6());
  CHECK(months.rows() == 476);
}

TEST_CASE("a hold on one partition keeps rows of no other", "[holds]") {
  Months months;
  place(months.fleet, hold_on("p_m5"));
  CHECK(months.fleet.target().census(test::policy_of("", 121, "p")).held == 76);
  CHECK(months.fleet.work_off(months.fleet.start(test::policy_of("", 121, "p"))).rows == 100);
  CHECK(months.rows() == 476);
}

TEST_CASE("explaining a policy says which hold keeps a partition", "[holds]") {
  Months months;
  const auto id = place(months.fleet, hold_on("p", {{"org", "b"}}));
  bool found = false;
  for (const auto& relation : months.target.explain(months.policy(Partitions::drop)).relations)
    found =
        found || relation.partition.obstacle == "hold " + std::to_string(id) + " keeps rows of it";
  CHECK(found);
}

TEST_CASE("a quarantined partition is not purged while a hold keeps rows of it", "[holds]") {
  const auto hold = GENERATE(
      values<NewHold>({hold_on("p", {{"org", "b"}}), hold_on_tenant("b", {"org"}), hold_on("p")}));
  Due due;
  const auto id = place(due.fleet, hold);
  CHECK_THAT(due.purge(),
             test::contains("hold " + std::to_string(id) + " keeps rows of public.p_m6"));
  REQUIRE(due.fleet.work_off(due.fleet.start_stored("keep")).state == "satisfied");
  CHECK(due.target.quarantined(due.id)->state == "due");
  REQUIRE(due.fleet.target().release_hold(id, "closed", "ben"));
  if (GENERATE(false, true)) {
    CHECK(due.purge() == "purged");
  } else {
    static_cast<void>(due.fleet.work_off(due.fleet.start_stored("keep")));
    CHECK(due.target.quarantined(due.id)->state == "purged");
  }
}

TEST_CASE("a quarantined partition is reached by holds on what was renamed since", "[holds]") {
  Due due;
  due.database.execute("ALTER TABLE public.p RENAME TO q");
  SECTION("by the new name of its table") {
    place(due.fleet, hold_on("q"));
    CHECK_THAT(due.purge(), test::contains("keeps rows"));
  }
  SECTION("by its own name, which another table has now") {
    due.database.execute("CREATE TABLE public.p_m6 (id int)");
    place(due.fleet, hold_on("p_m6"));
    CHECK_THAT(due.purge(), test::contains("keeps rows"));
  }
  SECTION("and by no other hold") {
    place(due.fleet, hold_on("q", {{"org", "nobody"}}));
    CHECK(due.purge() == "purged");
  }
}

TEST_CASE("a quarantined partition is reached by a held tenant of its policy", "[holds]") {
  Due due("org");
  place(due.fleet, hold_on_tenant("b", {"elsewhere"}));
  CHECK_THAT(due.purge(), test::contains("keeps rows"));
}

TEST_CASE("a hold that was released keeps no partition", "[holds]") {
  Months months;
  const auto id = place(months.fleet, hold_on("p_m6"));
  REQUIRE(months.fleet.target().release_hold(id, "x", "x"));
  Policy policy = months.policy(Partitions::quarantine, "keep");
  months.fleet.apply(policy);
  REQUIRE(months.fleet.work_off(months.fleet.start_stored("keep")).state == "satisfied");
  CHECK_FALSE(months.has_m6());
}

TEST_CASE("a function is not called while a hold may be on what it deletes", "[holds]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute(
      "CREATE SCHEMA app; CREATE TABLE public.line (t_id bigint REFERENCES public.t); CREATE TABLE "
      "public.other (id int); CREATE FUNCTION app.expire() RETURNS bigint LANGUAGE sql AS 'WITH g "
      "AS (DELETE FROM public.t WHERE created_at < now() - interval ''5 days'' RETURNING 1) SELECT "
      "count(*) FROM g'");
  RunDriver fleet(database);
  Policy policy;
  policy.target = "app";
  policy.retain = {.months = 0, .seconds = 5 * test::day};
  policy.action.kind = Action::Kind::call;
  policy.action.function = {.schema = "app", .name = "expire"};
  const bool has_table = GENERATE(false, true);
  if (has_table) {
    policy.table = {.schema = "public", .table = "t"};
    policy.timestamp = {"created_at"};
  }
  const auto hold = GENERATE(values<NewHold>(
      {hold_on("t", {{"id", "1"}}), hold_on("line"), hold_on_tenant("x"), hold_on("other")}));
  const bool may_call = has_table && hold.table && hold.table->table == "other";
  CAPTURE(has_table, may_call);
  const auto id = place(fleet, hold);
  const RunRow refused = fleet.work_off(fleet.start(policy));
  CHECK(refused.state == (may_call ? "satisfied" : "failed"));
  CHECK(database.number("SELECT count(*) FROM public.t") == (may_call ? 119 : 240));
  if (!may_call)
    CHECK_THAT(refused.error,
               test::contains("app.expire may delete from") && test::contains("in force"));
  REQUIRE(fleet.target().release_hold(id, "closed", "ben"));
  CHECK(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.t") == 119);
}

TEST_CASE("a held child keeps its parent and all that goes along with others goes", "[holds]") {
  const std::string action =
      GENERATE(as<std::string>(), "", "ON DELETE CASCADE", "DEFERRABLE INITIALLY DEFERRED");
  struct Case {
    NewHold hold;
    std::string orders;  // that stay, by id
  };
  // Order 300 has the lines 599 and 600, line 600 the notes 1199 and 1200.
  const auto [hold, orders] = GENERATE(values<Case>({
      {hold_on("line", {{"id", "600"}}), "300"},
      {hold_on("note", {{"id", "1200"}}), "300"},
      {hold_on("note", {{"org", "b"}}), "300,301"},
      {hold_on_tenant("b", {"org"}), "300,301"},
      {hold_on("t", {{"id", "300"}}), "300"},
  }));
  TestDatabase database;
  make_orders(database, action);
  database.execute("UPDATE public.note SET org = 'b' WHERE id IN (1197, 1201)");
  if (GENERATE(false, true)) database.execute("CREATE INDEX ON public.t (created_at)");
  CAPTURE(action, orders);
  RunDriver fleet(database);
  const auto id = place(fleet, hold);
  const Policy policy = orders_policy({"line", "note"});
  const std::int64_t kept = orders == "300" ? 1 : 2;
  const Census census = fleet.target().census(policy);
  CHECK(census.held == kept);
  REQUIRE(census.holds.size() == 1);
  CHECK(census.holds.front().hold == id);
  CHECK(census.eligible == old_orders - kept);
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == old_orders - kept);
  CHECK(
      database.text("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.t WHERE id >= 240") ==
      orders);
  CHECK(database.number("SELECT count(*) FROM public.line WHERE t_id IN (" + orders + ")") ==
        2 * kept);
  CHECK(database.number("SELECT count(*) FROM public.line") == 2 * (480 - old_orders + kept));
  CHECK(database.number("SELECT count(*) FROM public.note") == 4 * (480 - old_orders + kept));
}

TEST_CASE("a held child whose key would be emptied keeps its parent", "[holds]") {
  TestDatabase database;
  make_orders(database, "ON DELETE SET NULL");
  RunDriver fleet(database);
  place(fleet, hold_on("line", {{"id", "600"}}));
  const RunRow run = fleet.work_off(fleet.start(orders_policy({"line"})));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == old_orders - 1);
  CHECK(database.number("SELECT t_id FROM public.line WHERE id = 600") == 300);
}

TEST_CASE("a poisoned row beside held ones is parked and these stay", "[holds]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute(
      "CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 200 THEN "
      "RAISE EXCEPTION ''never''; END IF; RETURN OLD; END'; CREATE TRIGGER no BEFORE DELETE ON "
      "public.t FOR EACH ROW EXECUTE FUNCTION public.no()");
  RunDriver fleet(database);
  place(fleet, hold_on_tenant("t1"));
  Policy policy = test::policy_of("", 5);
  policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = {}};
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK_THAT(run.error, test::contains("1 row is parked"));
  CHECK(database.number("SELECT count(*) FROM public.t WHERE tenant = 't1' AND id >= 120") == 12);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id >= 120") == 13);
}
