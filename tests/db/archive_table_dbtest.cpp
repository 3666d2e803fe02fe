// Copies of rows in a table of the same database, made by the statement that takes them.

#include "common/user_error.hpp"
#include "tests/support/archives.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

bool says(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

std::string refusal(RunDriver& fleet, const Policy& policy) {
  try {
    fleet.target().check_policy(policy, "policies[0]");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

constexpr const char* own_columns = "id, tenant, status, created_at, seen_at, note";

/// What went and what is left make up what was there, and the records agree.
void check_complete(TestDatabase& database, const RunRow& run, const std::string& before) {
  CHECK(test::md5_of(database, std::string("(SELECT ") + own_columns +
                                   " FROM public.t UNION ALL SELECT " + own_columns +
                                   " FROM public.t_old) a") == before);
  CHECK(database.number("SELECT count(*) FROM public.t_old WHERE lethe_run = '" + run.id +
                        "' AND lethe_at IS NOT NULL") == run.rows);
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.archives WHERE run = '" + run.id +
                        "'") == run.rows);
  CHECK(database.number("SELECT count(*) FROM lethe.archives a JOIN lethe.ledger l ON l.task = "
                        "a.task AND l.batch = a.batch AND l.rows = a.rows") ==
        database.number("SELECT count(*) FROM lethe.ledger WHERE rows > 0"));
}

}  // namespace

TEST_CASE("every row that goes is in the archive table whatever the strategy", "[archive]") {
  const auto strategy = GENERATE(StrategyChoice::sweep, StrategyChoice::index, StrategyChoice::key);
  TestDatabase database;
  test::make_plain_table(database, 4'800);
  database.execute("CREATE INDEX ON public.t (created_at)");
  if (strategy == StrategyChoice::sweep && database.number("SHOW server_version_num") < 140'000)
    return;
  test::make_archive_table(database);
  const std::string before = test::md5_of(database, "public.t", own_columns);
  RunDriver fleet(database);
  Policy policy = test::into_table(test::policy_of("", 50));
  policy.strategy = strategy;
  REQUIRE(refusal(fleet, policy).empty());
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 4'800 - 50 * 24 + 1);
  check_complete(database, run, before);
  CHECK(fleet.target().archive_problems({}).empty());
}

TEST_CASE("a row behind a lock is copied when it goes and not before", "[archive]") {
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  const std::string before = test::md5_of(database, "public.t", own_columns);
  RunDriver fleet(database);
  const Policy policy = test::into_table(test::policy_of("", 10));
  const std::string id = fleet.start(policy);
  {
    test::OtherSession other(database.url());
    other.execute("SELECT FROM public.t WHERE id = 400 FOR UPDATE");
    fleet.work_off(id, 3);
    CHECK(database.number("SELECT count(*) FROM public.t WHERE id = 400") == 1);
    CHECK(database.number("SELECT count(*) FROM public.t_old WHERE id = 400") == 0);
  }
  const RunRow run = fleet.work_off(id);
  CHECK(run.state == "satisfied");
  check_complete(database, run, before);
}

TEST_CASE("rows of partitions are archived under the name of their own partition", "[archive]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  test::make_archive_table(database, "public.p");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::into_table(test::policy_of("", 70, "p"))));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows > 300);
  CHECK(database.number("SELECT count(*) FROM public.p_old") == run.rows);
  CHECK(database.number("SELECT count(*) FROM lethe.archives WHERE table_name = 'p' AND relation "
                        "LIKE 'public.p_m%' AND array_length(relations, 1) = 2") ==
        database.number("SELECT count(*) FROM lethe.archives"));
  const std::string was = test::md5_of(database, "public.p_old", "id, created_at, note");
  const RestoredRows back = test::restore_run(fleet, run.id);
  CHECK(back.restored == run.rows);
  CHECK(test::md5_of(database, "public.p WHERE created_at < now() - interval '70 days'") == was);
  CHECK(test::restore_run(fleet, run.id).before);  // no primary key: the record decides
  CHECK(database.number("SELECT count(*) FROM public.p") == 600);
}

TEST_CASE("a policy that sets columns archives the old values and restore gives them back",
          "[archive]") {
  const bool in_files = GENERATE(false, true);
  const test::ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  const bool by_index = GENERATE(false, true);
  if (by_index) database.execute("CREATE INDEX ON public.t (created_at)");
  const std::string old = "public.t WHERE created_at < now() - interval '10 days'";
  const std::string before = test::md5_of(database, old, own_columns);
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 10);
  policy.action.kind = Action::Kind::set;
  policy.action.values = {{"note", "gone"}, {"tenant", std::nullopt}};
  if (by_index) policy.strategy = StrategyChoice::index;
  policy = in_files ? test::into_files(policy, directory) : test::into_table(policy);
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 480 - 240 + 1);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE note = 'gone' AND tenant IS NULL") ==
        run.rows);
  if (!in_files) CHECK(test::md5_of(database, "public.t_old", own_columns) == before);
  CHECK(fleet.target().archive_problems({}).empty());
  // Somebody gave one of them another value since, and deleted another.
  database.execute(
      "UPDATE public.t SET note = 'mine' WHERE id = 300; DELETE FROM public.t WHERE id "
      "= 301");
  const RestoredRows back = test::restore_run(fleet, run.id);
  CHECK(back.restored == run.rows - 2);
  CHECK(back.there == 2);
  CHECK(database.text("SELECT note FROM public.t WHERE id = 300") == "mine");
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id = 301") == 0);
  CHECK(test::restore_run(fleet, run.id).restored == 0);
}

