// Rows that foreign keys of other tables need stay, and everybody can see why.

#include <thread>

#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

/// Which rows of public.t are left, by id.
std::string left(TestDatabase& database) {
  return database.text("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.t");
}

/// Why a run of `policy` is refused; "" when it is not.
std::string refusal(RunDriver& fleet, const Policy& policy) {
  try {
    fleet.target().check_policy(policy, "policies[0]");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

bool says(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

/// public.t with rows 1 to 9, row n being n days old.
void make_days(TestDatabase& database) {
  database.execute(
      "CREATE TABLE public.t (id bigint PRIMARY KEY, created_at timestamptz NOT NULL); INSERT INTO "
      "public.t SELECT n, now() - n * interval '1 day' FROM generate_series(1, 9) n");
}

void check_satisfied(const RunRow& run, std::int64_t rows) {
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == rows);
}

}  // namespace

TEST_CASE("rows that a foreign key needs stay and the others go", "[foreign_keys]") {
  const std::string action =
      GENERATE(as<std::string>(), "", "ON DELETE RESTRICT", "DEFERRABLE INITIALLY DEFERRED");
  CAPTURE(action);
  TestDatabase database;
  make_days(database);
  database.execute("CREATE TABLE public.child (t_id bigint REFERENCES public.t " + action +
                   "); CREATE INDEX ON public.child (t_id); INSERT INTO public.child VALUES (5), "
                   "(5), (8), (2), (NULL)");
  RunDriver fleet(database);
  const Census census = fleet.target().census(test::policy_of("", 3));
  CHECK(census.eligible == 5);  // rows 3 to 9 without 5 and 8
  CHECK(census.referenced == 2);
  REQUIRE(census.references.size() == 1);
  CHECK(census.references[0].child == "public.child");
  CHECK(census.references[0].rows == 2);
  CHECK(census.references[0].create_index.empty());
  check_satisfied(fleet.work_off(fleet.start(test::policy_of("", 3))), census.eligible);
  CHECK(left(database) == "1,2,5,8");
  database.execute("DELETE FROM public.child WHERE t_id = 5");
  check_satisfied(fleet.work_off(fleet.start(test::policy_of("", 3))), 1);
  CHECK(left(database) == "1,2,8");
}

TEST_CASE("rows that a foreign key needs stay when the index leads to the old ones",
          "[foreign_keys]") {
  TestDatabase database;
  test::make_plain_table(database, 4800);
  database.execute(
      "CREATE INDEX ON public.t (created_at); CREATE TABLE public.child (t_id bigint REFERENCES "
      "public.t); CREATE INDEX ON public.child (t_id); INSERT INTO public.child SELECT n FROM "
      "generate_series(4701, 4800) n");
  database.execute("ANALYZE public.t, public.child");
  RunDriver fleet(database);
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 195)));
  CHECK(run.strategy == "index");
  check_satisfied(run, 4800 - 195 * 24 + 1 - 100);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE id > 4700") == 100);
}

TEST_CASE("keys of several columns point at a row only when no column is NULL", "[foreign_keys]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id bigint, \"Re gion\" varchar(9), created_at timestamptz, UNIQUE "
      "(\"Re gion\", id)); INSERT INTO public.t SELECT n, 'eu', '2001-01-01' FROM "
      "generate_series(1, 5) n; INSERT INTO public.t VALUES (6, NULL, '2001-01-01')");
  database.execute(
      "CREATE SCHEMA \"Odd\"; CREATE TABLE \"Odd\".\"chi\"\"ld\" (\"T id\" integer, \"r'\" text, "
      "FOREIGN KEY (\"r'\", \"T id\") REFERENCES public.t (\"Re gion\", id)); INSERT INTO "
      "\"Odd\".\"chi\"\"ld\" VALUES (1, 'eu'), (2, NULL), (NULL, 'eu'), (6, NULL)");
  RunDriver fleet(database);
  const Census census = fleet.target().census(test::policy_of("", 3));
  CHECK(census.referenced == 1);
  CHECK(census.references.at(0).create_index ==
        "CREATE INDEX CONCURRENTLY ON \"Odd\".\"chi\"\"ld\" (\"r'\", \"T id\")");
  check_satisfied(fleet.work_off(fleet.start(test::policy_of("", 3))), 5);
  CHECK(left(database) == "1");
}

