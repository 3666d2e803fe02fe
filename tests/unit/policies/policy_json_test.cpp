#include "common/policies/policy_json.hpp"

#include <random>
#include <stdexcept>

#include "tests/support/catch.hpp"

using namespace lethe;

namespace {

/// Makes policies of every shape that the structs allow.
class RandomPolicies {
 public:
  explicit RandomPolicies(unsigned seed) : engine_(seed) {}

  Policy next() {
    Policy policy;
    policy.name = text();
    policy.target = text();
    policy.table = {text(), text()};
    policy.timestamp = texts(1, 4);
    for (const std::string& column : policy.timestamp)
      if (below(4) == 0) policy.units[column] = static_cast<TimeUnit>(below(4));
    policy.retain = retention();
    policy.where = below(3) == 0 ? Condition{} : condition(4);
    policy.keep_min = maybe_number();
    if (below(2) == 0) policy.tenant = tenant();
    if (below(2) == 0) policy.schedule = text();
    policy.timezone = text();
    for (std::int64_t count = below(3); count > 0; --count)
      policy.cascade.push_back({text(), text()});
    if (below(2) == 0) policy.trusted_owners = texts(1, 3);
    policy.action = action();
    policy.vacuum = below(2) == 0;
    policy.strict = below(2) == 0;
    if (below(2) == 0) policy.guards.max_fraction_ppm = 1 + below(1'000'000);
    if (below(2) == 0) policy.guards.max_rows_per_run = 1 + below(1'000'000'000);
    policy.guards.acknowledge_above = maybe_number();
    policy.guards.two_person = below(2) == 0;
    return policy;
  }

 private:
  Action action() {
    Action result;
    result.kind = static_cast<Action::Kind>(below(3));
    if (result.kind == Action::Kind::call) result.function = {text(), text()};
    if (result.kind != Action::Kind::set) return result;
    for (std::int64_t count = 1 + below(16); count > 0; --count)
      result.values[text()] = below(2) == 0 ? std::nullopt : std::optional(text());
    return result;
  }

  std::int64_t below(std::int64_t limit) {
    return std::uniform_int_distribution<std::int64_t>(0, limit - 1)(engine_);
  }

  std::string text() {
    static const std::vector<std::string> pieces{"a",
                                                 "Z",
                                                 "\"",
                                                 "\\",
                                                 "/",
                                                 ".",
                                                 " ",
                                                 "\n",
                                                 "\t",
                                                 "\x01",
                                                 "\x7f",
                                                 "\xc3\xa4",
                                                 "\xe2\x82\xac",
                                                 "\xf0\x9f\x90\x98",
                                                 "null",
                                                 "{}",
                                                 "0",
                                                 "'"};
    std::string result;
    for (std::int64_t length = below(6); length > 0; --length) {
      result += pieces[static_cast<std::size_t>(below(static_cast<std::int64_t>(pieces.size())))];
    }
    return result;
  }

  std::vector<std::string> texts(std::int64_t min, std::int64_t max) {
    std::vector<std::string> result;
    for (std::int64_t count = min + below(max - min + 1); count > 0; --count) {
      result.push_back(text());
    }
    return result;
  }

  Retention retention() {
    return {static_cast<std::int32_t>(below(12'001)), 1 + below(31'556'952'000)};
  }

  std::optional<std::int64_t> maybe_number() {
    if (below(2) == 0) return std::nullopt;
    return below(2) == 0 ? below(3) : below(std::numeric_limits<std::int64_t>::max());
  }

  Condition condition(int depth) {
    Condition result;
    switch (depth == 0 ? 3 : below(4)) {
      case 0: result.kind = Condition::Kind::all; break;
      case 1: result.kind = Condition::Kind::any; break;
      case 2:
        result.kind = Condition::Kind::negation;
        result.children.push_back(condition(depth - 1));
        return result;
      default: return comparison();
    }
    for (std::int64_t count = below(4); count > 0; --count) {
      result.children.push_back(condition(depth - 1));
    }
    return result;
  }

  Condition comparison() {
    Condition result;
    result.kind = Condition::Kind::comparison;
    result.column = text();
    result.comparison = static_cast<Comparison>(below(10));
    const bool takes_list =
        result.comparison == Comparison::in || result.comparison == Comparison::not_in;
    result.values = texts(1, takes_list ? 5 : 1);
    return result;
  }

  TenantRule tenant() {
    TenantRule rule;
    rule.column = text();
    rule.keep_min = maybe_number();
    for (std::int64_t count = below(4); count > 0; --count) {
      TenantOverride entry;
      if (below(2) == 0) entry.retain = retention();
      entry.keep_min = maybe_number();
      entry.enabled = below(2) == 0;
      rule.overrides[text()] = entry;
    }
    if (below(3) == 0) rule.only = text();
    rule.strict = below(2) == 0;
    return rule;
  }

  std::mt19937 engine_;
};

Policy small_policy() {
  Policy policy;
  policy.name = "sessions-90d";
  policy.target = "app";
  policy.table = {"public", "sessions"};
  policy.timestamp = {"created_at"};
  policy.retain = {0, 7'776'000};
  return policy;
}

constexpr const char* small_json =
    R"({"name":"sessions-90d","retain":{"months":0,"seconds":7776000},)"
    R"("table":{"schema":"public","table":"sessions"},"target":"app",)"
    R"("timestamp":["created_at"],"timezone":"UTC"})";

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const std::size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), by);
}

}  // namespace

