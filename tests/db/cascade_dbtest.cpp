// Children that a policy lists go along with the rows that they point at, and no others.

#include <map>

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

/// Rows by child, whatever becomes of them.
std::map<std::string, std::int64_t> children_of(const Census& census) {
  std::map<std::string, std::int64_t> rows;
  for (const auto& child : census.children) rows[child.child] += child.rows;
  return rows;
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
  CHECK(run.strategy == (by_index ? "index" : test::whole_visit(database)));
  CHECK(run.rows == expected);
  CHECK(database.number("SELECT count(*) FROM public.line") == 960 - 2 * expected);
  CHECK(database.number("SELECT count(*) FROM public.note") == 1920 - 4 * expected);
  CHECK(in_ledger(database, "public.line", "deleted") == 2 * expected);
  CHECK(in_ledger(database, "public.note", "deleted") == 4 * expected);
  CHECK(database.number("SELECT coalesce(sum(rows), 0) FROM lethe.ledger") == expected);
  const auto children = fleet.target().traces(run.id).children;
  REQUIRE(children.size() == 2);
  CHECK(children[0].child == "public.line");
  CHECK(children[0].rows == 2 * expected);
  CHECK(children[1].child == "public.note");
  CHECK(children[1].rows == 4 * expected);
  CHECK_FALSE(children[1].changed);
  CHECK(fleet.target().traces("another run").children.empty());
}

TEST_CASE("the preview counts the children that go along and the run deletes just those",
          "[cascade]") {
  TestDatabase database;
  make_orders(database, "");
  // Of tenant t1, 20 rows younger than the cutoff are not enough, so that some older ones stay.
  Policy policy = policy_with({"line", "note"});
  SECTION("of every row that is old enough") {}
  SECTION("but not those of rows that are kept") {
    policy.tenant = TenantRule{"tenant", {}, {}, {}};
    policy.tenant->overrides["t1"] = {std::nullopt, 40, true};
    policy.tenant->overrides["t2"] = {std::nullopt, std::nullopt, false};
  }
  RunDriver fleet(database);
  const Census census = fleet.target().census(policy);
  CHECK(census.eligible > 0);
  CHECK(census.referenced == 0);
  CHECK(children_of(census) ==
        std::map<std::string, std::int64_t>{{"public.line", 2 * census.eligible},
                                            {"public.note", 4 * census.eligible}});
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.state == "satisfied");
  CHECK(run.rows == census.eligible);
  CHECK(in_ledger(database, "public.line", "deleted") == 2 * census.eligible);
  CHECK(in_ledger(database, "public.note", "deleted") == 4 * census.eligible);
  CHECK(children_of(fleet.target().census(policy)) ==
        std::map<std::string, std::int64_t>{{"public.line", 0}, {"public.note", 0}});
  CHECK(fleet.target().census(policy_with({})).referenced == 241 - census.eligible);
}

TEST_CASE("a child that two keys lead to counts once", "[cascade]") {
  TestDatabase database;
  make_orders(database, "");
  database.execute(
      "ALTER TABLE public.note ADD t_id bigint REFERENCES public.t; UPDATE public.note n SET t_id "
      "= "
      "CASE WHEN l.t_id % 2 = 0 THEN l.t_id END FROM public.line l WHERE l.id = n.line_id; INSERT "
      "INTO public.note VALUES (NULL, 300), (1, 480), (959, 1)");
  RunDriver fleet(database);
  const Policy policy = policy_with({"line", "note"});
  const Census census = fleet.target().census(policy);
  const std::int64_t expected = 4 * 241 + 3;
  CHECK(children_of(census).at("public.note") == expected);
  REQUIRE(census.references.size() == 3);
  CHECK(says(census.references[1].create_index, "ON public.note (t_id)"));
  CHECK(census.references[2].constraint == "note_line_id_fkey");
  CHECK(census.references[2].create_index.empty());
  CHECK(fleet.work_off(fleet.start(policy)).state == "satisfied");
  CHECK(in_ledger(database, "public.note", "deleted") == expected);
  CHECK(database.number("SELECT count(*) FROM public.note") == 1923 - expected);
}

TEST_CASE("the index that a child of a child lacks is named", "[cascade]") {
  TestDatabase database;
  make_orders(database, "");
  database.execute("DROP INDEX public.note_line_id_idx");
  RunDriver fleet(database);
  const Census census = fleet.target().census(policy_with({"line", "note"}));
  REQUIRE(census.references.size() == 2);
  CHECK(census.references[0].create_index.empty());
  CHECK(says(census.references[1].create_index, "ON public.note (line_id)"));
}