TEST_CASE("of a partitioned child each leaf that lacks an index is named", "[foreign_keys]") {
  TestDatabase database;
  test::make_plain_table(database, 10);
  database.execute(
      "CREATE TABLE public.child (t_id bigint REFERENCES public.t) PARTITION BY HASH (t_id); "
      "CREATE "
      "TABLE public.leaf_0 PARTITION OF public.child FOR VALUES WITH (MODULUS 3, REMAINDER 0); "
      "CREATE TABLE public.\"Leaf 1\" PARTITION OF public.child FOR VALUES WITH (MODULUS 3, "
      "REMAINDER 1); CREATE TABLE public.leaf_2 PARTITION OF public.child FOR VALUES WITH (MODULUS "
      "3, REMAINDER 2); CREATE INDEX ON public.leaf_0 (t_id)");
  RunDriver fleet(database);
  const auto create_index = [&] {
    return fleet.target().census(test::policy_of("", 3)).references.at(0).create_index;
  };
  CHECK(create_index() ==
        "CREATE INDEX CONCURRENTLY ON public.\"Leaf 1\" (t_id); CREATE INDEX CONCURRENTLY ON "
        "public.leaf_2 (t_id)");
  database.execute("CREATE INDEX ON public.child (t_id)");
  CHECK(create_index().empty());
}

TEST_CASE("text keys with collations of their own are compared as the server compares them",
          "[foreign_keys]") {
  TestDatabase database;
  // PostgreSQL 18 wants both ends of such a key alike.
  const bool must_be_alike = database.number("SHOW server_version_num") >= 180'000;
  const std::string other = must_be_alike ? "public.ci" : "\"C\"";
  database.execute(
      "CREATE COLLATION public.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = "
      "false); CREATE TABLE public.t (id text COLLATE public.ci PRIMARY KEY, created_at "
      "timestamptz); CREATE TABLE public.child (t_id text COLLATE " +
      other +
      " REFERENCES public.t); "
      "INSERT INTO public.t VALUES ('a', '2001-01-01'), ('b', '2001-01-01'); INSERT INTO "
      "public.child VALUES ('A')");
  RunDriver fleet(database);
  check_satisfied(fleet.work_off(fleet.start(test::policy_of("", 3))), 1);
  CHECK(left(database) == "a");
}

TEST_CASE("partitions that are referenced through their root keep the rows that are needed",
          "[foreign_keys]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id bigint, created_at timestamptz, PRIMARY KEY (id, created_at)) "
      "PARTITION BY RANGE (created_at); CREATE TABLE public.t_old PARTITION OF public.t FOR VALUES "
      "FROM ('2001-01-01') TO ('2002-01-01'); CREATE TABLE public.t_new PARTITION OF public.t "
      "DEFAULT; INSERT INTO public.t SELECT n, '2001-06-01' FROM generate_series(1, 4) n");
  database.execute(
      "CREATE TABLE public.child (t_id bigint, at timestamptz, FOREIGN KEY (t_id, at) REFERENCES "
      "public.t) PARTITION BY LIST (t_id); CREATE TABLE public.child_1 PARTITION OF public.child "
      "FOR VALUES IN (1, 3); INSERT INTO public.child VALUES (3, '2001-06-01')");
  RunDriver fleet(database);
  SECTION("by a policy for the whole table") {
    check_satisfied(fleet.work_off(fleet.start(test::policy_of("", 3))), 3);
  }
  SECTION("by a policy for the partition") {
    check_satisfied(fleet.work_off(fleet.start(test::policy_of("", 3, "t_old"))), 3);
  }
  CHECK(left(database) == "3");
  CHECK(fleet.target().census(test::policy_of("", 3)).references.size() == 1);
}

TEST_CASE("a cascade through the root of a partition is seen", "[foreign_keys]") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE public.t (id bigint PRIMARY KEY, created_at timestamptz) PARTITION BY RANGE "
      "(id); CREATE TABLE public.t_1 PARTITION OF public.t DEFAULT; CREATE TABLE public.child "
      "(t_id bigint REFERENCES public.t ON DELETE CASCADE)");
  RunDriver fleet(database);
  CHECK(says(refusal(fleet, test::policy_of("", 3)), "would delete rows there"));
  CHECK(says(refusal(fleet, test::policy_of("", 3, "t_1")), "would delete rows there"));
}

TEST_CASE("foreign keys that would reach into other tables are refused with what would be lost",
          "[foreign_keys]") {
  TestDatabase database;
  make_days(database);
  database.execute(
      "CREATE TABLE public.a (t_id bigint CONSTRAINT \"A fk\" REFERENCES public.t ON DELETE "
      "CASCADE); CREATE TABLE public.b (t_id bigint CONSTRAINT b_fk REFERENCES public.t ON DELETE "
      "SET NULL); INSERT INTO public.a SELECT 1 FROM generate_series(1, 1200)");
  database.execute("ANALYZE public.a");
  RunDriver fleet(database);
  const std::string why = refusal(fleet, test::policy_of("", 3));
  CHECK(says(why, "policies[0].table: "));
  CHECK(says(why, "\"A fk\" of public.a (about 1200 rows) would delete rows there"));
  CHECK(says(why, "b_fk of public.b would change rows there"));
  const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 3)));
  CHECK(run.state == "failed");
  CHECK(says(run.error, "\"A fk\" of public.a"));
  CHECK(database.number("SELECT count(*) FROM public.t") == 9);
}