TEST_CASE("every policy comes back from its JSON as it was", "[policy_json]") {
  for (unsigned seed = 0; seed < 500; ++seed) {
    const Policy policy = RandomPolicies(seed).next();
    const std::string json = to_canonical_json(policy);
    CAPTURE(seed, json);
    const Policy back = policy_from_json(json);
    CHECK(back == policy);
    CHECK(to_canonical_json(back) == json);
  }
}

TEST_CASE("two different policies have different JSON", "[policy_json]") {
  const Policy policy = small_policy();
  std::vector<Policy> others(18, policy);
  others[0].name = "x";
  others[1].target = "x";
  others[2].table.schema = "x";
  others[3].timestamp.emplace_back("x");
  others[4].retain.months = 1;
  others[5].where.kind = Condition::Kind::any;
  others[6].keep_min = 0;
  others[7].tenant.emplace();
  others[8].schedule = "@daily";
  others[9].timezone = "Europe/Berlin";
  others[10].action = {Action::Kind::set, {{"email", std::nullopt}}, {}};
  others[11].action = {Action::Kind::set, {{"email", ""}}, {}};
  others[12].action = {Action::Kind::call, {}, {"app", "f"}};
  others[13].units["created_at"] = TimeUnit::ms;
  others[14].guards.max_fraction_ppm = 900'000;
  others[15].guards.max_rows_per_run = 5;
  others[16].guards.acknowledge_above = 10'000;
  others[17].guards.two_person = true;
  for (const Policy& other : others) CHECK(to_canonical_json(other) != to_canonical_json(policy));
}

TEST_CASE("the canonical JSON of a small policy leaves absent members out",
          "[policy_json][golden]") {
  CHECK(to_canonical_json(small_policy()) == small_json);
}

TEST_CASE("the canonical JSON of a full policy is fixed to the byte", "[policy_json][golden]") {
  Policy policy = small_policy();
  policy.keep_min = 5;
  policy.schedule = "0 3 * * *";
  policy.timezone = "Europe/Berlin";
  Condition done;
  done.kind = Condition::Kind::comparison;
  done.column = "status";
  done.comparison = Comparison::in;
  done.values = {"done", "fehl\xc3\xbcr"};
  Condition negation;
  negation.kind = Condition::Kind::negation;
  negation.children = {done};
  policy.where.kind = Condition::Kind::any;
  policy.where.children = {negation, done};
  policy.tenant.emplace();
  policy.tenant->column = "tenant_id";
  policy.tenant->keep_min = 100;
  policy.tenant->only = "acme";
  policy.tenant->overrides["b"] = {Retention{1, 0}, 10, true};
  policy.tenant->overrides["a"] = {std::nullopt, std::nullopt, false};
  const std::string done_json = R"({"column":"status","op":"in","values":["done","fehlür"]})";
  CHECK(to_canonical_json(policy) ==
        R"({"keep_min":5,"name":"sessions-90d",)"
        R"("retain":{"months":0,"seconds":7776000},"schedule":"0 3 * * *",)"
        R"("table":{"schema":"public","table":"sessions"},"target":"app",)"
        R"("tenant":{"column":"tenant_id","keep_min":100,"only":"acme","overrides":)"
        R"({"a":{"enabled":false},)"
        R"("b":{"enabled":true,"keep_min":10,"retain":{"months":1,"seconds":0}}}},)"
        R"("timestamp":["created_at"],"timezone":"Europe/Berlin",)"
        R"("where":{"any":[{"not":)" +
            done_json + "}," + done_json + "]}}");
}

