// How a run by index, or of one tenant, is split into tasks, and that the parts delete every row
// once.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "common/db/target/batch_delete.hpp"
#include "proto/task_payload.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"
#include "tests/support/statement_text.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

constexpr int retained_days = 1'920;

/// A clean task as it stands in the queue.
struct Part {
  std::string id;
  CleanWork work;
};

/// Does the run's plan task; the clean tasks that it made.
std::vector<Part> plan(TestDatabase& database, RunDriver& fleet, const std::string& run) {
  const auto task = fleet.lease();
  REQUIRE(task);
  REQUIRE(task->kind == TaskKind::plan);
  const auto settlement = fleet.step(*task);
  REQUIRE(settlement);
  REQUIRE(fleet.settle(*settlement) == Settled::yes);
  std::vector<Part> parts;
  for (const auto& row : database.execute("SELECT id, payload FROM lethe.items WHERE run_id = '" +
                                          run + "' AND kind = 'clean'")) {
    const auto payload = decode_task_payload(db::from_bytea(row["payload"].c_str()));
    parts.push_back({.id = row["id"].c_str(), .work = std::get<TaskPayload>(payload).work.value()});
  }
  return parts;
}

/// public.t(id, tenant, started_at, created_at): 20,000 rows over 2,000 days, so that 4 % are older
/// than retained_days, and no row within two days of that, so that no clock can decide a test.
/// started_at is NULL in each second row. Also rows that stay for ever.
void make_history(TestDatabase& database, const std::string& type) {
  const std::string stamp = "(now() AT TIME ZONE 'UTC' - n * interval '144 minutes')";
  database.execute(fmt::format(
      "CREATE TABLE public.t (id bigint GENERATED ALWAYS AS IDENTITY, tenant text, started_at {0}, "
      "created_at {0}, note text DEFAULT repeat('x', 100)) WITH (autovacuum_enabled = false);"
      "INSERT INTO public.t (tenant, started_at, created_at) SELECT 't' || n % 10, "
      "CASE n / 10 % 2 WHEN 0 THEN {1}::{0} END, {1}::{0} FROM generate_series(1, 20000) n "
      "WHERE n / 10 NOT BETWEEN {2} - 2 AND {2} + 2;"
      "INSERT INTO public.t (tenant, started_at, created_at) SELECT 't1', v, v FROM (VALUES "
      "('infinity'::{0}), ('-infinity'), (NULL)) AS v (v), generate_series(1, 100)",
      type, type == "timestamptz" ? "(" + stamp + " AT TIME ZONE 'UTC')" : stamp, retained_days));
}

/// Makes the statistics say that the table has 400 times as many rows, so that small tests are
/// planned like large tables.
void pretend_large(TestDatabase& database) {
  database.execute("ALTER TABLE public.t SET (autovacuum_enabled = off)");  // it counts anew
  database.execute("ANALYZE public.t");
  database.execute(
      "UPDATE pg_class SET reltuples = reltuples * 400 WHERE oid = 'public.t'::regclass");
}

/// Rows that any run may delete.
std::string old_rows(const std::string& column) {
  return fmt::format("{} < (now() - interval '{} days')::date AND isfinite({})", column,
                     retained_days, column);
}

/// A value of a column as the instant that it stands for.
std::string instant(const std::string& value, const std::string& type) {
  if (type == "date") return fmt::format("(('{}'::date + 1)::timestamp AT TIME ZONE 'UTC')", value);
  if (type == "timestamp") return fmt::format("('{}'::timestamp AT TIME ZONE 'UTC')", value);
  return fmt::format("'{}'::timestamptz", value);
}

/// Inserts three rows at every split and one just before it, with `column` set.
void insert_at_splits(TestDatabase& database, const std::vector<Part>& parts,
                      const std::string& column, std::uint32_t phase, const std::string& type) {
  const std::string before = type == "date" ? "1" : "interval '1 microsecond'";
  for (const Part& part : parts) {
    if (part.work.phase != phase || part.work.range_from.empty()) continue;
    database.execute(
        fmt::format("INSERT INTO public.t (tenant, {1}) SELECT 't1', '{0}'::{2} FROM "
                    "generate_series(1, 3); INSERT INTO public.t (tenant, {1}) VALUES ('t1', "
                    "'{0}'::{2} - {3})",
                    part.work.range_from, column, type, before));
  }
}