TEST_CASE("a child that may not be read is refused with the right to grant", "[foreign_keys]") {
  TestDatabase database;
  make_days(database);
  database.execute(
      "CREATE SCHEMA s; CREATE TABLE s.child (t_id bigint CONSTRAINT child_fk REFERENCES "
      "public.t, secret text); INSERT INTO s.child VALUES (5, 'x')");
  const std::string role = "fk_of_" + database.text("SELECT current_database()");
  database.execute("CREATE ROLE " + role + " LOGIN");
  database.execute("GRANT SELECT, DELETE ON public.t TO " + role);
  database.execute("GRANT USAGE ON SCHEMA lethe TO " + role);
  database.execute("GRANT SELECT ON ALL TABLES IN SCHEMA lethe TO " + role);
  db::PgTargetDatabase target(database.url() + " user=" + role, "lethe-test");
  const auto refused = [&]() -> std::string {
    try {
      target.check_policy(test::policy_of("app", 3), "policies[0]");
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(says(refused(),
             "GRANT USAGE ON SCHEMA s TO " + role + "; GRANT SELECT ON s.child TO " + role));
  database.execute("GRANT USAGE ON SCHEMA s TO " + role);
  CHECK(says(refused(), "run: GRANT SELECT ON s.child TO " + role));
  database.execute("GRANT SELECT (t_id) ON s.child TO " + role);
  CHECK(refused().empty());
  CHECK(target.census(test::policy_of("app", 3)).referenced == 1);
  database.execute("ALTER TABLE s.child ENABLE ROW LEVEL SECURITY");
  CHECK(says(refused(), "row-level security hides rows"));
  database.execute("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_CASE("a chain of rows that point at each other goes from its end to its beginning",
          "[foreign_keys]") {
  TestDatabase database;
  make_days(database);
  database.execute(
      "ALTER TABLE public.t ADD parent_id bigint REFERENCES public.t; CREATE INDEX ON public.t "
      "(parent_id); UPDATE public.t SET parent_id = id + 1 WHERE id < 9");
  RunDriver fleet(database);
  SECTION("whole chains go") {
    database.execute("UPDATE public.t SET created_at = '2001-01-01'");
    const RunRow run = fleet.work_off(fleet.start(test::policy_of("", 3)));
    check_satisfied(run, 9);
    CHECK(run.passes == 9);
  }
  SECTION("a row whose child is young stays and so does all that is before it") {
    check_satisfied(fleet.work_off(fleet.start(test::policy_of("", 3))), 0);
    CHECK(fleet.target().census(test::policy_of("", 3)).referenced == 7);
    CHECK(left(database) == "1,2,3,4,5,6,7,8,9");
  }
  SECTION("rings stay") {
    database.execute("UPDATE public.t SET created_at = '2001-01-01'");
    database.execute("UPDATE public.t SET parent_id = 1 WHERE id = 9");
    check_satisfied(fleet.work_off(fleet.start(test::policy_of("", 3))), 0);
  }
  SECTION("a row that points at itself goes") {
    database.execute("UPDATE public.t SET parent_id = id");
    check_satisfied(fleet.work_off(fleet.start(test::policy_of("", 3))), 7);
    CHECK(left(database) == "1,2");
  }
}

TEST_CASE("a child that arrives while a batch waits for its parent saves the parent",
          "[foreign_keys][race]") {
  TestDatabase database;
  make_days(database);
  database.execute("CREATE TABLE public.child (t_id bigint REFERENCES public.t)");
  RunDriver fleet(database, std::chrono::milliseconds(10'000));
  const std::string run = fleet.start(test::policy_of("", 3));
  const auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  test::OtherSession application(database.url());
  application.execute("INSERT INTO public.child VALUES (7)");
  const auto task = fleet.lease();
  REQUIRE(task);
  std::jthread committer([&] {
    static_cast<void>(test::somebody_waits(database));
    application.commit();
  });
  const auto settlement = fleet.step(*task);
  REQUIRE(settlement);
  CHECK(settlement->sqlstate == "23503");
  CHECK(fleet.settle(*settlement) == Settled::yes);
  check_satisfied(fleet.work_off(run), 6);
  CHECK(left(database) == "1,2,7");
}
