#include "common/policies/archive_rule.hpp"

#include <stdexcept>

#include "cli/policy_text.hpp"
#include "common/policies/policy_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/policies/policy_text.hpp"

using namespace lethe;
using lethe::policy_test::only_policy;
using lethe::policy_test::policy_text;
using lethe::policy_test::refusal;

namespace {

std::string refused(const std::string& archive, const std::string& more = "") {
  return refusal(policy_text("archive", "archive: " + archive + more));
}

bool says(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an archive into a table or into files is read and survives being stored",
          "[archive_rule]") {
  const Policy table = only_policy(policy_text("archive", "archive: {table: old.sessions}"));
  REQUIRE(table.archive);
  CHECK(table.archive->table == TableName{"old", "sessions"});
  CHECK(table.archive->directory.empty());
  CHECK_FALSE(table.archive->keep);
  CHECK(policy_from_json(to_canonical_json(table)) == table);
  const Policy files = only_policy(
      policy_text("archive", "archive: {dir: /var/lib/lethe/archive, format: csv, keep: 2 years}"));
  REQUIRE(files.archive);
  CHECK(files.archive->directory == "/var/lib/lethe/archive");
  REQUIRE(files.archive->keep);
  CHECK(files.archive->keep->months == 24);
  CHECK(policy_from_json(to_canonical_json(files)) == files);
  CHECK(to_canonical_json(files) != to_canonical_json(table));
  CHECK_FALSE(only_policy(policy_text()).archive);
  CHECK(to_canonical_json(only_policy(policy_text())).find("archive") == std::string::npos);
}

TEST_CASE("people see where the rows of a policy are archived and what changes", "[archive_rule]") {
  const Policy before = only_policy(policy_text());
  const Policy after =
      only_policy(policy_text("archive", "archive: {dir: /srv/old, keep: 90 days}"));
  const auto changes = cli::policy_changes(before, after);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].field == "archive.dir");
  CHECK(changes[0].after == "/srv/old");
  CHECK(changes[1].field == "archive.keep");
  CHECK(changes[1].after == "90 days");
}

TEST_CASE("an archive that cannot be is refused with its cure", "[archive_rule]") {
  CHECK(says(refused("x"), "archive: must be a map"));
  CHECK(says(refused("{}"), "archive: must have either table or dir"));
  CHECK(says(refused("{table: a.b, dir: /x}"), "must have either table or dir"));
  CHECK(says(refused("{table: a.b, format: csv}"), "archive.format: means nothing without dir"));
  CHECK(says(refused("{table: public.sessions}"), "is the table of the policy itself"));
  CHECK(says(refused("{table: a.b.c}"), "archive.table: "));
  CHECK(says(refused("{dir: archive}"), "archive.dir: \"archive\" is relative"));
  CHECK(says(refused("{dir: ../x}"), "is relative"));
  CHECK(says(refused("{dir: /a/../b}"), "has a part that says nothing"));
  CHECK(says(refused("{dir: /a/}"), "has a part that says nothing"));
  CHECK(says(refused("{dir: /}"), "has a part that says nothing"));
  CHECK(says(refused("{dir: \"/a\\nb\"}"), "is no directory"));
  CHECK(says(refused("{dir: /a, format: parquet}"), "archive.format: \"parquet\" is no format"));
  CHECK(says(refused("{dir: /a, keep: 0 days}"), "archive.keep: must be longer than zero"));
  CHECK(says(refused("{dir: /a, zip: 1}"), "archive.zip: unknown key"));
}

TEST_CASE("an archive is refused where rows would go without a copy", "[archive_rule]") {
  const std::string table = "{table: a.b}";
  CHECK(says(refused(table, "\n    cascade: [public.lines]"), "children under cascade"));
  CHECK(says(refused(table, "\n    partitions: drop"), "use partitions: quarantine"));
  CHECK(says(refused(table, "\n    partitions: quarantine"), "write partitions: rows"));
  CHECK(says(refused(table, "\n    action: {call: app.expire}"), "a function that is called"));
  CHECK(refused(table, "\n    action: {set: {note: null}}").empty());
}

TEST_CASE("a stored archive that is none is refused", "[archive_rule]") {
  const std::string json =
      to_canonical_json(only_policy(policy_text("archive", "archive: {dir: /a}")));
  const auto with = [&](const std::string& archive) {
    std::string text = json;
    const std::string old = R"({"dir":"/a"})";
    text.replace(text.find(old), old.size(), archive);
    return text;
  };
  CHECK_THROWS_AS(policy_from_json(with("{}")), std::invalid_argument);
  CHECK_THROWS_AS(policy_from_json(with(R"({"dir":"/a","x":1})")), std::invalid_argument);
  CHECK_THROWS_AS(policy_from_json(with("7")), std::invalid_argument);
}
