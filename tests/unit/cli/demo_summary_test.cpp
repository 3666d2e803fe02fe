#include "cli/demo_summary.hpp"

#include "tests/support/catch.hpp"

namespace lethe::cli {
namespace {

/// 1,000 rows of which 400 had to go and went.
DemoResult agreeing() {
  DemoResult result{.policy = "logs-90d", .table = "public.logs"};
  result.before.total = 1'000;
  result.before.eligible = 400;
  result.after.total = 600;
  result.after.too_young = 500;
  result.after.keep_min = 100;
  result.run.state = "satisfied";
  result.run.rows = 400;
  result.run.batches = 7;
  result.run.elapsed_ms = 200;
  result.effort = {.tasks = 5, .workers = 2};
  result.ledger = {.batches = 7, .rows = 400};
  return result;
}

bool is_found(const DemoResult& result, const std::string& part) {
  const std::vector<std::string> found = disagreements(result);
  return found.size() == 1 && found.front().find(part) != std::string::npos;
}

TEST_CASE("ledger and totals and counts that agree are no disagreement", "[demo]") {
  CHECK(disagreements(agreeing()).empty());
  CHECK(demo_verdict({agreeing()}, std::chrono::milliseconds(400)) ==
        "400 rows deleted in 0.4 s, 1,000 rows/s\nledger, totals and row counts agree\n");
}

TEST_CASE("a run that is not satisfied is named with its reason", "[demo]") {
  DemoResult result = agreeing();
  result.run.state = "failed";
  result.run.error = "no space";
  CHECK(is_found(result, "logs-90d: the run is failed: no space"));
}

TEST_CASE("a ledger that counts otherwise than the run is named", "[demo]") {
  DemoResult result = agreeing();
  result.ledger.rows = 399;
  CHECK(is_found(result, "the ledger counts 399 rows, the run 400 rows"));
}

TEST_CASE("rows that are gone and were never counted are named", "[demo]") {
  DemoResult result = agreeing();
  result.run.rows = 390;
  result.ledger.rows = 390;
  CHECK(is_found(result, "400 rows are gone, the run counts 390 rows"));
}

TEST_CASE("a row that had to stay and is gone is named", "[demo]") {
  DemoResult result = agreeing();
  result.before.eligible = 399;
  CHECK(is_found(result, "400 rows are gone, 399 rows were to go"));
}

TEST_CASE("a row that should be gone and is left is named", "[demo]") {
  DemoResult result = agreeing();
  result.after.eligible = 1;
  CHECK(is_found(result, "1 row that should be gone are left"));
  CHECK(demo_verdict({result}, std::chrono::milliseconds(400)).find("agree") == std::string::npos);
}

TEST_CASE("the demonstration's tables tell what went and why the rest stays", "[demo]") {
  CHECK(
      demo_tables({agreeing()}) ==
      "POLICY    STATE      ROWS BEFORE  DELETED  KEPT  BATCHES  TASKS  WORKERS  ELAPSED MS  ROWS "
      "PER SECOND\n"
      "logs-90d  satisfied        1,000      400   600        7      5        2         200       "
      "     2,000\n"
      "\nWhy the kept rows are kept:\n\n"
      "POLICY    KEPT  TOO YOUNG  KEEP MIN  CONDITION  TENANT OFF  NO TIMESTAMP\n"
      "logs-90d   600        500       100          0           0             0\n");
}

}  // namespace
}  // namespace lethe::cli
