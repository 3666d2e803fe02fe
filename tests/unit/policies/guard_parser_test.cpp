#include "common/policies/guard_parser.hpp"

#include <stdexcept>

#include "common/policies/policy_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/policies/policy_text.hpp"

using namespace lethe;
using policy_test::only_policy;
using policy_test::policy_text;

TEST_CASE("the keys of guards are read and stay in the policy's hash", "[guard_parser]") {
  const Policy policy = only_policy(
      policy_text("max_fraction",
                  "max_fraction: 0.85\n    max_rows_per_run: 5000\n    acknowledge_above: 0\n    "
                  "approval: two_person"));
  CHECK(policy.guards.max_fraction_ppm == 850'000);
  CHECK(policy.guards.max_rows_per_run == 5'000);
  CHECK(policy.guards.acknowledge_above == 0);
  CHECK(policy.guards.two_person);
  const std::string json = to_canonical_json(policy);
  CHECK(json.find(R"("max_fraction":"0.85")") != std::string::npos);
  CHECK(policy_from_json(json) == policy);
}

TEST_CASE("a fraction is read to the digit and printed as it was meant", "[guard_parser]") {
  CHECK(parse_fraction("1") == 1'000'000);
  CHECK(parse_fraction("1.0") == 1'000'000);
  CHECK(parse_fraction("0.5") == 500'000);
  CHECK(parse_fraction("0.000001") == 1);
  CHECK(fraction_text(1'000'000) == "1");
  CHECK(fraction_text(500'000) == "0.5");
  CHECK(fraction_text(1) == "0.000001");
  for (const char* const bad : {"", "0", "0.0", "1.000001", "2", ".5", "0.", "1.", "5e-1", "0x1",
                                "0.1234567", "-0.5", "+0.5", " 0.5", "0,5", "nan", "0.5%"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_fraction(bad), std::invalid_argument);
  }
}
