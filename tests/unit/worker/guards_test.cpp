#include "worker/guards.hpp"

#include "tests/support/catch.hpp"

using namespace lethe;
using namespace lethe::worker;

namespace {

Policy policy(const std::string& name = "old") {
  Policy result;
  result.name = name;
  return result;
}

RunRecord proven(std::optional<std::int64_t> forecast = std::nullopt) {
  RunRecord record;
  record.proven = true;
  record.forecast = forecast;
  return record;
}

/// "" when the run may begin.
std::string refusal(const Policy& policy, const RunRecord& record, const Volume& volume) {
  const auto verdict = judge(policy, record, volume);
  const auto* text = std::get_if<std::string>(&verdict);
  return text == nullptr ? "" : *text;
}

Volume exact(std::int64_t eligible, std::int64_t rows) {
  return {.eligible = eligible, .worth = Volume::Worth::exact, .rows = rows};
}

std::int64_t limit(const Policy& policy, const RunRecord& record, const Volume& volume) {
  const auto verdict = judge(policy, record, volume);
  REQUIRE(std::holds_alternative<RowLimit>(verdict));
  return std::get<RowLimit>(verdict).rows_max;
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("more than nine tenths of a table go only when a person agreed", "[guards]") {
  CHECK(refusal(policy(), proven(), exact(900'000, 1'000'000)).empty());
  const std::string said = refusal(policy(), proven(), exact(900'001, 1'000'000));
  CHECK(says(said, "would delete 900,001 of 1,000,000 rows, 90.0 %"));
  CHECK(says(said, "max_fraction 0.9 (the usual one)"));
  CHECK(says(said, "lethe policy preview old"));
  CHECK(says(said, "lethe policy run old --acknowledge"));
  RunRecord record = proven();
  record.acknowledged = 900'001;
  CHECK(refusal(policy(), record, exact(900'001, 1'000'000)).empty());
  CHECK(refusal(policy(), record, exact(1'000'000, 1'000'000)).empty());
}

TEST_CASE("a policy's own max_fraction binds on tables of every size", "[guards]") {
  Policy own = policy();
  own.guards.max_fraction_ppm = 500'000;
  CHECK(refusal(own, proven(), exact(5, 10)).empty());
  CHECK(says(refusal(own, proven(), exact(6, 10)), "more than max_fraction 0.5 allows"));
  own.guards.max_fraction_ppm = 1'000'000;
  CHECK(refusal(own, proven(), exact(1'000'000, 1'000'000)).empty());
  own.guards.max_fraction_ppm = 1;
  CHECK(limit(own, proven(), exact(0, 3'000'000)) == 3);
}

TEST_CASE(
    "a small table of a proven policy may lose all its rows and one of a new policy only a few",
    "[guards]") {
  CHECK(refusal(policy(), proven(), exact(999, 999)).empty());
  CHECK_FALSE(refusal(policy(), RunRecord{}, exact(999, 999)).empty());
  CHECK(refusal(policy(), RunRecord{}, exact(100, 100)).empty());
  CHECK_FALSE(refusal(policy(), RunRecord{}, exact(101, 101)).empty());
}

TEST_CASE("a new or changed policy takes ten thousand rows unasked and no more", "[guards]") {
  const RunRecord unproven;
  CHECK(refusal(policy(), unproven, exact(10'000, 1'000'000)).empty());
  CHECK(limit(policy(), unproven, exact(0, 1'000'000)) == 10'000);
  const std::string said = refusal(policy(), unproven, exact(10'001, 1'000'000));
  CHECK(says(said, "new or changed"));
  CHECK(says(said, "10,000 rows (acknowledge_above)"));
  CHECK(says(said, "--acknowledge"));
  CHECK(refusal(policy(), proven(), exact(10'001, 1'000'000)).empty());
  Policy own = policy();
  own.guards.acknowledge_above = 0;
  CHECK(says(refusal(own, unproven, exact(1, 1'000'000)), "0 rows (acknowledge_above)"));
  CHECK(limit(own, unproven, exact(0, 1'000'000)) == 0);
}

TEST_CASE("what a person agreed to covers a fifth more and binds beyond that", "[guards]") {
  RunRecord record;
  record.acknowledged = 50'000;
  CHECK(limit(policy(), record, exact(60'000, 1'000'000)) == 60'000);
  const std::string said = refusal(policy(), record, exact(60'001, 1'000'000));
  CHECK(says(said, "a person agreed to 50,000 rows, which covers 60,000 rows"));
  CHECK(covered(0) == 100);
  CHECK(covered(10) == 110);
  CHECK(covered(1'000'000) == 1'200'000);
  CHECK(covered(std::numeric_limits<std::int64_t>::max()) > 0);
}

TEST_CASE("an agreement to few rows does not take away what goes unasked anyway", "[guards]") {
  RunRecord record;
  record.acknowledged = 5;
  CHECK(limit(policy(), record, exact(9'000, 1'000'000)) == 10'000);
}

TEST_CASE("more than three times what was to be expected waits for a person", "[guards]") {
  CHECK(refusal(policy(), proven(20'000), exact(60'000, 1'000'000)).empty());
  const std::string said = refusal(policy(), proven(20'000), exact(60'001, 1'000'000));
  CHECK(says(said, "more than 3 times the 20,000 rows that the largest of its last runs took"));
  RunRecord previewed = proven(20'000);
  previewed.forecast_is_preview = true;
  CHECK(says(refusal(policy(), previewed, exact(60'001, 1'000'000)), "its preview showed"));
}

TEST_CASE("growth of a few rows is none unless they are most of the table", "[guards]") {
  CHECK(refusal(policy(), proven(2), exact(7, 10)).empty());
  CHECK(refusal(policy(), proven(2), exact(1'000, 100'000)).empty());
  CHECK_FALSE(refusal(policy(), proven(2), exact(1'001, 100'000)).empty());
  CHECK_FALSE(refusal(policy(), proven(2), exact(500, 500)).empty());
  CHECK(refusal(policy(), proven(2), exact(250, 500)).empty());
  CHECK(refusal(policy(), proven(0), exact(100, 100)).empty());
}

TEST_CASE("nobody's word moves max_rows_per_run", "[guards]") {
  Policy own = policy();
  own.guards.max_rows_per_run = 5'000;
  RunRecord record = proven();
  record.acknowledged = 1'000'000;
  CHECK(refusal(own, record, exact(5'000, 1'000'000)).empty());
  CHECK(limit(own, record, exact(4'000, 1'000'000)) == 5'000);
  const std::string said = refusal(own, record, exact(5'001, 1'000'000));
  CHECK(says(said, "more than max_rows_per_run 5,000 allows; raise it"));
  CHECK_FALSE(says(said, "--acknowledge"));
}

TEST_CASE("rows of a run's earlier passes count against every guard", "[guards]") {
  RunRecord record = proven();
  record.rows_done = 890'000;
  CHECK(refusal(policy(), record, exact(10'000, 110'000)).empty());
  const std::string said = refusal(policy(), record, exact(10'001, 110'000));
  CHECK(says(said, "would delete 900,001 of 1,000,000 rows"));
  CHECK(says(said, "(890,000 of them gone already, by its earlier passes)"));
}

TEST_CASE("an ad-hoc run is held to what its person saw and to nothing else", "[guards]") {
  const Policy ad_hoc = policy("");
  CHECK_FALSE(rows_to_count(ad_hoc, RunRecord{}).has_value());
  CHECK(refusal(ad_hoc, RunRecord{}, exact(1'000'000, 1'000'000)).empty());
  RunRecord record;
  record.acknowledged = 1'000;
  CHECK(rows_to_count(ad_hoc, record) == 1'200);
  CHECK(refusal(ad_hoc, record, exact(1'200, 1'200)).empty());
  CHECK(says(refusal(ad_hoc, record, exact(1'201, 1'201)), "a person agreed to 1,000 rows"));
}

TEST_CASE("a run is counted as far as some guard could say no", "[guards]") {
  CHECK(rows_to_count(policy(), RunRecord{}) == 10'000);
  CHECK(rows_to_count(policy(), proven(50'000)) == 150'000);
  CHECK(rows_to_count(policy(), proven()) == usual_acknowledge_above);
  Policy own = policy();
  own.guards.max_rows_per_run = 70;
  CHECK(rows_to_count(own, proven(50'000)) == 70);
  RunRecord later = proven(50'000);
  later.rows_done = 40;
  CHECK(rows_to_count(own, later) == 30);
  later.rows_done = 80;
  CHECK(rows_to_count(own, later) == 0);
}

TEST_CASE("a refusal says what its number is worth", "[guards]") {
  Volume volume = exact(950'000, 1'000'000);
  volume.worth = Volume::Worth::estimate;
  CHECK(says(refusal(policy(), proven(), volume), "would delete about 950,000 of"));
  volume.worth = Volume::Worth::at_least;
  CHECK(says(refusal(policy(), proven(), volume), "would delete at least 950,000 of"));
  Policy sets = policy();
  sets.action.kind = Action::Kind::set;
  CHECK(says(refusal(sets, proven(), volume), "would change at least"));
}

TEST_CASE("a policy that needs a second person waits for one", "[guards]") {
  RunRecord record = proven();
  CHECK(approval_refusal(policy(), record).empty());
  record.needs_approval = true;
  record.applied_by = "ana@host";
  const std::string said = approval_refusal(policy(), record);
  CHECK(says(said, "nobody but ana@host"));
  CHECK(says(said, "lethe policy approve old"));
  record.approved_by = "ben@host";
  CHECK(approval_refusal(policy(), record).empty());
}
