// Whatever is done to a ledger afterwards is found, and an untouched one is found whole.

#include <fmt/format.h>

#include "tests/support/proof_steps.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

bool finds(const ProofFindings& findings, const std::string& part) {
  const std::string text = test::text_of(findings);
  CAPTURE(text, part);
  return findings.wrong() > 0 && text.find(part) != std::string::npos;
}

/// A value that a column of this type does not have, for UPDATE … SET.
std::string another(const std::string& column, const std::string& type) {
  if (column == "method") return "'drop'";
  if (type == "bigint") return fmt::format("coalesce({}, 0) + 1000", column);
  if (type == "boolean") return "NOT " + column;
  if (type == "jsonb") return "'{\"public.lines\": {\"deleted\": 1}}'";
  if (type.starts_with("timestamp")) return column + " + interval '1 microsecond'";
  return fmt::format("coalesce({}, '') || 'x'", column);
}

/// A ledger of two runs, one of which took several batches.
struct Written {
  TestDatabase database;
  RunDriver fleet{database};
  std::string run;
  std::string task;
  std::int64_t batches = 0;

  Written() {
    test::make_plain_table(database, 2'400);
    fleet.work_off(fleet.start(test::policy_of("", 90)));
    run = test::run_in_batches(fleet, database, test::policy_of("", 20));
    task = database.text(fmt::format(
        "SELECT task FROM lethe.ledger WHERE run = '{}' GROUP BY task ORDER BY count(*) DESC",
        run));
    batches =
        database.number(fmt::format("SELECT count(*) FROM lethe.ledger WHERE task = '{}'", task));
    REQUIRE(batches >= 4);
    database.execute("CREATE TABLE public.kept AS SELECT * FROM lethe.ledger");
  }
  ProofFindings findings() { return test::ledger_findings(fleet, database); }
  /// `where`: batch numbers of the task.
  void change(const std::string& sql, const std::string& where = "") {
    database.execute(fmt::format("{} WHERE task = '{}'{}", sql, task,
                                 where.empty() ? "" : " AND batch " + where));
  }
  /// Deletes batches as somebody who knows of the fence would.
  void cut_with_fence(std::int64_t last) {
    change("DELETE FROM lethe.ledger", fmt::format("> {}", last));
    database.execute(fmt::format(
        "UPDATE lethe.fence f SET batches = {0}, rows = (SELECT sum(l.rows) FROM lethe.ledger l "
        "WHERE l.task = f.task), ledger_hash = (SELECT l.hash FROM lethe.ledger l WHERE l.task = "
        "f.task AND l.batch = {0}) WHERE f.task = '{1}'",
        last, task));
  }
};

}  // namespace

TEST_CASE("a ledger that nobody touched is as it was written", "[ledger_proof]") {
  Written written;
  CHECK(test::text_of(written.findings()) == "");
  CHECK(test::text_of(test::ledger_findings(written.fleet, written.database, written.run)) == "");
}