TEST_CASE("rows of partitions go with their children and the partitions stay", "[cascade]") {
  TestDatabase database;
  test::make_partitioned_table(database);
  database.execute(
      "ALTER TABLE public.p ADD PRIMARY KEY (id, created_at); CREATE TABLE public.line (p_id "
      "bigint, "
      "p_at timestamptz, FOREIGN KEY (p_id, p_at) REFERENCES public.p) PARTITION BY HASH (p_id); "
      "CREATE TABLE public.line_0 PARTITION OF public.line FOR VALUES WITH (MODULUS 2, REMAINDER "
      "0); CREATE TABLE public.line_1 PARTITION OF public.line FOR VALUES WITH (MODULUS 2, "
      "REMAINDER 1); INSERT INTO public.line SELECT id, created_at FROM public.p");
  Policy policy = test::policy_of("", 75, "p");
  policy.partitions = Partitions::drop;
  policy.cascade = {{"public", "line"}};
  const auto expected = database.number(
      "SELECT count(*) FROM public.p WHERE created_at < now() - interval '75 days'");
  RunDriver fleet(database);
  CHECK(children_of(fleet.target().census(policy)).at("public.line") == expected);
  const RunRow run = fleet.work_off(fleet.start(policy));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.strategy == test::whole_visit(database));
  CHECK(run.rows == expected);
  CHECK(in_ledger(database, "public.line", "deleted") == expected);
  CHECK(database.number("SELECT count(*) FROM pg_partition_tree('public.p') WHERE isleaf") == 7);
  SECTION("a strategy that wants them gone as a whole is refused by the plan") {
    policy.strategy = StrategyChoice::partition;
    CHECK(says(fleet.work_off(fleet.start(policy)).error,
               "strategy partition is impossible: the children under cascade"));
  }
}

TEST_CASE("children whose key would be emptied are changed by the server and counted",
          "[cascade]") {
  TestDatabase database;
  make_orders(database, "ON DELETE SET NULL");
  RunDriver fleet(database);
  const auto children = fleet.target().census(policy_with({"line"})).children;
  REQUIRE(children.size() == 1);
  CHECK(children[0].changed);
  CHECK(children[0].rows == 2 * 241);
  const RunRow run = fleet.work_off(fleet.start(policy_with({"line"})));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(database.number("SELECT count(*) FROM public.line WHERE t_id IS NULL") == 2 * 241);
  CHECK(in_ledger(database, "public.line", "changed") == 2 * 241);
  const auto emptied = fleet.target().traces(run.id).children;
  REQUIRE(emptied.size() == 1);
  CHECK(emptied[0].changed);
  CHECK(emptied[0].rows == 2 * 241);
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
  SECTION("the same on a child that the server changes") {
    database.execute(
        "CREATE TABLE public.other (t_id bigint REFERENCES public.t ON DELETE SET NULL); CREATE "
        "FUNCTION public.spy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE "
        "TRIGGER spy BEFORE UPDATE ON public.other FOR EACH ROW EXECUTE FUNCTION public.spy(); "
        "ALTER FUNCTION public.spy() OWNER TO " +
        role);
    CHECK(says(refusal(fleet, policy_with({"line", "note", "other"})),
               "policies[0].cascade: trigger spy on public.other"));
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
    database.execute("ALTER TABLE public.note ENABLE ROW LEVEL SECURITY");
    CHECK(says(refused(), "row-level security hides rows of public.note"));
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

TEST_CASE("a child that somebody locks keeps its parent and no other for a later pass",
          "[cascade][race]") {
  TestDatabase database;
  make_orders(database, "");
  RunDriver fleet(database, std::chrono::milliseconds(50));
  const std::string id = fleet.start(policy_with({"line", "note"}));
  const std::string orders_left = "SELECT count(*) FROM public.t WHERE id >= 240";
  {
    test::OtherSession application(database.url());
    application.execute("SELECT FROM public.line WHERE t_id = 400 FOR UPDATE");
    for (int step = 0; step < 200 && database.number(orders_left) > 1; ++step) {
      const auto task = fleet.lease();
      if (task) REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
      database.execute("UPDATE lethe.items SET enqueue_at = NULL");
    }
    CHECK(database.number(orders_left) == 1);
    CHECK(database.number("SELECT count(*) FROM lethe.parked") == 0);
  }
  const RunRow run = fleet.work_off(id);
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 241);
  CHECK(in_ledger(database, "public.line", "deleted") == 2 * 241);
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
