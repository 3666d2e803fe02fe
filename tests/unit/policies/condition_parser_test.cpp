#include "common/policies/policy_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/policies/policy_text.hpp"

using namespace lethe;
using lethe::policy_test::contains;
using lethe::policy_test::only_policy;
using lethe::policy_test::policy_text;
using lethe::policy_test::refusal;

namespace {

std::string where_text(const std::string& condition) {
  return policy_text("where", "where: " + condition);
}

Condition where(const std::string& condition) { return only_policy(where_text(condition)).where; }

Condition leaf(const std::string& column, Comparison comparison, std::vector<std::string> values) {
  Condition result;
  result.kind = Condition::Kind::comparison;
  result.column = column;
  result.comparison = comparison;
  result.values = std::move(values);
  return result;
}

Condition branch(Condition::Kind kind, std::vector<Condition> children) {
  Condition result;
  result.kind = kind;
  result.children = std::move(children);
  return result;
}

constexpr auto all = Condition::Kind::all;
constexpr auto any = Condition::Kind::any;
constexpr auto negation = Condition::Kind::negation;

}  // namespace

TEST_CASE("each operator is read as its comparison", "[condition_parser]") {
  CHECK(where("{a: {eq: x}}") == leaf("a", Comparison::eq, {"x"}));
  CHECK(where("{a: {ne: x}}") == leaf("a", Comparison::ne, {"x"}));
  CHECK(where("{a: {in: [x, 2]}}") == leaf("a", Comparison::in, {"x", "2"}));
  CHECK(where("{a: {not_in: [x]}}") == leaf("a", Comparison::not_in, {"x"}));
  CHECK(where("{a: {lt: 1}}") == leaf("a", Comparison::lt, {"1"}));
  CHECK(where("{a: {lte: 1.50}}") == leaf("a", Comparison::lte, {"1.50"}));
  CHECK(where("{a: {gt: -1}}") == leaf("a", Comparison::gt, {"-1"}));
  CHECK(where("{a: {gte: 2026-01-01}}") == leaf("a", Comparison::gte, {"2026-01-01"}));
  CHECK(where("{a: {is_null: true}}") == leaf("a", Comparison::is_null, {"true"}));
  CHECK(where("{a: {is_null: false}}") == leaf("a", Comparison::is_null, {"false"}));
  CHECK(where("{a: {like_prefix: tmp_}}") == leaf("a", Comparison::like_prefix, {"tmp_"}));
}

TEST_CASE("a value alone means eq and a list alone means in", "[condition_parser]") {
  CHECK(where("{status: done}") == leaf("status", Comparison::eq, {"done"}));
  CHECK(where("{status: yes}") == leaf("status", Comparison::eq, {"yes"}));
  CHECK(where("{status: ''}") == leaf("status", Comparison::eq, {""}));
  CHECK(where("{status: 'null'}") == leaf("status", Comparison::eq, {"null"}));
  CHECK(where("{status: [a, b]}") == leaf("status", Comparison::in, {"a", "b"}));
}

TEST_CASE("columns and operators are joined by all in the order of the file",
          "[condition_parser]") {
  CHECK(where("{b: {gte: 1, lt: 5}, a: x}") ==
        branch(all, {leaf("b", Comparison::gte, {"1"}), leaf("b", Comparison::lt, {"5"}),
                     leaf("a", Comparison::eq, {"x"})}));
}

TEST_CASE("all and any and not nest and mix with columns", "[condition_parser]") {
  CHECK(where("{kind: x, any: [{a: 1}, {b: 2, c: 3}], not: {d: 4}}") ==
        branch(all, {leaf("kind", Comparison::eq, {"x"}),
                     branch(any, {leaf("a", Comparison::eq, {"1"}),
                                  branch(all, {leaf("b", Comparison::eq, {"2"}),
                                               leaf("c", Comparison::eq, {"3"})})}),
                     branch(negation, {leaf("d", Comparison::eq, {"4"})})}));
}

TEST_CASE("a branch with one child is that child", "[condition_parser]") {
  CHECK(where("{all: [{a: 1}]}") == where("{a: 1}"));
  CHECK(where("{any: [{all: [{a: 1}]}]}") == where("{a: 1}"));
  CHECK(where("{not: {all: [{a: 1}]}}") == branch(negation, {where("{a: 1}")}));
}

TEST_CASE("a condition may have 64 comparisons and not one more", "[condition_parser]") {
  const auto columns = [](int count) {
    std::string text = "{any: [";
    for (int i = 0; i < count; ++i) text += "{c" + std::to_string(i) + ": 1},";
    return text + "]}";
  };
  const auto ranges = [](int count) {
    std::string text = "{";
    for (int i = 0; i < count; ++i) text += "c" + std::to_string(i) + ": {gt: 1, lt: 2},";
    return text + "}";
  };
  CHECK(where(columns(64)).children.size() == 64);
  CHECK(contains(refusal(where_text(columns(65))), "policies[0].where.any: has 65 items"));
  CHECK(where(ranges(32)).children.size() == 64);
  CHECK(contains(refusal(where_text(ranges(33))),
                 "policies[0].where.c32.gt: more than 64 comparisons; join values with in"));
}

TEST_CASE("a comparison may have 1000 values and not one more", "[condition_parser]") {
  std::string values;
  for (int i = 0; i < 1000; ++i) values += "v,";
  CHECK(where("{a: [" + values + "]}").values.size() == 1000);
  CHECK(contains(refusal(where_text("{a: [" + values + "v]}")), "has 1001 items; at most 1000"));
}

TEST_CASE("a value may have 64 KiB and not one byte more", "[condition_parser]") {
  const std::string value(65'536, 'x');
  CHECK(where("{a: " + value + "}").values[0] == value);
  CHECK(contains(refusal(where_text("{a: " + value + "y}")), "is longer than 65536 bytes"));
}

TEST_CASE("a condition may be 16 levels deep and not one more", "[condition_parser]") {
  const auto nested = [](int levels) {
    std::string text;
    for (int i = 1; i < levels; ++i) text += "{not: ";
    return text + "{a: 1" + std::string(static_cast<std::size_t>(levels), '}');
  };
  CHECK(where(nested(16)).kind == negation);
  CHECK(contains(refusal(where_text(nested(17))), "is nested more than 16 levels deep"));
}

TEST_CASE("every comparison has the name that the file uses", "[condition_parser]") {
  CHECK(to_string(Comparison::eq) == std::string("eq"));
  CHECK(to_string(Comparison::not_in) == std::string("not_in"));
  CHECK(to_string(Comparison::gte) == std::string("gte"));
  CHECK(to_string(Comparison::like_prefix) == std::string("like_prefix"));
}
