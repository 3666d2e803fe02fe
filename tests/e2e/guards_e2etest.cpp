#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

using namespace lethe::test;

namespace {

std::string drill_policy(const std::string& retain, const std::string& more = "") {
  return "policies:\n  - name: t-old\n    target: app\n    table: public.t\n    timestamp: "
         "created_at\n    retain: " +
         retain + "\n" + more;
}

}  // namespace

TEST_CASE("30 days typed as 30 seconds ends with the guards' exit code and the command that helps",
          "[guards][drills]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 2'000);
  fleet.start_scheduler();
  fleet.start_worker();
  fleet.apply(drill_policy("90 days"));
  CHECK(fleet.lethe({"policy", "run", "t-old", "--wait"}).exit_code == 0);
  const std::int64_t before = fleet.target().number("SELECT count(*) FROM public.t");
  REQUIRE(before == 500);
  fleet.apply(drill_policy("30 seconds"));
  const auto refused = fleet.lethe({"policy", "run", "t-old", "--wait"});
  INFO(refused.out << refused.err);
  CHECK(refused.exit_code == 3);
  CHECK(refused.out.find("would delete 500 of 500 rows") != std::string::npos);
  CHECK(refused.out.find("lethe policy run t-old --acknowledge") != std::string::npos);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == before);
  const auto agreed = fleet.lethe({"policy", "run", "t-old", "--acknowledge", "--wait"});
  INFO(agreed.out << agreed.err);
  CHECK(agreed.exit_code == 0);
  CHECK(agreed.err.find("would take 500 of 500 rows") != std::string::npos);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == 0);
  const Json runs = fleet.json({"run", "list", "--limit", "1"});
  const auto shown = fleet.must({"run", "show", runs[0]["id"].get<std::string>()});
  CHECK(shown.find(": 500 rows; the run took 500") != std::string::npos);
}

TEST_CASE("an ad-hoc run beyond its limit is refused with nothing deleted", "[guards]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 400);
  fleet.start_scheduler();
  fleet.start_worker();
  const std::vector<std::string> command{"enqueue",  "--target",    "app",        "--table",
                                         "public.t", "--timestamp", "created_at", "--older-than",
                                         "90d",      "--yes",       "--wait",     "--max-rows"};
  auto low = command;
  low.emplace_back("299");
  const auto refused = fleet.lethe(low);
  INFO(refused.out << refused.err);
  CHECK(refused.exit_code == 3);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == 400);
  auto enough = command;
  enough.emplace_back("300");
  CHECK(fleet.lethe(enough).exit_code == 0);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == 100);
}

TEST_CASE("a policy of two persons waits for the second one", "[guards]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 400);
  fleet.start_scheduler();
  fleet.start_worker();
  const std::string file =
      fleet.write_file("p.yaml", drill_policy("90 days", "    approval: two_person\n"));
  const Environment ana{{"LETHE_ACTOR", "ana"}};
  const Environment ben{{"LETHE_ACTOR", "ben"}};
  REQUIRE(fleet.lethe({"policy", "apply", "-f", file}, ana).exit_code == 0);
  CHECK(fleet.lethe({"policy", "run", "t-old", "--wait"}, ana).exit_code == 3);
  const auto own = fleet.lethe({"policy", "approve", "t-old"}, ana);
  CHECK(own.exit_code == 3);
  CHECK(own.err.find("was applied by ana") != std::string::npos);
  CHECK(fleet.lethe({"policy", "approve", "t-old"}, ben).exit_code == 0);
  CHECK(fleet.lethe({"policy", "run", "t-old", "--wait"}, ana).exit_code == 0);
}
