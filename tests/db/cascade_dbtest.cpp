// Children that a policy lists go along with the rows that they point at, and no others.

#include "common/user_error.hpp"
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

/// public.t (as make_plain_table) with 480 rows, two lines per row and two notes per line; the keys
/// have the given action.
void make_orders(TestDatabase& database, const std::string& action) {
  test::make_plain_table(database, 480);
  database.execute(
      "CREATE TABLE public.line (id bigint PRIMARY KEY, t_id bigint REFERENCES public.t " + action +
      "); CREATE INDEX ON public.line (t_id); CREATE TABLE public.note (line_id bigint REFERENCES "
      "public.line " +
      action + "); CREATE INDEX ON public.note (line_id)");
  database.execute(
      "INSERT INTO public.line SELECT n, (n + 1) / 2 FROM generate_series(1, 960) n; INSERT INTO "
      "public.note SELECT (n + 1) / 2 FROM generate_series(1, 1920) n");
  database.execute("ANALYZE public.t, public.line, public.note");
}

/// Rows of public.t older than `days` with these children.
Policy policy_with(const std::vector<std::string>& children, std::int64_t days = 10) {
  Policy policy = test::policy_of("", days);
  for (const auto& child : children) policy.cascade.push_back({.schema = "public", .table = child});
  return policy;
}

std::string refusal(RunDriver& fleet, const Policy& policy) {
  try {
    fleet.target().check_policy(policy, "policies[0]");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

std::int64_t in_ledger(TestDatabase& database, const std::string& child, const std::string& what) {
  return database.number("SELECT coalesce(sum((cascaded -> '" + child + "' ->> '" + what +
                         "')::bigint), 0) FROM lethe.ledger");
}

}  // namespace

TEST_CASE("listed children go first and are counted in the ledger whatever their key says",
          "[cascade]") {
  const std::string action = GENERATE(as<std::string>(), "", "ON DELETE RESTRICT",
                                      "ON DELETE CASCADE", "DEFERRABLE INITIALLY DEFERRED");
  const bool by_index = GENERATE(false, true);
  CAPTURE(action, by_index);
  TestDatabase database;
  make_orders(database, action);
  if (by_index) database.execute("CREATE INDEX ON public.t (created_at)");
  const std::int64_t days = by_index ? 19 : 10;
  const std::int64_t expected = 480 - days * 24 + 1;
  RunDriver fleet(database);
  const Policy policy = policy_with({"line", "note"}, days);
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.strategy == (by_index ? "index" : "sweep"));
  CHECK(run.rows == expected);
  CHECK(database.number("SELECT count(*) FROM public.line") == 960 - 2 * expected);
  CHECK(database.number("SELECT count(*) FROM public.note") == 1920 - 4 * expected);
  CHECK(in_ledger(database, "public.line", "deleted") == 2 * expected);
  CHECK(in_ledger(database, "public.note", "deleted") == 4 * expected);
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger") == expected);
}

TEST_CASE("the preview counts rows whose children go along as going", "[cascade]") {
  TestDatabase database;
  make_orders(database, "");
  RunDriver fleet(database);
  CHECK(fleet.target().census(policy_with({"line", "note"})).eligible == 241);
  CHECK(fleet.target().census(policy_with({})).referenced == 241);
}

TEST_CASE("children whose key would be emptied are changed by the server and counted",
          "[cascade]") {
  TestDatabase database;
  make_orders(database, "ON DELETE SET NULL");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(policy_with({"line"})));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.line WHERE t_id IS NULL") == 2 * 241);
  CHECK(in_ledger(database, "public.line", "changed") == 2 * 241);
  CHECK(in_ledger(database, "public.line", "deleted") == 0);
}

TEST_CASE("a child that is not listed is refused at every level", "[cascade]") {
  TestDatabase database;
  RunDriver fleet(database);
  SECTION("the children of the server's own cascade") {
    make_orders(database, "ON DELETE CASCADE");
    CHECK(says(refusal(fleet, policy_with({})), "line_t_id_fkey of public.line (about 960 rows)"));
    CHECK(says(refusal(fleet, policy_with({"line"})),
               "policies[0].cascade: rows of public.line would go along, and foreign key "
               "note_line_id_fkey of public.note points at them; list public.note too"));
    CHECK(refusal(fleet, policy_with({"note", "line"})).empty());
  }
  SECTION("the children of a child that Lethe deletes") {
    make_orders(database, "");
    CHECK(says(refusal(fleet, policy_with({"line"})), "list public.note too"));
  }
  SECTION("one of two children") {
    make_orders(database, "ON DELETE CASCADE");
    database.execute(
        "CREATE TABLE public.other (t_id bigint REFERENCES public.t ON DELETE CASCADE)");
    const std::string why = refusal(fleet, policy_with({"line", "note"}));
    CHECK(says(why, "other_t_id_fkey of public.other would delete rows there"));
    CHECK_FALSE(why.find("public.line") != std::string::npos);
  }
}

TEST_CASE("children that are not listed and not deleted by the server keep their rows",
          "[cascade]") {
  TestDatabase database;
  make_orders(database, "");
  database.execute(
      "CREATE TABLE public.other (t_id bigint REFERENCES public.t); INSERT INTO public.other "
      "VALUES "
      "(400)");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(policy_with({"line", "note"})));
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 240);
  CHECK(database.number("SELECT count(*) FROM public.line WHERE t_id = 400") == 2);
}