std::size_t tasks_of(const std::vector<Part>& parts, std::uint32_t phase) {
  return static_cast<std::size_t>(std::count_if(
      parts.begin(), parts.end(), [phase](const Part& part) { return part.work.phase == phase; }));
}

/// The ranges of one phase follow each other from one open end to the other.
void check_cover(const std::vector<Part>& parts, std::uint32_t phase) {
  std::map<std::string, std::string> ranges;
  for (const Part& part : parts)
    if (part.work.phase == phase) ranges[part.work.range_from] = part.work.range_to;
  CHECK(ranges.size() == tasks_of(parts, phase));
  std::size_t followed = 0;
  std::string end;
  do {
    REQUIRE(ranges.count(end) == 1);
    end = ranges[end];
    ++followed;
  } while (!end.empty() && followed <= ranges.size());
  CHECK(followed == ranges.size());
}

/// No task deleted a row outside its range: what it deleted is not another's too.
void check_inside(TestDatabase& database, const std::vector<Part>& parts, const std::string& type) {
  for (const Part& part : parts) {
    INFO(part.work.range_from << " to " << part.work.range_to);
    const std::string outside =
        fmt::format("SELECT count(*) FROM lethe.ledger WHERE task = '{}' AND (false{}{})", part.id,
                    part.work.range_from.empty()
                        ? ""
                        : " OR oldest::timestamptz < " + instant(part.work.range_from, type),
                    part.work.range_to.empty()
                        ? ""
                        : " OR newest::timestamptz >= " + instant(part.work.range_to, type));
    CHECK(database.number(outside) == 0);
    CHECK(database.number("SELECT sum(rows) FROM lethe.ledger WHERE task = '" + part.id + "'") > 0);
  }
}

/// Works the run off; it deletes `rows` rows in its first pass.
void check_run(RunDriver& fleet, const std::string& id, std::int64_t rows) {
  const RunRow run = fleet.work_off(id);
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.passes == 1);  // verification found nothing that a range had left
  CHECK(run.rows == rows);
}

