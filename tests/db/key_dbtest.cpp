// Rows that are visited along a unique key: the same ones go as by blocks, whatever the key.

#include <fmt/format.h>

#include <map>

#include "common/db/params.hpp"
#include "common/tasks/strategy_cost.hpp"
#include "proto/task_payload.hpp"
#include "tests/support/clean_checks.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::check_satisfied;
using test::RunDriver;
using test::TestDatabase;

namespace {

Policy by_key(Policy policy) {
  policy.strategy = StrategyChoice::key;
  return policy;
}

/// Works a run off in batches of `size` rows or blocks each, however fast they are.
RunRow work_off_in(TestDatabase& database, RunDriver& fleet, const std::string& run, int size) {
  for (int batch = 0; batch < 10'000; ++batch) {
    database.execute(fmt::format(
        "UPDATE lethe.items SET batch_size = {}, enqueue_at = NULL WHERE kind = 'clean'", size));
    const auto task = fleet.lease();
    if (!task) break;
    if (const auto settlement = fleet.step(*task)) static_cast<void>(fleet.settle(*settlement));
  }
  return fleet.work_off(run);
}

/// Does the run's plan; the works of the clean tasks that it made.
std::vector<CleanWork> plan(TestDatabase& database, RunDriver& fleet, const std::string& run) {
  const auto task = fleet.lease();
  REQUIRE(task);
  REQUIRE(task->kind == TaskKind::plan);
  REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
  std::vector<CleanWork> works;
  for (const auto& row : database.execute("SELECT payload FROM lethe.items WHERE run_id = '" + run +
                                          "' AND kind = 'clean' ORDER BY id")) {
    const auto payload = decode_task_payload(db::from_bytea(row["payload"].c_str()));
    works.push_back(std::get<TaskPayload>(payload).work.value());
  }
  return works;
}

/// Columns that make a key, with their values for row n, and what makes them one.
struct Key {
  std::string columns;
  std::string values;
  std::string key = "PRIMARY KEY (k)";
};

const std::vector<Key>& keys() {
  // No two rows have the same of these, and they stand in every order.
  static const std::string odd =
      "(CASE n % 8 WHEN 0 THEN 'Ä' WHEN 1 THEN 'a\"' WHEN 2 THEN E'\\\\' WHEN 3 THEN '{,' WHEN 4 "
      "THEN ' ' WHEN 5 THEN 'NULL' WHEN 6 THEN '' ELSE E'\\n' END || CASE n WHEN 14 THEN '' ELSE "
      "md5(n::text) END)";
  static const std::vector<Key> all = {
      {"k bigint", "n::bigint * 7919 % 100003 - 50000"},
      {"k smallint", "n - 1000"},
      {"k uuid", "md5(n::text)::uuid"},
      {"k text", odd},
      {"k text COLLATE \"C\"", odd},
      {"k varchar(60)", odd},
      {"k char(60)", "CASE n % 2 WHEN 0 THEN 'a' ELSE 'B' END || n"},
      {"k name", "CASE n % 2 WHEN 0 THEN 'a' ELSE 'B' END || n"},
      {"k bytea", "convert_to(" + odd + ", 'UTF8')"},
      {"k timestamptz",
       "CASE n WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' ELSE '0044-03-15 BC'::timestamptz + "
       "n * 7919 % 100003 * interval '17.000001 minutes' END"},
      {"k float8",
       "CASE n WHEN 1 THEN 'NaN'::float8 WHEN 2 THEN '-Infinity' ELSE 1 / (n - 1000.5) END"},
      {"k numeric", "(n % 7)::numeric + n / 3.0"},
      {"k date", "'2000-01-01'::date + n * 7919 % 100003"},
      {"k interval", "n * interval '31 hours'"},
      {"k inet", "('10.0.0.0'::inet + n * 7919 % 100003)"},
      {"k int[]", "ARRAY[n % 10, n, NULL]"},
      {"k jsonb", "jsonb_build_object('a', n % 5, 'b', n)"},
      {"k public.mood, l int", "(ARRAY['sad', 'it''s, \"ok\"', 'glad'])[n % 3 + 1]::public.mood, n",
       "PRIMARY KEY (k, l)"},
      {"k public.code", "'X' || n"},
      {"k text, l int", "'t' || n % 10, n", "PRIMARY KEY (k, l)"},
      {"k text, l date, m bigint, \"o\"\"ther\" boolean",
       "'t' || n % 3, '2000-01-01'::date + n / 10, n / 2, n % 2 = 0",
       "PRIMARY KEY (k, l, m, \"o\"\"ther\")"},
      {"k int NOT NULL, l int NOT NULL", "n % 50, n", "UNIQUE (k, l) INCLUDE (id)"},
  };
  return all;
}

/// public.<name>(id, tenant, status, started_at, created_at and the key): 1,500 rows of which the
/// rule of policy_on() takes some.
void make_keyed_table(TestDatabase& database, const std::string& name, const Key& key) {
  database.execute(fmt::format(
      "CREATE TABLE public.{0} (id int, tenant text, status text, started_at timestamptz, "
      "created_at timestamptz, {1}, {3}); INSERT INTO public.{0} SELECT n, 't' || n % 10, CASE n % "
      "3 WHEN 0 THEN 'open' ELSE 'done' END, CASE n % 4 WHEN 0 THEN now() - n * interval '1 hour' "
      "END, now() - (n * 7919 % 1501) * interval '1 hour', {2} FROM generate_series(1, 1500) n",
      name, key.columns, key.values, key.key));
}

/// Two timestamps, a condition, tenants with their own cutoffs and a number of rows to keep.
Policy policy_on(const std::string& table, StrategyChoice strategy) {
  Policy policy = test::policy_of("", 20, table);
  policy.timestamp = {"started_at", "created_at"};
  policy.where.kind = Condition::Kind::comparison;
  policy.where.column = "status";
  policy.where.comparison = Comparison::eq;
  policy.where.values = {"done"};
  policy.tenant = TenantRule{.column = "tenant", .keep_min = 50, .overrides = {}, .only = {}};
  policy.tenant->overrides["t1"].enabled = false;
  policy.tenant->overrides["t2"].retain = Retention{.months = 0, .seconds = 5 * test::day};
  policy.strategy = strategy;
  return policy;
}

}  // namespace

