// Every type of column that can hold the time of a row, through every way of deleting by it.

#include <fmt/format.h>

#include "common/db/target/time_column.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"
#include "tests/support/statement_text.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// A way to write down when a row was made.
struct Kind {
  std::string type;
  std::string unit;   ///< "" where the type needs none
  std::string value;  ///< SQL of a value for the instant {0}, a timestamptz
  std::string none;   ///< values that are no time, separated by commas
};

const std::string epoch_us = "(extract(epoch FROM {0}) * 1000000)::bigint";
const std::string uuid_v7 =
    "(overlay(overlay(lpad(to_hex((extract(epoch FROM {0}) * 1000)::bigint), 12, '0') || "
    "substr(md5({0}::text), 1, 20) PLACING '7' FROM 13 FOR 1) PLACING 'a' FROM 17 FOR 1))::uuid";

std::vector<Kind> all_kinds() {
  const std::string infinite = "('-infinity'), ('infinity')";
  return {{"timestamptz", "", "{0}", infinite},
          {"timestamp", "", "({0} AT TIME ZONE 'UTC')", infinite},
          {"date", "", "({0} AT TIME ZONE 'UTC')::date", infinite},
          {"bigint", "s", "(extract(epoch FROM {0}))::bigint", "(0), (-5), (-9000000000000000000)"},
          {"integer", "s", "(extract(epoch FROM {0}))::integer", "(0), (-5)"},
          {"bigint", "ms", "(" + epoch_us + " / 1000)", "(0), (-5), (-9000000000000000000)"},
          {"bigint", "us", epoch_us, "(0), (-5), (-9000000000000000000)"},
          {"uuid", "uuidv7", uuid_v7, ""}};
}

Policy policy_of(const Kind& kind, std::int64_t days, const std::string& column = "created_at") {
  Policy policy = test::policy_of("", days);
  policy.timestamp = {column};
  if (kind.unit == "s") policy.units[column] = TimeUnit::s;
  if (kind.unit == "ms") policy.units[column] = TimeUnit::ms;
  if (kind.unit == "us") policy.units[column] = TimeUnit::us;
  if (kind.unit == "uuidv7") policy.units[column] = TimeUnit::uuidv7;
  return policy;
}

/// public.t(id, tenant, created_at, note): `rows` rows, row n made at midnight n days ago, tenants
/// t0 to t9 in turn; then rows with id 0 that have no time.
void make_table(TestDatabase& database, const Kind& kind, int rows) {
  const std::string value =
      fmt::format(fmt::runtime(kind.value), "(date_trunc('day', now()) - n * interval '1 day')");
  database.execute(fmt::format(
      "SET LOCAL TimeZone = 'UTC'; CREATE TABLE public.t (id bigint, tenant text, created_at {0}, "
      "note text DEFAULT repeat('x', 150)); INSERT INTO public.t SELECT n, 't' || n % 10, {1} FROM "
      "generate_series(1, {2}) n; INSERT INTO public.t SELECT 0, 't1', NULL",
      kind.type, value, rows));
  if (!kind.none.empty())
    database.execute(
        fmt::format("INSERT INTO public.t (id, tenant, created_at) SELECT 0, 't1', v::{} FROM "
                    "(VALUES {}) s (v)",
                    kind.type, kind.none));
  database.execute("ANALYZE public.t");
}

/// Ids that are left of those above 0, "from-to:count".
std::string left(TestDatabase& database) {
  return database.text(
      "SELECT coalesce(min(id) || '-' || max(id) || ':' || count(*), 'none') FROM public.t WHERE "
      "id > 0");
}

std::int64_t timeless(TestDatabase& database) {
  return database.number("SELECT count(*) FROM public.t WHERE id = 0");
}

std::string uuid_v4(int number) { return fmt::format("00000000-0000-4000-8000-{:012}", number); }

/// The run ended as a refusal for `reason`.
void check_refused(RunDriver& fleet, const Policy& policy, const std::string& reason) {
  CHECK_THROWS_WITH(fleet.target().check_policy(policy, "policies[0]"),
                    test::contains("policies[0].timestamp: column 'created_at' of public.t ") &&
                        test::contains(reason));
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.state != "satisfied");
  CHECK(run.rows == 0);
  CHECK_THAT(run.error, test::contains(reason));
  CHECK_THAT(fleet.target().explain(policy).refusal, test::contains(reason));
}

}  // namespace