TEST_CASE("rows that are parked are not archived and those beside them are", "[archive]") {
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  database.execute(
      "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id IN "
      "(300, 301) THEN RAISE EXCEPTION 'needed'; END IF; RETURN OLD; END $$; CREATE TRIGGER refuse "
      "BEFORE DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.refuse()");
  const std::string before = test::md5_of(database, "public.t", own_columns);
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::into_table(test::policy_of("", 10))));
  CHECK(run.state == "failed");
  CHECK(run.rows == 480 - 240 + 1 - 2);
  check_complete(database, run, before);
}

TEST_CASE("a batch whose copies are fewer than its rows deletes nothing", "[archive]") {
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  database.execute(
      "CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE "
      "WHEN NEW.id <> 300 THEN NEW END; END $$; CREATE TRIGGER swallow BEFORE INSERT ON "
      "public.t_old FOR EACH ROW EXECUTE FUNCTION public.swallow()");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::into_table(test::policy_of("", 10))));
  CHECK(run.state == "failed");
  CHECK(says(run.error, "a trigger or rule keeps them out of the archive"));
  CHECK(database.number("SELECT count(*) FROM public.t") == 480);
  CHECK(database.number("SELECT count(*) FROM public.t_old") == 0);
}

TEST_CASE("a table that cannot take the copies is refused when the policy is applied",
          "[archive]") {
  TestDatabase database;
  test::make_plain_table(database, 48);
  RunDriver fleet(database);
  const Policy policy = test::into_table(test::policy_of("p", 1));
  const auto with = [&](const std::string& sql) {
    database.execute("DROP TABLE IF EXISTS public.t_old");
    database.execute(sql);
    return refusal(fleet, policy);
  };
  CHECK(says(refusal(fleet, policy),
             "policies[0].archive.table: public.t_old does not exist; run: "
             "CREATE TABLE public.t_old (LIKE public.t"));
  CHECK(says(with("CREATE TABLE public.t_old (id bigint)"), "has no column tenant text; add it"));
  CHECK(says(with("CREATE TABLE public.t_old (LIKE public.t); ALTER TABLE public.t_old ALTER id "
                  "TYPE integer"),
             "has no column id bigint"));
  CHECK(says(with("CREATE TABLE public.t_old (LIKE public.t); ALTER TABLE public.t_old ALTER note "
                  "TYPE varchar(10)"),
             "has no column note text"));
  CHECK(says(with("CREATE TABLE public.t_old (LIKE public.t, mine int NOT NULL)"),
             "has a column mine that must have a value"));
  CHECK(says(with("CREATE UNLOGGED TABLE public.t_old (LIKE public.t)"), "SET LOGGED"));
  CHECK(with("CREATE TABLE public.t_old (LIKE public.t, mine int)").empty());
  CHECK(with("CREATE TABLE public.t_old (mine int, LIKE public.t INCLUDING ALL)").empty());
  database.execute("DROP TABLE public.t_old; CREATE VIEW public.t_old AS SELECT * FROM public.t");
  CHECK(says(refusal(fleet, policy), "is not a table"));
  database.execute(
      "DROP VIEW public.t_old; CREATE TABLE public.t_old (LIKE public.t); CREATE RULE r "
      "AS ON INSERT TO public.t_old DO INSTEAD NOTHING");
  CHECK(says(refusal(fleet, policy), "rule r on public.t_old rewrites INSERT"));
  Policy into_lethe = policy;
  into_lethe.archive->table = {"lethe", "ledger"};
  CHECK(says(refusal(fleet, into_lethe), "belongs to the system"));
}