TEST_CASE("rings of tables and tables that no key leads to are refused", "[cascade]") {
  TestDatabase database;
  make_orders(database, "");
  RunDriver fleet(database);
  SECTION("a table that points at itself") {
    database.execute("ALTER TABLE public.line ADD line_id bigint REFERENCES public.line");
    CHECK(says(refusal(fleet, policy_with({"line", "note"})), "closes a ring of tables"));
  }
  SECTION("two that point at each other") {
    database.execute(
        "ALTER TABLE public.note ADD id bigint UNIQUE; ALTER TABLE public.line ADD note_id bigint "
        "REFERENCES public.note (id)");
    CHECK(says(refusal(fleet, policy_with({"line", "note"})), "closes a ring of tables"));
  }
  SECTION("back to the table itself") {
    database.execute("ALTER TABLE public.t ADD line_id bigint REFERENCES public.line");
    CHECK(says(refusal(fleet, policy_with({"line", "note"})), "list public.t too"));
  }
  SECTION("strangers") {
    database.execute("CREATE TABLE public.stranger (id int)");
    CHECK(says(refusal(fleet, policy_with({"line", "note", "stranger"})),
               "public.stranger has no foreign key that leads to public.t"));
    CHECK(says(refusal(fleet, policy_with({"line", "note", "nowhere"})), "public.nowhere has no"));
  }
}

TEST_CASE("code of other roles on a child and missing rights are refused", "[cascade]") {
  TestDatabase database;
  make_orders(database, "");
  const std::string role = "cascade_of_" + database.text("SELECT current_database()");
  database.execute("CREATE ROLE " + role + " LOGIN");
  RunDriver fleet(database);
  SECTION("a trigger whose owner is somebody else") {
    database.execute(
        "CREATE FUNCTION public.spy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'; "
        "CREATE TRIGGER spy BEFORE DELETE ON public.note FOR EACH ROW EXECUTE FUNCTION "
        "public.spy(); ALTER FUNCTION public.spy() OWNER TO " +
        role);
    CHECK(says(refusal(fleet, policy_with({"line", "note"})), "policies[0].cascade: trigger spy"));
  }
  SECTION("rights") {
    database.execute("GRANT USAGE ON SCHEMA lethe TO " + role +
                     "; GRANT SELECT ON ALL TABLES IN "
                     "SCHEMA lethe TO " +
                     role +
                     "; GRANT SELECT, DELETE ON public.t, public.line "
                     "TO " +
                     role + "; GRANT SELECT ON public.note TO " + role);
    db::PgTargetDatabase target(database.url() + " user=" + role, "lethe-test");
    const auto refused = [&]() -> std::string {
      try {
        target.check_policy(policy_with({"line", "note"}), "policies[0]");
      } catch (const UserError& error) {
        return error.what();
      }
      return "";
    };
    CHECK(says(refused(), "GRANT SELECT, DELETE ON public.note TO " + role));
    database.execute("GRANT DELETE ON public.note TO " + role);
    CHECK(says(refused(), "grant UPDATE on public.t to the worker's role"));
    database.execute("GRANT UPDATE (note) ON public.t TO " + role);
    CHECK(refused().empty());
  }
  database.execute("DROP OWNED BY " + role + " CASCADE; DROP ROLE " + role);
}

TEST_CASE("children stay when a trigger keeps their row", "[cascade]") {
  TestDatabase database;
  make_orders(database, "");
  database.execute(
      "CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN "
      "OLD.id = 400 THEN NULL ELSE OLD END; END'; CREATE TRIGGER keep BEFORE DELETE ON public.t "
      "FOR "
      "EACH ROW EXECUTE FUNCTION public.keep()");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(policy_with({"line", "note"})));
  CHECK(run.state == "failed");
  CHECK(says(run.error, "a trigger or rule keeps them"));
  CHECK(database.number("SELECT count(*) FROM public.line WHERE t_id = 400") == 2);
}

TEST_CASE("a row that is renewed meanwhile keeps its children", "[cascade][race]") {
  TestDatabase database;
  make_orders(database, "");
  RunDriver fleet(database);
  const std::string id = fleet.start(policy_with({"line", "note"}));
  {
    test::OtherSession application(database.url());
    application.execute("UPDATE public.t SET created_at = now() WHERE id = 400");
    while (fleet.run(id).state != "verifying") {  // the row is locked: the batch goes around it
      const auto task = fleet.lease();
      REQUIRE(task);
      REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
    }
    application.commit();
  }
  const RunRow run = fleet.work_off(id);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 240);
  CHECK(database.number("SELECT count(*) FROM public.line WHERE t_id = 400") == 2);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id = 400") == 1);
}

TEST_CASE("a poisoned child parks its parent and keeps what belongs to it", "[cascade][poison]") {
  TestDatabase database;
  make_orders(database, "");
  database.execute(
      "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.t_id = "
      "400 THEN RAISE EXCEPTION 'needed'; END IF; RETURN OLD; END $$; CREATE TRIGGER refuse BEFORE "
      "DELETE ON public.line FOR EACH ROW EXECUTE FUNCTION public.refuse()");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(policy_with({"line", "note"})));
  CHECK(run.state == "failed");
  CHECK(run.rows == 240);
  CHECK(database.text("SELECT string_agg(key, '') FROM lethe.parked") == R"({"id": 400})");
  CHECK(database.number("SELECT count(*) FROM public.note n JOIN public.line l ON l.id = n.line_id "
                        "WHERE l.t_id = 400") == 4);
  CHECK(in_ledger(database, "public.note", "deleted") == 4 * 240);
  CHECK(database.number("SELECT count(*) FROM public.note") == 1920 - 4 * 240);
}
