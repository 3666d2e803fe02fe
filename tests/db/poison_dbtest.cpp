// Rows that the database refuses to delete are set aside, and the others go.

#include <set>

#include "common/db/sqlstate.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

bool says(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

/// Lets public.t refuse the deletion of the rows for which `condition` is true, the row being OLD.
void refuse_rows(TestDatabase& database, const std::string& condition,
                 const std::string& raise = "RAISE EXCEPTION 'row % is needed', OLD.id") {
  database.execute(
      "CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF " +
      condition + " THEN " + raise + "; END IF; RETURN OLD; END $$");
  database.execute(
      "DROP TRIGGER IF EXISTS refuse ON public.t; CREATE TRIGGER refuse BEFORE DELETE ON public.t "
      "FOR EACH ROW EXECUTE FUNCTION public.refuse()");
}

/// What lethe.parked says of a run: the keys in order.
std::string parked_keys(TestDatabase& database, const std::string& run) {
  return database.text("SELECT string_agg(key, ' ' ORDER BY key) FROM lethe.parked WHERE run = '" +
                       run + "'");
}

void check_ledger(TestDatabase& database, const RunRow& run) {
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger WHERE run = '" + run.id +
                        "'") == run.rows);
}

}  // namespace

TEST_CASE("rows that a trigger refuses to delete are parked and all others go", "[poison]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  refuse_rows(database, "OLD.id IN (1300, 2500, 4799)");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 50)));
  CHECK(run.state == "failed");
  CHECK(says(run.error, "3 rows are parked"));
  CHECK(says(run.error, "is needed"));
  CHECK(says(run.error, "lethe parked list --run " + run.id));
  CHECK(run.rows == 4800 - 50 * 24 + 1 - 3);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id >= 1200") == 3);
  CHECK(parked_keys(database, run.id) == R"({"id": 1300} {"id": 2500} {"id": 4799})");
  check_ledger(database, run);
  CHECK(fleet.target().traces(run.id).parked == 3);
  const auto rows = fleet.target().parked(run.id, 2);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].sqlstate == "P0001");
  CHECK(rows[0].relation == "public.t");
  CHECK(rows[0].message.find("ERROR") == std::string::npos);

  SECTION("the next run tries them again and is satisfied once the cause is gone") {
    refuse_rows(database, "false");
    const RunRow next = fleet.work_off(fleet.start(test::policy_of("", 50)));
    INFO(next.error);
    CHECK(next.state == "satisfied");
    CHECK(next.rows == 3);
  }
}

TEST_CASE("rows that refuse their new values are parked and all others get them", "[poison][set]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  database.execute("ALTER TABLE public.t ADD CHECK (note <> 'gone' OR id NOT IN (2500, 4799))");
  Policy policy = test::policy_of("", 50);
  policy.action = {Action::Kind::set, {{"note", "gone"}}, {}};
  const bool by_index = GENERATE(false, true);
  if (by_index) {
    database.execute("CREATE INDEX ON public.t (created_at)");
    policy.strategy = StrategyChoice::index;
  }
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.state == "failed");
  CHECK(says(run.error, "2 rows are parked"));
  CHECK(run.strategy == (by_index ? "index" : test::whole_visit(database)) + ", set");
  CHECK(run.rows == 4800 - 50 * 24 + 1 - 2);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE note = 'gone'") == run.rows);
  CHECK(parked_keys(database, run.id) == R"({"id": 2500} {"id": 4799})");
  check_ledger(database, run);
}

TEST_CASE("rows are parked where the index leads to the old ones", "[poison]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  database.execute("CREATE INDEX ON public.t (created_at)");
  database.execute("ANALYZE public.t");
  refuse_rows(database, "OLD.id IN (4700, 4800)");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 195)));
  CHECK(run.strategy == "index");
  CHECK(run.state == "failed");
  CHECK(run.rows == 4800 - 195 * 24 + 1 - 2);
  CHECK(parked_keys(database, run.id) == R"({"id": 4700} {"id": 4800})");
  check_ledger(database, run);
}