TEST_CASE("the same rows go along a key of any type as by blocks", "[key]") {
  TestDatabase database;
  database.execute(
      "CREATE TYPE public.mood AS ENUM ('sad', 'it''s, \"ok\"', 'glad'); CREATE DOMAIN public.code "
      "AS varchar(20) COLLATE \"C\" CHECK (VALUE LIKE 'X%');"
      // A cursor that was rounded would leave rows out.
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -10', "
      "current_database()); END $$");
  RunDriver fleet(database);
  int number = 0;
  for (const Key& key : keys()) {
    INFO(key.columns << " " << key.key);
    const std::string keyed = fmt::format("keyed_{}", ++number);
    const std::string swept = fmt::format("swept_{}", number);
    make_keyed_table(database, keyed, key);
    make_keyed_table(database, swept, key);
    if (number % 2 == 0) database.execute("ANALYZE public." + keyed);
    const RunRow other = fleet.work_off(fleet.start(policy_on(swept, StrategyChoice::sweep)));
    REQUIRE(other.state == "satisfied");
    const RunRow run =
        work_off_in(database, fleet, fleet.start(policy_on(keyed, StrategyChoice::key)), 100);
    check_satisfied(database, run, other.rows);
    CHECK(other.rows > 300);
    CHECK(run.strategy == "key");
    CHECK(run.passes == 1);
    CHECK(run.batches >= 1500 / 100);
    CHECK(database.number(fmt::format(
              "SELECT count(*) FROM public.{} a FULL JOIN public.{} b USING (id) WHERE a.tenant IS "
              "NULL OR b.tenant IS NULL",
              keyed, swept)) == 0);
  }
}

TEST_CASE("a key is followed in the order of its collation and backwards", "[key]") {
  const auto index = GENERATE(
      as<std::string>{}, "ALTER TABLE public.t ADD UNIQUE (k)",
      "CREATE UNIQUE INDEX ON public.t (k DESC)",
      "CREATE UNIQUE INDEX ON public.t (k DESC, l DESC)",
      "ALTER TABLE public.t ALTER k TYPE text COLLATE \"und-x-icu\"; CREATE UNIQUE INDEX ON "
      "public.t (k, l)",
      "CREATE COLLATION public.folds (provider = icu, locale = 'und-u-ks-level2', deterministic = "
      "false); ALTER TABLE public.t ALTER k TYPE text COLLATE public.folds; CREATE UNIQUE INDEX ON "
      "public.t (k)");
  TestDatabase database;
  if (index.find("icu") != std::string::npos &&
      database.number("SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'") == 0)
    return;
  make_keyed_table(database, "t",
                   {"k text NOT NULL, l int NOT NULL",
                    "(ARRAY['a', 'B', 'ä', 'Z', '-', '_'])[n % 6 + 1] || n, n", "CHECK (true)"});
  database.execute(index);
  INFO(index);
  RunDriver fleet(database);
  const RunRow run =
      work_off_in(database, fleet, fleet.start(by_key(test::policy_of("", 20))), 100);
  check_satisfied(database, run, 1500 - 480 + 1);
  CHECK(run.passes == 1);
}

