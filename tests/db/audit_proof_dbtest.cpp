// Whatever is done to the audit afterwards is found, and an untouched one is found whole.

#include <fmt/format.h>

#include "tests/support/proof_steps.hpp"

using namespace lethe;
using test::RunDriver;
using test::TestDatabase;

namespace {

struct Audited {
  TestDatabase database;
  RunDriver fleet{database};

  Audited() {
    for (const char* object : {"a", "b", "c", "d", "e"})
      fleet.control().audit().record({.action = "hold.add", .object = object, .detail = "x\x1fy"},
                                     "ana");
    database.execute("CREATE TABLE public.kept AS SELECT * FROM lethe.audit");
    REQUIRE(last() == 6);  // the first is of the target
  }
  std::int64_t last() { return database.number("SELECT max(id) FROM lethe.audit"); }
  ProofFindings findings() { return test::audit_findings(fleet); }
  bool finds(const std::string& part) {
    const ProofFindings found = findings();
    const std::string text = test::text_of(found);
    CAPTURE(text, part);
    return found.wrong() > 0 && text.find(part) != std::string::npos;
  }
};

}  // namespace

TEST_CASE("an audit that nobody touched is as it was written", "[audit_proof]") {
  Audited audited;
  CHECK(test::text_of(audited.findings()) == "");
  const auto head = audited.fleet.control().proof().audit_head();
  REQUIRE(head);
  CHECK(head->id == 6);
  CHECK(head->hash == audited.database.text("SELECT hash FROM lethe.audit WHERE id = 6"));
}

TEST_CASE("an edit of any column of the audit is found", "[audit_proof]") {
  Audited audited;
  audited.database.expect_violations();
  for (const std::string column :
       {"at", "actor", "action", "object", "detail", "prev_hash", "hash"}) {
    CAPTURE(column);
    const std::string value = column == "at" ? "at + interval '1 microsecond'" : column + " || 'x'";
    audited.database.execute(
        fmt::format("UPDATE lethe.audit SET {} = {} WHERE id = 3", column, value));
    CHECK(audited.finds("audit entry "));
    audited.database.execute(fmt::format(
        "UPDATE lethe.audit a SET {0} = k.{0} FROM public.kept k WHERE k.id = a.id", column));
  }
  CHECK(test::text_of(audited.findings()) == "");
}

TEST_CASE("text that moves from one column of the audit to the next is found", "[audit_proof]") {
  Audited audited;
  audited.database.execute(
      "UPDATE lethe.audit SET object = object || E'\\x1f' || 'x', detail = 'y' "
      "WHERE id = 3");
  CHECK(audited.finds("edited audit entry 3"));
}

TEST_CASE("missing entries of the audit are found wherever they were", "[audit_proof]") {
  Audited audited;
  audited.database.expect_violations();
  const auto [gone, found] = GENERATE(values<std::pair<std::string, std::string>>(
      {{"1", "missing audit entry 1"},
       {"3, 4", "missing audit entries 3 to 4"},
       {"6", "missing audit entry 6: the audit went on to entry 6"},
       {"1, 2, 3, 4, 5, 6", "missing audit entries 1 to 6"}}));
  audited.database.execute("DELETE FROM lethe.audit WHERE id IN (" + gone + ")");
  CHECK(audited.finds(found));
}

TEST_CASE("entries of the audit that changed places or were put in are found", "[audit_proof]") {
  Audited audited;
  audited.database.expect_violations();
  SECTION("changed places") {
    audited.database.execute(
        "UPDATE lethe.audit SET id = 100 WHERE id = 3; UPDATE lethe.audit SET id = 3 WHERE id = 4; "
        "UPDATE lethe.audit SET id = 4 WHERE id = 100");
    CHECK(audited.finds("edited audit entry 3"));
  }
  SECTION("put in at the end") {
    audited.database.execute(
        "INSERT INTO lethe.audit SELECT 7, at, actor, action, object, detail, "
        "hash, 'x' FROM lethe.audit WHERE id = 6");
    CHECK(audited.finds("edited audit entry 7"));
    CHECK(audited.finds("inserted audit entry 7"));
  }
  SECTION("put in at the end with a hash that fits") {
    audited.database.execute(
        "INSERT INTO lethe.audit SELECT 7, at, actor, action, object, detail, "
        "hash, 'x' FROM lethe.audit WHERE id = 6");
    const auto link = audited.fleet.control().proof().audit_links(6, 1).at(0);
    audited.database.execute("UPDATE lethe.audit SET hash = '" + link.computed + "' WHERE id = 7");
    CHECK(test::text_of(audited.findings()) ==
          "inserted audit entry 7: the audit went on to entry 6\n");
  }
}

TEST_CASE("an audit cut with its head is found by a head that was kept elsewhere",
          "[audit_proof]") {
  Audited audited;
  const auto kept = *audited.fleet.control().proof().audit_head();
  audited.database.execute(
      "DELETE FROM lethe.audit WHERE id > 4; UPDATE lethe.audit_head SET id = 4, hash = (SELECT "
      "hash FROM lethe.audit WHERE id = 4)");
  CHECK(test::text_of(audited.findings()) == "");
  CHECK(test::text_of(test::audit_findings(audited.fleet, {kept})) ==
        "missing audit entries 5 to 6: the audit went on to entry 6\n");
  audited.fleet.control().audit().record({.action = "x", .object = "y", .detail = ""}, "eve");
  audited.fleet.control().audit().record({.action = "x", .object = "y", .detail = ""}, "eve");
  const ProofFindings rewritten = test::audit_findings(audited.fleet, {kept});
  CHECK(rewritten.wrong() == 1);
  CHECK(test::text_of(rewritten).find("edited audit entry 6: its hash was") == 0);
}

TEST_CASE("without the row of its head nothing is done and the audit says what is missing",
          "[audit_proof]") {
  Audited audited;
  audited.database.execute("DELETE FROM lethe.audit_head");
  CHECK_THROWS_AS(
      audited.fleet.control().audit().record({.action = "x", .object = "y", .detail = ""}, "eve"),
      StoreError);
  CHECK(audited.last() == 6);
  CHECK(audited.finds("missing the row of lethe.audit_head"));
}