TEST_CASE("errors of every kind that a row can cause are parked with their SQLSTATE", "[poison]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  const std::string code = GENERATE(as<std::string>(), "22012", "23514", "38000", "P0002", "UX007");
  CAPTURE(code);
  refuse_rows(database, "OLD.id = 200", "RAISE EXCEPTION 'no' USING ERRCODE = '" + code + "'");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 5)));
  CHECK(run.state == "failed");
  CHECK(run.rows == 240 - 5 * 24);
  CHECK(database.text("SELECT sqlstate FROM lethe.parked") == code);
}

TEST_CASE("a deferred constraint that would fail at COMMIT is met row by row", "[poison]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute(
      "CREATE FUNCTION public.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = 200 "
      "THEN RAISE EXCEPTION 'too late' USING ERRCODE = '23503'; END IF; RETURN NULL; END $$; "
      "CREATE CONSTRAINT TRIGGER late AFTER DELETE ON public.t DEFERRABLE INITIALLY DEFERRED FOR "
      "EACH ROW EXECUTE FUNCTION public.late()");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 5)));
  CHECK(run.state == "failed");
  CHECK(run.rows == 240 - 5 * 24);
  CHECK(parked_keys(database, run.id) == R"({"id": 200})");
}

TEST_CASE("a row without a primary key is parked by its place and keys of several columns by all",
          "[poison]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  refuse_rows(database, "OLD.id = 200");
  RunDriver fleet(database);
  SECTION("none") {
    database.execute("ALTER TABLE public.t DROP CONSTRAINT t_pkey");
    const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 5)));
    CHECK(parked_keys(database, run.id) ==
          database.text("SELECT ctid::text FROM public.t WHERE id = 200"));
    CHECK(run.rows == 240 - 5 * 24);
  }
  SECTION("several") {
    database.execute(
        "ALTER TABLE public.t DROP CONSTRAINT t_pkey; ALTER TABLE public.t RENAME tenant TO \"It's "
        "%s\"; ALTER TABLE public.t ADD PRIMARY KEY (\"It's %s\", id)");
    const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 5)));
    CHECK(parked_keys(database, run.id) == R"({"id": 200, "It's %s": "t0"})");
  }
}

TEST_CASE("a parked row that is changed meanwhile is judged anew", "[poison]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  refuse_rows(database, "OLD.id IN (200, 210) AND OLD.status = 'done'");
  RunDriver fleet(database);
  const std::string id = fleet.start(test::policy_of("", 5));
  // Until both rows are parked and the verification is next.
  while (fleet.run(id).state != "verifying") {
    const auto task = fleet.lease();
    REQUIRE(task);
    REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
  }
  REQUIRE(fleet.target().traces(id).parked == 2);
  database.execute("UPDATE public.t SET status = 'open' WHERE id = 200");
  database.execute("UPDATE public.t SET note = 'changed' WHERE id = 210");
  const RunRow run = fleet.work_off(id);
  CHECK(run.state == "failed");
  CHECK(run.rows == 240 - 5 * 24);
  CHECK(says(run.error, "2 rows are parked"));  // of which one is gone: it was refused once
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id >= 120") == 1);
  CHECK(parked_keys(database, id) == R"({"id": 200} {"id": 210})");
}

TEST_CASE("a locked row beside a poisoned one is left to a later pass", "[poison]") {
  TestDatabase database;
  test::make_plain_table(database, 240);
  refuse_rows(database, "OLD.id = 201");
  RunDriver fleet(database, std::chrono::milliseconds(50));
  const std::string id = fleet.start(test::policy_of("", 5));
  {
    test::OtherSession application(database.url());
    application.execute("SELECT FROM public.t WHERE id = 200 FOR UPDATE");
    while (fleet.run(id).state != "verifying") {
      const auto task = fleet.lease();
      if (!task) break;
      REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
      database.execute("UPDATE lethe.items SET enqueue_at = NULL");
    }
  }
  CHECK(parked_keys(database, id) == R"({"id": 201})");
  const RunRow run = fleet.work_off(id);
  CHECK(run.rows == 240 - 5 * 24);
  CHECK(run.state == "failed");
}