TEST_CASE("a key that rows may lack or share or that is not in one order is refused with the cure",
          "[key]") {
  struct Case {
    std::string sql;
    std::string reason;
  };
  const auto [sql, reason] = GENERATE(
      Case{"", "public.t has no unique key"},
      Case{"CREATE INDEX ON public.t (id)", "public.t has no unique key"},
      Case{"CREATE UNIQUE INDEX u ON public.t (id)", "public.u has a column that may be NULL (id)"},
      Case{"CREATE UNIQUE INDEX u ON public.t (n) WHERE n > 0", "public.u leaves rows out"},
      Case{"CREATE UNIQUE INDEX u ON public.t (n, (n + 1))", "public.u has an expression in it"},
      Case{"ALTER TABLE public.t ADD CONSTRAINT u PRIMARY KEY (n) DEFERRABLE",
           "public.u is deferrable"},
      Case{"CREATE UNIQUE INDEX u ON public.t (n, m DESC)", "public.u mixes ascending"},
      Case{"CREATE UNIQUE INDEX u ON public.t (n NULLS FIRST)", "public.u mixes ascending"},
      Case{"CREATE UNIQUE INDEX u ON public.t (c text_pattern_ops)",
           "public.u compares column c otherwise"},
      Case{"CREATE UNIQUE INDEX u ON public.t (c COLLATE \"POSIX\")",
           "public.u compares column c otherwise"},
      Case{"CREATE TYPE public.pair AS (a int, b int); ALTER TABLE public.t ADD p public.pair NOT "
           "NULL DEFAULT (1, 2); CREATE UNIQUE INDEX u ON public.t (n, p)",
           "public.u compares column p otherwise"},
      Case{"CREATE UNIQUE INDEX u ON public.t (n); UPDATE pg_index SET indisvalid = false WHERE "
           "indexrelid = 'public.u'::regclass",
           "public.u is not valid"});
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, n int NOT NULL, m int NOT NULL, c text NOT NULL, created_at "
      "timestamptz); INSERT INTO public.t SELECT n, n, n, n, now() - n * interval '1 day' FROM "
      "generate_series(1, 100) n;" +
      sql);
  INFO(sql);
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(by_key(test::policy_of("", 50))));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains("strategy key is impossible: ") && test::contains(reason) &&
                            test::contains("give public.t a primary key, or a unique index") &&
                            test::contains("or write strategy: auto"));
  CHECK(run.rows == 0);
  const RunRow other = fleet.work_off(fleet.start(test::policy_of("", 50)));
  check_satisfied(database, other, 51);
  CHECK(other.strategy == "sweep");
}

TEST_CASE("of several keys the one is taken in whose order the rows lie", "[key]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id uuid PRIMARY KEY, \"Serial\" int NOT NULL UNIQUE, created_at "
      "timestamptz); INSERT INTO public.t SELECT md5(n::text)::uuid, n, now() - n * interval '1 "
      "day' FROM generate_series(1, 5000) n; ANALYZE public.t");
  RunDriver fleet(database);
  const RelationFacts facts = fleet.target().explain(test::policy_of("", 50)).relations.at(0);
  CHECK(facts.unique_key.columns == std::vector<std::string>{"Serial"});
  CHECK(facts.unique_key.correlation > 0.99);
  CHECK(facts.unique_key.obstacle.empty());
  CHECK(facts.unique_key.splits.size() >= 50);
  check_satisfied(database, fleet.work_off(fleet.start(by_key(test::policy_of("", 50)))), 4951);
}

