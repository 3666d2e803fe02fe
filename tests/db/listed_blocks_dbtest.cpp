// The form of a block range for servers without TID range scans, on every server.

#include <fmt/format.h>

#include "common/db/target/batch_delete.hpp"
#include "common/db/transact.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_database.hpp"

using namespace lethe;
using test::TestDatabase;

namespace {

/// Deletes all rows of a block range of a table whose column `at` is a timestamptz; how many went.
std::int64_t sweep(TestDatabase& database, const std::string& table, const db::BlockRange& blocks) {
  Policy policy;
  policy.timestamp = {"at"};
  db::TableFacts facts;
  facts.columns["at"] = {
      .quoted = "at", .type = "timestamp with time zone", .time = db::TimeType::timestamptz};
  db::Limits limits;
  limits.cutoff.timestamptz = limits.reach.timestamptz = "2024-01-01 00:00:00+00";
  const db::Predicate predicate(policy, facts, limits, "run", false);
  const db::BuiltStatement built = db::sweep_delete(table, predicate, blocks);
  db::Session session(db::control_session(database.url(), "lethe-test"));
  return db::transact(session, "sweep", [&](db::Transaction& transaction) {
    return db::number(transaction.exec_built(built.sql, built.params).at(0), "rows");
  });
}

}  // namespace

TEST_CASE("blocks whose addresses are listed lose the rows that a range of addresses would",
          "[sweep]") {
  TestDatabase database;
  for (const char* const table : {"listed", "ranged"})
    database.execute(fmt::format(
        "CREATE TABLE public.{0} (id int, at timestamptz, note text); INSERT INTO public.{0} "
        "SELECT n, '2020-01-01', repeat('x', n % 700) FROM generate_series(1, 5000) n",
        table));
  const auto from = GENERATE(0, 1, 7);
  const auto to = GENERATE(8, 20, 300);
  const auto went = sweep(database, "public.listed", {.from = from, .to = to, .listed = true});
  CHECK(went > 0);
  CHECK(went == sweep(database, "public.ranged", {.from = from, .to = to}));
  CHECK(database.number("SELECT count(*) FROM public.listed FULL JOIN public.ranged USING (id) "
                        "WHERE listed.at IS NULL OR ranged.at IS NULL") == 0);
}

TEST_CASE("blocks whose addresses are listed lose every row of pages that hold as many as can be",
          "[sweep]") {
  TestDatabase database;
  // Rows without a value of their own are the smallest that there are.
  database.execute(
      "CREATE TABLE public.t (); INSERT INTO public.t SELECT FROM generate_series(1, 1000);"
      "ALTER TABLE public.t ADD COLUMN at timestamptz DEFAULT '2020-01-01 00:00:00+00'");
  const auto rows = database.number("SELECT count(*) FROM public.t WHERE ctid < '(2,0)'");
  REQUIRE(rows == 2 * 291);
  CHECK(sweep(database, "public.t", {.from = 0, .to = 2, .listed = true}) == rows);
  CHECK(database.number("SELECT count(*) FROM public.t") == 1'000 - rows);
}