TEST_CASE("a table that refuses every row stops the run instead of parking them all", "[poison]") {
  TestDatabase database;
  test::make_plain_table(database, 2400);
  refuse_rows(database, "true");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 5)));
  CHECK(run.state == "failed");
  CHECK(run.rows == 0);
  CHECK(says(run.error, "more than 1000 rows of public.t cannot be deleted"));
  CHECK(database.number("SELECT count(*) FROM lethe.parked") <= 1000);
  CHECK(database.number("SELECT count(*) FROM public.t") == 2400);
}

TEST_CASE("every SQLSTATE class of the server has one remedy and the worker obeys it",
          "[poison][sqlstate]") {
  using db::Remedy;
  using Kind = TargetTrouble::Kind;
  std::set<std::string_view> codes;
  for (const auto& rule : db::sqlstate_rules) {
    const std::string sqlstate(rule.code.size() == 2 ? std::string(rule.code) + "999"
                                                     : std::string(rule.code));
    CAPTURE(sqlstate);
    CHECK(codes.insert(rule.code).second);
    CHECK(db::remedy_for(sqlstate) == rule.remedy);
    const auto kind =
        db::to_trouble(StoreError(db::classify(sqlstate), "batch", sqlstate, "x")).kind;
    switch (rule.remedy) {
      case Remedy::retry: CHECK(kind == Kind::retryable); break;
      case Remedy::shrink: CHECK(kind == Kind::timed_out); break;
      case Remedy::wait: CHECK(kind == Kind::locked); break;
      case Remedy::reconnect: CHECK(kind == Kind::unreachable); break;
      case Remedy::bisect: CHECK(kind == Kind::poisoned); break;
      case Remedy::stop: CHECK(kind == Kind::permanent); break;
    }
  }
  // As people look them up: what PostgreSQL 13 to 18 says in the situations of docs/operations.md.
  const std::pair<const char*, Remedy> expected[] = {
      {"40001", Remedy::retry},     {"40P01", Remedy::retry},
      {"53100", Remedy::retry},     {"53200", Remedy::retry},
      {"57014", Remedy::shrink},    {"25P04", Remedy::shrink},
      {"55P03", Remedy::wait},      {"08006", Remedy::reconnect},
      {"57P01", Remedy::reconnect}, {"57P02", Remedy::reconnect},
      {"57P03", Remedy::reconnect}, {"25006", Remedy::reconnect},
      {"25P03", Remedy::reconnect}, {"53300", Remedy::reconnect},
      {"22012", Remedy::bisect},    {"22P02", Remedy::bisect},
      {"23503", Remedy::bisect},    {"23001", Remedy::bisect},
      {"23514", Remedy::bisect},    {"27000", Remedy::bisect},
      {"38001", Remedy::bisect},    {"39004", Remedy::bisect},
      {"P0001", Remedy::bisect},    {"UX007", Remedy::bisect},
      {"42501", Remedy::stop},      {"42P01", Remedy::stop},
      {"42703", Remedy::stop},      {"55000", Remedy::stop},
      {"0A000", Remedy::stop},      {"25P02", Remedy::stop},
      {"XX001", Remedy::stop},      {"", Remedy::stop}};
  for (const auto& [sqlstate, remedy] : expected) {
    CAPTURE(sqlstate);
    CHECK(db::remedy_for(sqlstate) == remedy);
  }
  CHECK(db::to_trouble(StoreError(Failure::commit_unknown, "batch", "", "x")).kind ==
        Kind::unreachable);
}