/// The statement of an index task on public.t (created_at timestamptz) with a cutoff in 2020.
std::string index_statement(const db::KeyRange& range, const std::string& cursor) {
  const Policy policy = test::policy_of("", 1);
  db::TableFacts table;
  table.columns["created_at"] = {.quoted = "created_at",
                                 .type = "timestamp with time zone",
                                 .time = db::TimeType::timestamptz};
  db::Limits limits;
  limits.cutoff.timestamptz = "2020-01-01 00:00:00+00";
  const db::Predicate predicate(policy, table, limits, "run", false);
  return test::literal(db::index_delete("public.t", predicate,
                                        {.range = range, .cursor = cursor, .rows_max = 1'000}));
}

}  // namespace

TEST_CASE("a run by index with many expired rows is split and its parts delete each of them once",
          "[clean][ranges]") {
  const std::string type = GENERATE("timestamptz", "timestamp", "date");
  CAPTURE(type);
  TestDatabase database;
  make_history(database, type);
  if (type == "date")  // later than any timestamptz
    database.execute("INSERT INTO public.t (created_at) VALUES ('5874897-12-31')");
  database.execute("CREATE INDEX ON public.t (created_at)");
  pretend_large(database);
  RunDriver fleet(database);
  const std::string id = fleet.start(test::policy_of("", retained_days));
  const auto parts = plan(database, fleet, id);
  REQUIRE(fleet.run(id).strategy == "index");
  CHECK(parts.size() >= 8);
  CHECK(parts.size() <= 64);
  check_cover(parts, 0);
  insert_at_splits(database, parts, "created_at", 0, type);
  database.execute("INSERT INTO public.t (created_at) VALUES ('1066-10-14'), ('0044-03-15 BC')");
  const auto all = database.number("SELECT count(*) FROM public.t");
  const auto rows =
      database.number("SELECT count(*) FROM public.t WHERE " + old_rows("created_at"));
  CHECK(rows > 770);
  check_run(fleet, id, rows);
  check_inside(database, parts, type);
  CHECK(database.number("SELECT count(*) FROM public.t") == all - rows);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE " + old_rows("created_at")) == 0);
}

TEST_CASE("a fallback timestamp is split like the one before it", "[clean][ranges]") {
  TestDatabase database;
  make_history(database, "timestamptz");
  database.execute("UPDATE public.t SET started_at = started_at - interval '1000 years' WHERE " +
                   old_rows("started_at"));  // so that the columns have splits of their own
  database.execute(
      "CREATE INDEX ON public.t (started_at); CREATE INDEX ON public.t (created_at) WHERE "
      "(started_at IS NULL)");
  pretend_large(database);
  RunDriver fleet(database);
  Policy policy = test::policy_of("", retained_days);
  policy.timestamp = {"started_at", "created_at"};
  const std::string id = fleet.start(policy);
  const auto parts = plan(database, fleet, id);
  REQUIRE(fleet.run(id).strategy == "index");
  CHECK(parts.size() >= 8);
  for (const std::uint32_t phase : {0U, 1U}) {
    CHECK(tasks_of(parts, phase) >= 3);
    check_cover(parts, phase);
  }
  for (const Part& part : parts)
    CHECK((part.work.phase == 0 || part.work.range_from.empty() || part.work.range_from > "2000"));
  insert_at_splits(database, parts, "started_at", 0, "timestamptz");
  insert_at_splits(database, parts, "created_at", 1, "timestamptz");
  database.execute(
      "INSERT INTO public.t (started_at, created_at) SELECT now(), created_at FROM public.t WHERE "
      "started_at IS NULL AND " +
      old_rows("created_at"));
  const std::string eligible =
      "SELECT count(*) FROM public.t WHERE " + old_rows("coalesce(started_at, created_at)");
  const auto all = database.number("SELECT count(*) FROM public.t");
  const auto rows = database.number(eligible);
  check_run(fleet, id, rows);
  check_inside(database, parts, "timestamptz");
  CHECK(database.number("SELECT count(*) FROM public.t") == all - rows);
  CHECK(database.number(eligible) == 0);
}

TEST_CASE("one tenant of a large table is split by its own index", "[clean][ranges]") {
  TestDatabase database;
  make_history(database, "timestamptz");
  database.execute("CREATE INDEX ON public.t (tenant, created_at)");
  pretend_large(database);
  database.execute(
      "UPDATE pg_class SET reltuples = reltuples * 10 WHERE oid = 'public.t'::regclass");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", retained_days);
  policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = "t1"};
  const std::string id = fleet.start(policy);
  const auto parts = plan(database, fleet, id);
  REQUIRE(fleet.run(id).strategy == "index");
  CHECK(parts.size() >= 8);
  insert_at_splits(database, parts, "created_at", 0, "timestamptz");
  const auto others = database.number("SELECT count(*) FROM public.t WHERE tenant <> 't1'");
  const auto rows = database.number("SELECT count(*) FROM public.t WHERE tenant = 't1' AND " +
                                    old_rows("created_at"));
  check_run(fleet, id, rows);
  check_inside(database, parts, "timestamptz");
  CHECK(database.number("SELECT count(*) FROM public.t WHERE tenant <> 't1'") == others);
}

TEST_CASE("one tenant of a large table without an index is split by blocks", "[clean][ranges]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (tenant text, created_at timestamptz, note text) WITH (fillfactor = "
      "10); INSERT INTO public.t SELECT 't' || n % 2, now() - n * interval '1 day', "
      "repeat('x', 700) FROM generate_series(1, 4200) n; ANALYZE public.t");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 100);
  policy.tenant = TenantRule{.column = "tenant", .keep_min = {}, .overrides = {}, .only = "t1"};
  const std::string id = fleet.start(policy);
  const auto parts = plan(database, fleet, id);
  REQUIRE(fleet.run(id).strategy == "sweep");
  CHECK(parts.size() >= 4);
  check_run(fleet, id, 2'050);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE tenant = 't0'") == 2'100);
}