TEST_CASE("a ledger is whole at each moment of a run", "[ledger_proof]") {
  TestDatabase database;
  RunDriver fleet(database);
  test::make_plain_table(database, 2'400);
  const std::string run = fleet.start(test::policy_of("", 20));
  for (int step = 0; step < 100; ++step) {
    const auto task = fleet.lease();
    if (!task) break;
    if (task->kind == TaskKind::plan) {
      REQUIRE(fleet.settle(*fleet.step(*task)) == Settled::yes);
      database.execute("UPDATE lethe.items SET batch_size = 1 WHERE kind = 'clean'");
      continue;
    }
    const auto settlement = fleet.step(*task);
    CHECK(test::text_of(test::ledger_findings(fleet, database)) == "");  // not settled yet
    REQUIRE(fleet.settle(*settlement) == Settled::yes);
    CHECK(test::text_of(test::ledger_findings(fleet, database)) == "");
  }
  CHECK(fleet.run(run).state == "satisfied");
}

TEST_CASE("an edit of any column of the ledger is found", "[ledger_proof]") {
  Written written;
  const auto columns = written.database.execute(
      "SELECT column_name::text AS name, data_type::text AS type FROM information_schema.columns "
      "WHERE table_schema = 'lethe' AND table_name = 'ledger' AND column_name <> 'id'");
  REQUIRE(columns.size() > 20);
  for (const auto& row : columns) {
    const std::string name = row["name"].c_str();
    CAPTURE(name);
    written.change(
        fmt::format("UPDATE lethe.ledger SET {} = {}", name, another(name, row["type"].c_str())),
        "= 2");
    CHECK(written.findings().wrong() > 0);
    written.database.execute(fmt::format(
        "UPDATE lethe.ledger l SET {0} = k.{0} FROM public.kept k WHERE k.id = l.id", name));
  }
  CHECK(test::text_of(written.findings()) == "");
}

TEST_CASE("an edit from nothing to an empty text is found", "[ledger_proof]") {
  Written written;
  written.database.execute("UPDATE lethe.ledger SET oldest = NULL WHERE rows = 0");
  written.change("UPDATE lethe.ledger SET bytes = 5, cascaded = NULL", "= 2");
  CHECK(finds(written.findings(), "edited batch 2 of task"));
}

TEST_CASE("a batch that is missing at the beginning in the middle or at the end is found",
          "[ledger_proof]") {
  Written written;
  SECTION("first") {
    written.change("DELETE FROM lethe.ledger", "= 1");
    CHECK(finds(written.findings(), "batch 1 is not there"));
  }
  SECTION("middle") {
    written.change("DELETE FROM lethe.ledger", "IN (2, 3)");
    CHECK(finds(written.findings(), "batches 2 to 3 are not there"));
  }
  SECTION("last") {
    written.change("DELETE FROM lethe.ledger", fmt::format("= {}", written.batches));
    CHECK(finds(written.findings(),
                fmt::format("batch {} is not there, by its fence", written.batches)));
  }
  SECTION("last, and the fence with it") {
    written.cut_with_fence(written.batches - 1);
    CHECK(finds(written.findings(),
                fmt::format("batch {} is not there, by the control database", written.batches)));
  }
  SECTION("last, and no fence any more") {
    written.change("DELETE FROM lethe.ledger", fmt::format("= {}", written.batches));
    written.database.execute("DELETE FROM lethe.fence");
    CHECK(finds(written.findings(), "by the control database"));
  }
}

TEST_CASE("a task or a run that is missing as a whole is found", "[ledger_proof]") {
  Written written;
  SECTION("a task") {
    written.change("DELETE FROM lethe.ledger");
    CHECK(finds(written.findings(), "batches is there, by its fence"));
    CHECK(finds(written.findings(), "batches is there, by the control database"));
  }
  SECTION("a task with its fence") {
    written.change("DELETE FROM lethe.ledger");
    written.change("DELETE FROM lethe.fence");
    CHECK(finds(written.findings(), "batches is there, by the control database"));
  }
  SECTION("a run with all that the control database keeps of its tasks") {
    written.database.execute(
        "DELETE FROM lethe.ledger; DELETE FROM lethe.fence; DELETE FROM "
        "lethe.ledger_heads; DELETE FROM lethe.history");
    CHECK(finds(written.findings(), "missing run " + written.run));
    written.database.expect_violations();
  }
}

TEST_CASE("batches that changed places are found", "[ledger_proof]") {
  Written written;
  SECTION("numbers") {
    written.change("UPDATE lethe.ledger SET batch = 1000", "= 2");
    written.change("UPDATE lethe.ledger SET batch = 2", "= 3");
    written.change("UPDATE lethe.ledger SET batch = 3", "= 1000");
    CHECK(finds(written.findings(), "edited batch 2 of task"));
  }
  SECTION("numbers, each with a hash that fits") {
    written.database.execute(fmt::format(
        "UPDATE lethe.ledger l SET rows = o.rows, at = o.at, xid = o.xid, oldest = o.oldest, "
        "newest "
        "= o.newest FROM public.kept o WHERE o.task = l.task AND l.task = '{}' AND (l.batch, "
        "o.batch) IN ((2, 3), (3, 2))",
        written.task));
    CHECK(finds(written.findings(), "edited batch 3 of task"));
  }
  SECTION("places in the ledger") {
    written.change("DELETE FROM lethe.ledger", "IN (2, 3)");
    written.database.execute(fmt::format(
        "INSERT INTO lethe.ledger OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::"
        "lethe.ledger, to_jsonb(a) || jsonb_build_object('id', b.id))).* FROM public.kept a JOIN "
        "public.kept b ON b.task = a.task AND (a.batch, b.batch) IN ((2, 3), (3, 2)) WHERE a.task "
        "= '{}'",
        written.task));
    CHECK(finds(written.findings(), "reordered batch 3 of task"));
  }
}

TEST_CASE("a batch that was put in is found", "[ledger_proof]") {
  Written written;
  const auto copy = [&](const std::string& changes) {
    written.database.execute(fmt::format(
        "INSERT INTO lethe.ledger OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::"
        "lethe.ledger, to_jsonb(k) || jsonb_build_object('id', 100000, {}))).* FROM public.kept k "
        "WHERE k.task = '{}' AND k.batch = {}",
        changes, written.task, written.batches));
  };
  SECTION("after the last one") {
    copy(fmt::format("'batch', {}, 'prev_hash', k.hash", written.batches + 1));
    CHECK(finds(written.findings(), "inserted task " + written.task));
  }
  SECTION("as a task of its own") {
    copy("'task', 'ZZZ', 'batch', 1, 'prev_hash', ''");
    CHECK(finds(written.findings(), "inserted task ZZZ: the control database has never heard"));
  }
}

TEST_CASE("an edited chain whose hashes were all taken again is found by the control database",
          "[ledger_proof]") {
  Written written;
  // Whoever can write the ledger can hash as well; what was settled is elsewhere.
  written.change("UPDATE lethe.ledger SET rows = rows + 1", fmt::format("= {}", written.batches));
  const auto computed = [&] {
    db::PgTargetProof proof(written.database.url(), "lethe-test");
    return proof
        .ledger_links({.after_task = written.task,
                       .after_batch = written.batches - 1,
                       .until_task = written.task,
                       .run = "",
                       .rows_max = 1})
        .at(0)
        .computed;
  }();
  written.change(fmt::format("UPDATE lethe.ledger SET hash = '{}'", computed),
                 fmt::format("= {}", written.batches));
  written.change(
      fmt::format("UPDATE lethe.fence SET rows = rows + 1, ledger_hash = '{}'", computed));
  CHECK(finds(written.findings(), "it is not the one that the control database knows"));
}

TEST_CASE("what a worker that died could not tell is no forgery", "[ledger_proof]") {
  TestDatabase database;
  RunDriver fleet(database);
  test::make_plain_table(database, 2'400);
  const std::string run = fleet.start(test::policy_of("", 20));
  const LeasedTask task = test::lease_planned(fleet);
  REQUIRE(fleet.step(task));  // committed there and never settled here
  database.execute(
      "UPDATE lethe.items SET leased_by = NULL, is_leased = false, leased_at = NULL, "
      "lease_deadline = NULL, admission = 1");
  database.execute(
      "UPDATE lethe.target_slots SET admitted = 0; UPDATE lethe.shares SET admitted = 0");
  fleet.control().runs().cancel(run, "test");
  REQUIRE(fleet.run(run).state == "cancelled");
  const ProofFindings findings = test::ledger_findings(fleet, database);
  CAPTURE(test::text_of(findings));
  CHECK(findings.wrong() == 0);
  CHECK(test::text_of(findings).find("note task") == 0);
}