TEST_CASE("a server without ranges of addresses follows a key where rows lie in its order",
          "[key]") {
  const bool in_order = GENERATE(true, false);
  CAPTURE(in_order);
  TestDatabase database;
  database.execute(fmt::format(
      "CREATE TABLE public.t (id bigint PRIMARY KEY, created_at timestamptz) WITH "
      "(autovacuum_enabled = false); INSERT INTO public.t SELECT n, now() - n * interval '1 hour' "
      "FROM generate_series(1, 9000) n ORDER BY {}; ANALYZE public.t",
      in_order ? "n" : "md5(n::text)"));
  RunDriver fleet(database);
  const Policy policy = test::policy_of("", 100);
  const Explanation explanation = fleet.target().explain(policy);
  const ChosenStrategy old = choose_strategy(explanation.relations.at(0), policy, 130'000);
  CHECK(old.chosen == (in_order ? Strategy::key : Strategy::sweep));
  CHECK(choose_strategy(explanation.relations.at(0), policy, 140'000).chosen == Strategy::sweep);
  const RunRow run = fleet.work_off(fleet.start(policy));
  check_satisfied(database, run, 9'000 - 2'400 + 1);
  CHECK(run.strategy == (in_order ? test::whole_visit(database) : "sweep"));
}

TEST_CASE("new values are given along a key that they leave as it is", "[key][set]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  Policy policy = by_key(test::policy_of("", 50));
  policy.action = {Action::Kind::set, {{"note", "gone"}}, {}};
  RunDriver fleet(database);
  const RunRow run = work_off_in(database, fleet, fleet.start(policy), 500);
  check_satisfied(database, run, 4800 - 50 * 24 + 1);
  CHECK(run.strategy == "key, set");
  CHECK(database.number("SELECT count(*) FROM public.t WHERE note = 'gone'") == run.rows);

  policy.action.values = {{"id", "7"}};
  const RunRow refused = fleet.work_off(fleet.start(policy));
  CHECK(refused.state == "failed");
  CHECK_THAT(refused.error, test::contains("unique index public.t_pkey has a column that the "
                                           "policy sets (id); give public.t a primary key"));

  database.execute("ALTER TABLE public.t ADD other int GENERATED ALWAYS AS IDENTITY UNIQUE");
  policy.action.values = {{"status", "shut"}, {"note", "x"}};
  const RunRow again = fleet.work_off(fleet.start(policy));
  check_satisfied(database, again, 4800 - 50 * 24 + 1);
}

TEST_CASE("each partition is visited along its own key and one without any is named", "[key]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int NOT NULL, tenant text NOT NULL, created_at timestamptz NOT "
      "NULL) PARTITION BY LIST (tenant); CREATE TABLE public.a PARTITION OF public.t (PRIMARY KEY "
      "(id)) FOR VALUES IN ('a'); CREATE TABLE public.b PARTITION OF public.t (PRIMARY KEY "
      "(tenant, created_at, id)) FOR VALUES IN ('b') PARTITION BY RANGE (created_at); CREATE TABLE "
      "public.b_old PARTITION OF public.b FOR VALUES FROM (MINVALUE) TO ('2020-01-01'); CREATE "
      "TABLE public.b_new PARTITION OF public.b DEFAULT; INSERT INTO public.t SELECT n, CASE n % 2 "
      "WHEN 0 THEN 'a' ELSE 'b' END, now() - n * interval '1 day' FROM generate_series(1, 4000) n");
  RunDriver fleet(database);
  const std::string id = fleet.start(by_key(test::policy_of("", 100)));
  const RunRow run = work_off_in(database, fleet, id, 100);
  check_satisfied(database, run, 3901);
  CHECK(run.strategy == "key");
  CHECK(run.passes == 1);
  database.execute("CREATE TABLE public.c PARTITION OF public.t FOR VALUES IN ('c')");
  database.execute("INSERT INTO public.c VALUES (1, 'c', '2001-01-01')");
  const RunRow refused = fleet.work_off(fleet.start(by_key(test::policy_of("", 50))));
  CHECK(refused.state == "failed");
  CHECK_THAT(refused.error, test::contains("public.c has no unique key"));
}

TEST_CASE("a batch ends after as many rows as it may visit however few of them go", "[key]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  database.execute("UPDATE public.t SET created_at = now() WHERE id <> 4000");
  RunDriver fleet(database);
  const std::string id = fleet.start(by_key(test::policy_of("", 50)));
  REQUIRE(plan(database, fleet, id).size() == 1);
  for (int batch = 1; batch <= 3; ++batch) {
    database.execute("UPDATE lethe.items SET batch_size = 500");
    const auto task = fleet.lease();
    REQUIRE(task);
    const auto settlement = fleet.step(*task);
    REQUIRE(settlement);
    CHECK(settlement->outcome == Outcome::again);
    CHECK(settlement->rows == 0);
    CHECK(database.text("SELECT cursor FROM lethe.fence WHERE batches > 0") ==
          fmt::format("{{\"{}\"}}", 500 * batch));
    REQUIRE(fleet.settle(*settlement) == Settled::yes);
  }
  check_satisfied(database, work_off_in(database, fleet, id, 500), 1);
}

TEST_CASE("a large key is split by its statistics and its parts delete each row once", "[key]") {
  const auto key = GENERATE(as<std::string>{}, "id", "note, id", "word");
  CAPTURE(key);
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int NOT NULL, note text NOT NULL, word text NOT NULL, created_at "
      "timestamptz) WITH (autovacuum_enabled = false); INSERT INTO public.t SELECT n, 'n' || n % "
      "3000, md5(n::text), now() - n * interval '1 hour' FROM generate_series(1, 20000) n; ALTER "
      "TABLE public.t ADD PRIMARY KEY (" +
      key +
      "); ANALYZE public.t; UPDATE pg_class SET reltuples = reltuples * 400 WHERE oid = "
      "'public.t'::regclass");
  RunDriver fleet(database);
  const std::string id = fleet.start(by_key(test::policy_of("", 100)));
  const auto works = plan(database, fleet, id);
  CHECK(works.size() > 40);
  CHECK(works.size() <= 64);
  std::map<std::string, std::string> ranges;
  for (const CleanWork& work : works) ranges[work.range_from] = work.range_to;
  std::size_t followed = 0;
  std::string end;
  do {
    REQUIRE(ranges.count(end) == 1);
    end = ranges[end];
    ++followed;
  } while (!end.empty() && followed <= works.size());
  CHECK(followed == works.size());
  const RunRow run = work_off_in(database, fleet, id, 100);
  check_satisfied(database, run, 20'000 - 2'400 + 1);
  CHECK(run.passes == 1);
  CHECK(database.number("SELECT count(DISTINCT task) FROM lethe.ledger WHERE rows > 0") > 40);
}

TEST_CASE("rows that come in behind the cursor are met by another pass", "[key]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  RunDriver fleet(database);
  const std::string id = fleet.start(by_key(test::policy_of("", 50)));
  REQUIRE(plan(database, fleet, id).size() == 1);
  database.execute("UPDATE lethe.items SET batch_size = 1000");
  const auto task = fleet.lease();
  REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
  database.execute(
      "INSERT INTO public.t (id, created_at) VALUES (0, '2001-01-01'), (-5, '2001-01-01'), (9999, "
      "'2001-01-01')");
  const RunRow run = work_off_in(database, fleet, id, 1000);
  check_satisfied(database, run, 4800 - 50 * 24 + 1 + 3);
  CHECK(run.passes == 2);
}

TEST_CASE("a batch that is repeated because its worker died goes on behind it", "[key]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  database.execute("ALTER TABLE public.t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (tenant, id)");
  RunDriver fleet(database);
  const std::string id = fleet.start(by_key(test::policy_of("", 50)));
  REQUIRE(plan(database, fleet, id).size() == 1);
  database.execute("UPDATE lethe.items SET batch_size = 700");
  const auto lost = fleet.lease();
  const auto first = fleet.step(*lost);  // committed in the target, never settled
  REQUIRE(first);
  const std::string cursor = database.text("SELECT cursor FROM lethe.fence WHERE rows > 0");
  fleet.control().tasks().release(lost->lease.task.value, "test");
  database.execute("UPDATE lethe.items SET batch_size = 700");
  const auto held = fleet.lease();
  REQUIRE(held);
  const auto second = fleet.step(*held);
  REQUIRE(second);
  CHECK_FALSE(fleet.step(*lost));
  CHECK(second->rows > first->rows);
  CHECK(second->batches == 2);
  CHECK(database.text("SELECT cursor FROM lethe.fence WHERE rows > 0") > cursor);
  REQUIRE(fleet.settle(*second) == Settled::yes);
  const RunRow run = work_off_in(database, fleet, id, 700);
  check_satisfied(database, run, 4800 - 50 * 24 + 1);
  CHECK(run.passes == 1);
}

TEST_CASE("a run stops when its key is gone and goes on when it was only made anew", "[key]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  RunDriver fleet(database);
  const std::string id = fleet.start(by_key(test::policy_of("", 50)));
  REQUIRE(plan(database, fleet, id).size() == 1);
  SECTION("gone") {
    database.execute("ALTER TABLE public.t DROP CONSTRAINT t_pkey");
    const RunRow run = fleet.work_off(id);
    CHECK(run.state == "failed");
    CHECK_THAT(run.error, test::contains("public.t lost its unique key (id) since it was planned"));
    CHECK(run.rows == 0);
  }
  SECTION("made anew") {
    database.execute(
        "ALTER TABLE public.t DROP CONSTRAINT t_pkey; CREATE UNIQUE INDEX another ON public.t "
        "(id)");
    check_satisfied(database, fleet.work_off(id), 4800 - 50 * 24 + 1);
  }
}

TEST_CASE("a locked row on the way along a key is left to a later pass", "[key][race]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  RunDriver fleet(database, std::chrono::milliseconds(50));
  const std::string id = fleet.start(by_key(test::policy_of("", 5)));
  REQUIRE(plan(database, fleet, id).size() == 1);
  {
    test::OtherSession application(database.url());
    application.execute("SELECT 1 FROM public.t WHERE id = 200 FOR UPDATE");
    const auto task = fleet.lease();
    const auto settlement = fleet.step(*task);
    REQUIRE(settlement);
    CHECK(settlement->outcome == Outcome::done);
    CHECK(settlement->rows == 120);
    REQUIRE(fleet.settle(*settlement) == Settled::yes);
  }
  const RunRow run = fleet.work_off(id);
  check_satisfied(database, run, 121);
  CHECK(run.passes == 2);
}

TEST_CASE("rows that the server refuses are parked on the way along a key", "[key][poison]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  database.execute(
      "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id IN "
      "(1300, 2500, 4800) THEN RAISE EXCEPTION 'row % is needed', OLD.id; END IF; RETURN OLD; END "
      "$$; CREATE TRIGGER refuse BEFORE DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION "
      "public.refuse()");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(by_key(test::policy_of("", 50))));
  CHECK(run.state == "failed");
  CHECK_THAT(run.error, test::contains("3 rows are parked"));
  CHECK(run.rows == 4800 - 50 * 24 + 1 - 3);
  CHECK(database.text("SELECT string_agg(key, ' ' ORDER BY key) FROM lethe.parked") ==
        R"({"id": 1300} {"id": 2500} {"id": 4800})");
}