TEST_CASE("a column without statistics is not split", "[clean][ranges]") {
  TestDatabase database;
  make_history(database, "timestamptz");
  database.execute("CREATE INDEX ON public.t (created_at)");
  pretend_large(database);
  database.execute("DELETE FROM pg_statistic WHERE starelid = 'public.t'::regclass");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", retained_days);
  policy.strategy = StrategyChoice::index;  // a sample of so few blocks may find more for a sweep
  const std::string id = fleet.start(policy);
  const auto parts = plan(database, fleet, id);
  REQUIRE(fleet.run(id).strategy == "index");
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].work.range_from.empty());
  CHECK(parts[0].work.range_to.empty());
  check_run(fleet, id,
            database.number("SELECT count(*) FROM public.t WHERE " + old_rows("created_at")));
}

TEST_CASE("an index is split among the rows that are there and not where statistics still see some",
          "[clean][ranges]") {
  TestDatabase database;
  make_history(database, "timestamptz");
  database.execute("CREATE INDEX ON public.t (created_at)");
  pretend_large(database);
  database.execute(
      "DELETE FROM public.t WHERE created_at < now() - interval '1930 days' AND "
      "isfinite(created_at)");
  RunDriver fleet(database);
  const auto parts = plan(database, fleet, fleet.start(test::policy_of("", retained_days)));
  REQUIRE(parts.size() >= 8);
  const std::string oldest =
      database.text("SELECT min(created_at) FROM public.t WHERE isfinite(created_at)");
  for (const Part& part : parts)
    if (!part.work.range_from.empty())
      CHECK(database.number(fmt::format("SELECT ('{}'::timestamptz > '{}')::int",
                                        part.work.range_from, oldest)) == 1);
}

TEST_CASE("neighbouring ranges share no row and leave none out", "[clean][ranges]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (created_at timestamptz); INSERT INTO public.t SELECT v FROM (VALUES "
      "('2010-01-01 00:00:00+00'::timestamptz), ('2011-01-01 00:00:00+00'), ('2011-01-01 "
      "00:00:00.000001+00'), ('2010-12-31 23:59:59.999999+00'), ('2012-01-01 00:00:00+00')) AS v "
      "(v), generate_series(1, 3)");
  const std::string first = "2011-01-01 00:00:00+00";
  const std::string second = "2012-01-01 00:00:00+00";
  test::OtherSession session(database.url());
  const auto rows = [&session](const std::string& from, const std::string& to) {
    session.execute("SAVEPOINT before");
    const auto result = session.execute(index_statement({.phase = 0, .from = from, .to = to}, ""));
    session.execute("ROLLBACK TO before");
    return result.at(0)["rows"].as<int>();
  };
  CHECK(rows("", "") == 15);
  CHECK(rows("", first) == 6);
  CHECK(rows(first, second) == 6);
  CHECK(rows(second, "") == 3);
}

TEST_CASE("the delete around the pick repeats the range", "[clean][ranges]") {
  const std::string sql =
      index_statement({.phase = 0, .from = "2011-01-01", .to = "2012-01-01"}, "2011-06-01");
  const std::string outer = sql.substr(sql.find("DELETE FROM"));
  CHECK(outer.find(">=) '2011-01-01'::timestamp with time zone") != std::string::npos);
  CHECK(outer.find("<) '2012-01-01'::timestamp with time zone") != std::string::npos);
  CHECK(outer.find("2011-06-01") == std::string::npos);
}

TEST_CASE("an index task reads its own range of the index only", "[clean][ranges]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (created_at timestamptz); INSERT INTO public.t SELECT "
      "'2000-01-01'::timestamptz + n * interval '4 hours' FROM generate_series(1, 50000) n; CREATE "
      "INDEX ON public.t (created_at)");
  database.execute("ANALYZE public.t");
  const db::KeyRange range{
      .phase = 0, .from = "2010-01-01 00:00:00+00", .to = "2010-02-01 00:00:00+00"};
  test::OtherSession session(database.url());
  std::string plan;
  for (const auto& row : session.execute("EXPLAIN (ANALYZE) " + index_statement(range, "")))
    plan += std::string(row.at(0).c_str()) + "\n";
  INFO(plan);
  const auto condition = plan.find("Index Cond: ");
  REQUIRE(condition != std::string::npos);
  const std::string line = plan.substr(condition, plan.find('\n', condition) - condition);
  CHECK(line.find(">= '2010-01-01") != std::string::npos);
  CHECK(line.find("< '2010-02-01") != std::string::npos);
  CHECK(plan.find("Seq Scan") == std::string::npos);
  CHECK(plan.find("Removed by") == std::string::npos);
}