TEST_CASE("every type of timestamp is swept and rows without a time stay", "[timestamps]") {
  for (const Kind& kind : all_kinds()) {
    CAPTURE(kind.type, kind.unit);
    TestDatabase database;
    make_table(database, kind, 400);
    const auto none = timeless(database);
    RunDriver fleet(database);
    const Policy policy = policy_of(kind, 100);
    REQUIRE_NOTHROW(fleet.target().check_policy(policy, "p"));
    const Census census = fleet.target().census(policy);
    CHECK(census.no_timestamp == none);
    CHECK(census.total == 400 + none);
    const RunRow run = fleet.work_off(fleet.start(policy));
    CHECK(run.error == "");
    REQUIRE(run.state == "satisfied");
    CHECK(run.strategy == "sweep");
    CHECK(run.rows == census.eligible);
    CHECK(left(database) == (kind.type == "date" ? "1-100:100" : "1-99:99"));
    CHECK(timeless(database) == none);
  }
}

TEST_CASE("every type of timestamp is cleaned by its index without leaving a row out",
          "[timestamps]") {
  for (const Kind& kind : all_kinds()) {
    CAPTURE(kind.type, kind.unit);
    TestDatabase database;
    make_table(database, kind, 4'000);
    const auto none = timeless(database);
    database.execute("CREATE INDEX ON public.t (created_at); ANALYZE public.t");
    database.execute(
        "UPDATE pg_class SET reltuples = reltuples * 2000 WHERE oid = 'public.t'::regclass");
    RunDriver fleet(database);
    const std::string id = fleet.start(policy_of(kind, 3'900));
    const auto plan = fleet.lease();
    REQUIRE(plan);
    REQUIRE(fleet.settle(fleet.step(*plan).value()) == Settled::yes);
    CHECK(fleet.run(id).strategy == "index");
    CHECK(database.number("SELECT count(*) FROM lethe.items WHERE kind = 'clean'") > 3);
    const RunRow run = fleet.work_off(id);
    CHECK(run.error == "");
    REQUIRE(run.state == "satisfied");
    CHECK(run.passes == 1);
    CHECK(left(database) == (kind.type == "date" ? "1-3900:3900" : "1-3899:3899"));
    CHECK(timeless(database) == none);
  }
}

TEST_CASE("a batch by index compares the bare column with constants for every type",
          "[timestamps]") {
  for (const Kind& kind : all_kinds()) {
    CAPTURE(kind.type, kind.unit);
    TestDatabase database;
    make_table(database, kind, 4'000);
    database.execute("CREATE INDEX ON public.t (created_at); ANALYZE public.t");
    const Policy policy = policy_of(kind, 1);
    const std::string type = database.text(
        "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = "
        "'public.t'::regclass AND attname = 'created_at'");
    db::TableFacts table;
    table.columns["created_at"] = {.quoted = "created_at",
                                   .type = type,
                                   .time = db::time_type(type, find_time_unit(kind.unit))};
    const db::Limits limits{.as_of = "",
                            .own_shift = "",
                            .cutoff = {.timestamptz = "2017-01-01 00:00:00+00",
                                       .timestamp = "2017-01-01 00:00:00",
                                       .date = "2017-01-01",
                                       .us = 1'483'228'800'000'000},
                            .floor = {},
                            .reach = {}};
    const db::Predicate predicate(policy, table, limits, "run", false);
    std::string plan;
    for (const auto& row :
         database.execute("EXPLAIN " + test::literal(db::index_delete(
                                           "public.t", predicate,
                                           {.range = {}, .cursor = "", .rows_max = 1'000}))))
      plan += std::string(row.at(0).c_str()) + "\n";
    INFO(plan);
    const auto at = plan.find("Index Cond: ");
    REQUIRE(at != std::string::npos);
    const std::string condition = plan.substr(at, plan.find('\n', at) - at);
    CHECK_THAT(condition, test::contains("(created_at > '"));
    CHECK_THAT(condition, test::contains("(created_at < '"));
  }
}

TEST_CASE("a limit is the same whether the program or the server works it out", "[timestamps]") {
  TestDatabase database;
  struct Instant {
    const char* text;
    std::int64_t us;
  };
  for (const Instant& instant : {Instant{"2024-07-03 10:00:00.123456+00", 1'720'000'800'123'456},
                                 Instant{"2024-07-03 10:00:00+00", 1'720'000'800'000'000},
                                 Instant{"2024-07-03 10:00:00.000001+00", 1'720'000'800'000'001},
                                 Instant{"1960-01-01 00:00:00+00", 0}, Instant{"-infinity", 0}}) {
    for (const db::TimeType type : {db::TimeType::epoch_s, db::TimeType::epoch_ms,
                                    db::TimeType::epoch_us, db::TimeType::uuidv7}) {
      CAPTURE(instant.text, static_cast<int>(type));
      db::Limit limit;
      limit.us = instant.us;
      CHECK(database.text("SELECT (" +
                          db::limit_sql(fmt::format("'{}'::timestamptz", instant.text), type) +
                          ")::text") == db::limit_text(limit, type));
    }
  }
}

TEST_CASE("keep_min keeps the newest rows for every type of timestamp", "[timestamps]") {
  for (const Kind& kind : all_kinds()) {
    CAPTURE(kind.type, kind.unit);
    TestDatabase database;
    make_table(database, kind, 400);
    RunDriver fleet(database);
    Policy policy = policy_of(kind, 10);
    policy.keep_min = 50;
    REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
    CHECK(left(database) == "1-50:50");
  }
}

TEST_CASE("tenants have their own cutoffs for every type of timestamp", "[timestamps]") {
  for (const Kind& kind : all_kinds()) {
    CAPTURE(kind.type, kind.unit);
    TestDatabase database;
    make_table(database, kind, 400);
    const auto none = timeless(database);
    RunDriver fleet(database);
    Policy policy = policy_of(kind, 100);
    policy.tenant = TenantRule{.column = "tenant", .keep_min = 12, .overrides = {}, .only = {}};
    policy.tenant->overrides["t1"].retain = Retention{.months = 0, .seconds = 205 * test::day};
    policy.tenant->overrides["t2"].retain = Retention{.months = 0, .seconds = 15 * test::day};
    policy.tenant->overrides["t3"].enabled = false;
    policy.tenant->overrides["t4"].keep_min = 0;
    const Census census = fleet.target().census(policy);
    const RunRow run = fleet.work_off(fleet.start(policy));
    CHECK(run.error == "");
    REQUIRE(run.state == "satisfied");
    CHECK(run.rows == census.eligible);
    CHECK(database.text("SELECT string_agg(n::text, ' ' ORDER BY tenant) FROM (SELECT tenant, "
                        "count(*) AS n FROM public.t WHERE id > 0 GROUP BY tenant) s") ==
          "12 21 12 40 10 12 12 12 12 12");
    CHECK(timeless(database) == none);
  }
}

TEST_CASE("a number may stand in for a timestamp that is NULL and the other way round",
          "[timestamps]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id int, started_at timestamptz, created_at bigint); INSERT INTO "
      "public.t VALUES (1, '2001-01-01', extract(epoch FROM now()) * 1000), (2, NULL, extract("
      "epoch FROM now() - interval '20 days') * 1000), (3, NULL, extract(epoch FROM now()) * "
      "1000), (4, now(), extract(epoch FROM now() - interval '20 days') * 1000), (5, NULL, NULL), "
      "(6, NULL, 0)");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 10);
  policy.timestamp = {"started_at", "created_at"};
  policy.units["created_at"] = TimeUnit::ms;
  CHECK(fleet.target().census(policy).no_timestamp == 2);
  REQUIRE(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(database.text("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.t") == "3,4,5,6");
  policy.timestamp = {"created_at", "started_at"};
  database.execute("INSERT INTO public.t VALUES (7, '2001-01-01', NULL)");
  REQUIRE(fleet.work_off(fleet.start(policy)).rows == 2);
  CHECK(database.text("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.t") == "3,5,6");
}

TEST_CASE("a unit that the data contradicts is refused with the one that fits", "[timestamps]") {
  const auto unit = GENERATE(TimeUnit::s, TimeUnit::ms, TimeUnit::us);
  const auto said = GENERATE(TimeUnit::s, TimeUnit::ms, TimeUnit::us);
  TestDatabase database;
  for (const Kind& kind : all_kinds())
    if (kind.type == "bigint" && kind.unit == to_string(unit)) make_table(database, kind, 200);
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 10);
  policy.units["created_at"] = said;
  if (unit == said) {
    CHECK(fleet.work_off(fleet.start(policy)).rows > 0);
  } else {
    check_refused(fleet, policy, fmt::format("write unit: {}", to_string(unit)));
    CHECK(left(database) == "1-200:200");
    CHECK(fleet.target().census(policy).no_timestamp == fleet.target().census(policy).total);
  }
}

TEST_CASE("seconds among milliseconds are refused and stay when they come later", "[timestamps]") {
  TestDatabase database;
  const std::string second = "extract(epoch FROM now() - interval '30 days')";
  database.execute(
      "CREATE TABLE public.t (id int, created_at bigint); INSERT INTO public.t SELECT "
      "n, " +
      second + " * 1000 FROM generate_series(1, 10) n");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 10);
  policy.units["created_at"] = TimeUnit::ms;
  const std::string id = fleet.start(policy);
  const auto plan = fleet.lease();
  REQUIRE(fleet.settle(fleet.step(plan.value()).value()) == Settled::yes);
  database.execute("INSERT INTO public.t SELECT 0, " + second);
  const RunRow run = fleet.work_off(id);
  REQUIRE(run.state == "satisfied");
  CHECK(run.rows == 10);
  CHECK(timeless(database) == 1);
  database.execute("INSERT INTO public.t SELECT 1, " + second + " * 1000");
  check_refused(fleet, policy, "no unit makes times between 1990 and 2100 of them");
}

TEST_CASE("UUIDs of version 4 are refused in a plan and stay when they come later",
          "[timestamps]") {
  TestDatabase database;
  const Kind kind = all_kinds().back();
  make_table(database, kind, 50);
  RunDriver fleet(database);
  const Policy policy = policy_of(kind, 10);
  const std::string id = fleet.start(policy);
  const auto plan = fleet.lease();
  REQUIRE(fleet.settle(fleet.step(plan.value()).value()) == Settled::yes);
  for (int i = 0; i < 3; ++i)
    database.execute("INSERT INTO public.t (id, created_at) VALUES (0, '" + uuid_v4(i) + "')");
  CHECK(fleet.target().census(policy).no_timestamp == 3 + 1);
  const RunRow run = fleet.work_off(id);
  REQUIRE(run.state == "satisfied");
  CHECK(left(database) == "1-9:9");
  CHECK(timeless(database) == 3 + 1);
  check_refused(fleet, policy, "UUIDs that are not of version 7 (3 of 12 that were looked at)");
}

TEST_CASE("a type and a unit that do not belong together are refused", "[timestamps]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (n bigint, i integer, u uuid, t timestamptz, d date, x text)");
  RunDriver fleet(database);
  const auto refusal = [&](const std::string& column, std::optional<TimeUnit> unit) {
    Policy policy = test::policy_of("", 10);
    policy.timestamp = {column};
    if (unit) policy.units[column] = *unit;
    try {
      fleet.target().check_policy(policy, "p");
      return std::string();
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
  };
  CHECK_THAT(refusal("n", {}), test::contains("is bigint; say what it counts"));
  CHECK_THAT(refusal("i", TimeUnit::uuidv7), test::contains("is integer; say what it counts"));
  CHECK_THAT(refusal("u", {}), test::contains("{column: u, unit: uuidv7}"));
  CHECK_THAT(refusal("u", TimeUnit::ms), test::contains("{column: u, unit: uuidv7}"));
  CHECK_THAT(refusal("t", TimeUnit::s), test::contains("which has no unit; remove unit: s"));
  CHECK_THAT(refusal("d", TimeUnit::uuidv7), test::contains("which has no unit"));
  CHECK_THAT(refusal("x", {}), test::contains("is text; use a column of type timestamptz"));
  CHECK_THAT(refusal("x", TimeUnit::s), test::contains("is text; use a column of type"));
  for (const TimeUnit unit : {TimeUnit::s, TimeUnit::ms, TimeUnit::us}) {
    CHECK(refusal("n", unit).empty());
    CHECK(refusal("i", unit).empty());
  }
  CHECK(refusal("u", TimeUnit::uuidv7).empty());
  CHECK(refusal("d", {}).empty());
}

TEST_CASE("a pinned index leads to the old rows of every type", "[timestamps]") {
  for (const Kind& kind : all_kinds()) {
    CAPTURE(kind.type, kind.unit);
    TestDatabase database;
    make_table(database, kind, 400);
    const auto none = timeless(database);
    RunDriver fleet(database);
    Policy policy = policy_of(kind, 100);
    policy.strategy = StrategyChoice::index;
    const RunRow refused = fleet.work_off(fleet.start(policy));
    CHECK_THAT(refused.error, test::contains("CREATE INDEX CONCURRENTLY ON public.t"));
    database.execute("CREATE INDEX ON public.t (created_at)");
    const RunRow run = fleet.work_off(fleet.start(policy));
    CHECK(run.error == "");
    REQUIRE(run.state == "satisfied");
    CHECK(run.strategy == "index");
    CHECK(left(database) == (kind.type == "date" ? "1-100:100" : "1-99:99"));
    CHECK(timeless(database) == none);
  }
}