TEST_CASE("units of timestamp columns are stored beside their names", "[policy_json][golden]") {
  Policy policy = small_policy();
  policy.units["created_at"] = TimeUnit::uuidv7;
  const std::string json = to_canonical_json(policy);
  CHECK(json == replaced(small_json, "\"timezone\":\"UTC\"",
                         "\"timezone\":\"UTC\",\"units\":{\"created_at\":\"uuidv7\"}"));
  CHECK(policy_from_json(json) == policy);
  for (const char* wrong :
       {"{}", "[]", R"({"created_at":"min"})", R"({"created_at":1})", R"({"other":"ms"})"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(policy_from_json(replaced(json, R"({"created_at":"uuidv7"})", wrong)),
                    std::invalid_argument);
  }
}

TEST_CASE("the canonical JSON of an action is fixed to the byte", "[policy_json][golden]") {
  Policy policy = small_policy();
  policy.action = {Action::Kind::set, {{"email", std::nullopt}, {"name", "x"}}, {}};
  const std::string rest = std::string(small_json).substr(1);
  CHECK(to_canonical_json(policy) == R"({"action":{"set":{"email":null,"name":"x"}},)" + rest);
  policy.action = {Action::Kind::call, {}, {"app", "f"}};
  policy.table = {};
  policy.timestamp.clear();
  CHECK(to_canonical_json(policy) ==
        R"({"action":{"call":{"name":"f","schema":"app"}},"name":"sessions-90d",)"
        R"("retain":{"months":0,"seconds":7776000},"target":"app","timezone":"UTC"})");
}

TEST_CASE("stored JSON may have other spaces and another order of keys", "[policy_json]") {
  CHECK(policy_from_json(R"({"name": "sessions-90d", "table": {"table": "sessions", "schema":
    "public"}, "retain": {"seconds": 7776000, "months": 0}, "target": "app", "timezone": "UTC",
    "timestamp": ["created_at"]})") == small_policy());
}

TEST_CASE("JSON that this code did not write is refused", "[policy_json]") {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += R"({"not":)";
  deep += R"({"column":"c","op":"eq","values":["x"]})" + std::string(40, '}');
  const std::string tail = R"("UTC","where":)";
  const auto with_where = [&](const std::string& where) {
    return replaced(small_json, R"("UTC")", tail + where);
  };
  for (const std::string& json : std::vector<std::string>{
           "",
           "null",
           "[]",
           "{",
           "{}",
           std::string(small_json) + "x",
           replaced(small_json, R"("name")", R"("Name")"),
           replaced(small_json, R"("UTC")", R"("UTC","priority":5)"),
           replaced(small_json, R"("UTC")", "5"),
           replaced(small_json, R"(["created_at"])", "[]"),
           replaced(small_json, R"(["created_at"])", R"("created_at")"),
           replaced(small_json, R"(["created_at"])", "[1]"),
           replaced(small_json, R"("schema")", R"("catalog")"),
           replaced(small_json, "7776000", "7776000.5"),
           replaced(small_json, "7776000", "-1"),
           replaced(small_json, "7776000", "0"),
           replaced(small_json, "7776000", "9223372036854775808"),
           replaced(small_json, R"("months":0)", R"("months":2147483648)"),
           replaced(small_json, R"("UTC")", R"("UTC","keep_min":null)"),
           replaced(small_json, R"("UTC")", R"("UTC","tenant":"x")"),
           replaced(small_json, R"("UTC")", R"("UTC","tenant":{"column":"c","overrides":[]})"),
           replaced(small_json, R"("UTC")",
                    R"("UTC","tenant":{"column":"c","overrides":{"a":{"keep_min":1}}})"),
           replaced(small_json, R"("UTC")", R"("UTC","action":"delete")"),
           replaced(small_json, R"("UTC")", R"("UTC","action":{})"),
           replaced(small_json, R"("UTC")", R"("UTC","action":{"set":{}})"),
           replaced(small_json, R"("UTC")", R"("UTC","action":{"set":{"a":1}})"),
           replaced(small_json, R"("UTC")", R"("UTC","action":{"call":"app.f"})"),
           replaced(small_json, R"("UTC")", R"("UTC","action":{"drop":{}})"),
           replaced(small_json, R"("table":{"schema":"public","table":"sessions"},)", ""),
           with_where("[]"),
           with_where("{}"),
           with_where(R"({"all":[],"any":[]})"),
           with_where(R"({"all":{}})"),
           with_where(R"({"column":"c","op":"equals","values":["x"]})"),
           with_where(R"({"column":"c","op":"eq","values":["x","y"]})"),
           with_where(R"({"column":"c","op":"in","values":[]})"),
           with_where(R"({"column":"c","op":"eq"})"),
           with_where(deep),
       }) {
    CAPTURE(json);
    CHECK_THROWS_AS(policy_from_json(json), std::invalid_argument);
  }
}

TEST_CASE("a policy that is not UTF-8 has no JSON", "[policy_json]") {
  Policy policy = small_policy();
  policy.table.table = "\xff";
  CHECK_THROWS_AS(to_canonical_json(policy), std::invalid_argument);
}