TEST_CASE("copies that could not be told apart are refused a retention of their own", "[archive]") {
  TestDatabase database;
  test::make_plain_table(database, 48);
  database.execute("CREATE TABLE public.t_old (LIKE public.t)");
  RunDriver fleet(database);
  Policy policy = test::into_table(test::policy_of("p", 1));
  CHECK(refusal(fleet, policy).empty());
  policy.archive->keep = Retention{0, 60};
  CHECK(says(refusal(fleet, policy), "ADD lethe_run text, ADD lethe_at timestamptz"));
}

TEST_CASE("an archive table that changes under a run ends it and nothing more is deleted",
          "[archive]") {
  const auto change =
      GENERATE(as<std::string>(), "ALTER TABLE public.t_old DROP COLUMN note",
               "DROP TABLE public.t_old", "ALTER TABLE public.t_old ALTER COLUMN id TYPE integer");
  CAPTURE(change);
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  RunDriver fleet(database);
  const std::string id = fleet.start(test::into_table(test::policy_of("", 10)));
  fleet.work_off(id, 1);  // the plan
  database.execute(change);
  const RunRow run = fleet.work_off(id);
  CHECK(run.state == "failed");
  CHECK(says(run.error, "public.t_old"));
  CHECK(database.number("SELECT count(*) FROM public.t") == 480);
}

TEST_CASE("generated and identity columns are archived and restored", "[archive]") {
  const bool in_files = GENERATE(false, true);
  const test::ScratchDirectory directory;
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at "
      "timestamptz, amount int, twice int GENERATED ALWAYS AS (amount * 2) STORED); INSERT INTO "
      "public.t (created_at, amount) SELECT now() - n * interval '1 day', n FROM "
      "generate_series(1, 40) n");
  const bool keeps_expression = GENERATE(false, true);
  database.execute(keeps_expression
                       ? "CREATE TABLE public.t_old (LIKE public.t INCLUDING GENERATED "
                         "INCLUDING IDENTITY, lethe_run text, lethe_at timestamptz)"
                       : "CREATE TABLE public.t_old (LIKE public.t, lethe_run text, "
                         "lethe_at timestamptz)");
  const std::string before = test::md5_of(database, "public.t");
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 20);
  policy = in_files ? test::into_files(policy, directory) : test::into_table(policy);
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 21);
  CHECK(test::restore_run(fleet, run.id).restored == 21);
  CHECK(test::md5_of(database, "public.t") == before);
}

TEST_CASE("copies that somebody takes out of the archive table or puts in are found", "[archive]") {
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::into_table(test::policy_of("", 10))));
  CHECK(fleet.target().archive_problems({}).empty());
  const auto only = [&](const std::string& sql) -> std::string {
    database.execute(sql);
    const auto problems = fleet.target().archive_problems({});
    std::string text;
    for (const auto& problem : problems) text += problem.what + "\n";
    return text;
  };
  CHECK(says(only("DELETE FROM public.t_old WHERE id = 300"), "and public.t_old has"));
  CHECK(says(only("UPDATE public.t_old SET lethe_at = lethe_at - interval '1 second' WHERE id = "
                  "301"),
             "no batch copied 0 rows, and public.t_old has 1"));
  CHECK(says(only("DROP TABLE public.t_old"), "archive table public.t_old is gone"));
}