TEST_CASE("children go along with the rows that are met along a key", "[key][cascade]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  database.execute(
      "CREATE TABLE public.line (id int PRIMARY KEY, t_id bigint REFERENCES public.t); CREATE "
      "INDEX ON public.line (t_id); INSERT INTO public.line SELECT n, (n + 1) / 2 FROM "
      "generate_series(1, 9600) n; CREATE TABLE public.needs (t_id bigint REFERENCES public.t); "
      "CREATE INDEX ON public.needs (t_id); INSERT INTO public.needs VALUES (3000), (3000), (10)");
  Policy policy = by_key(test::policy_of("", 50));
  policy.cascade = {{"public", "line"}};
  RunDriver fleet(database);
  const RunRow run = work_off_in(database, fleet, fleet.start(policy), 500);
  check_satisfied(database, run, 4800 - 50 * 24 + 1 - 1);
  CHECK(run.passes == 1);
  CHECK(database.number("SELECT count(*) FROM public.line") == 2 * (50 * 24 - 1 + 1));
  CHECK(database.number("SELECT sum((cascaded -> 'public.line' ->> 'deleted')::int) FROM "
                        "lethe.ledger") == 2 * run.rows);
}

TEST_CASE("an array of any text is read back as it was", "[key]") {
  const std::vector<std::string> items = {"", "a", "\"", "\\", "{,}", "NULL", "Ä\n", "\\\"\\"};
  CHECK(db::from_array(db::to_array(items)) == items);
  CHECK(db::from_array("").empty());
  CHECK(db::from_array("{}").empty());
  for (const char* const text : {"{", "a", "{a}", "{\"a}", "{\"a\",}", "{\"a\"}x", "{\"a\\"})
    CHECK_THROWS_AS(db::from_array(text), std::invalid_argument);
}
