#include "tests/support/catch.hpp"
#include "tests/unit/policies/policy_text.hpp"

using namespace lethe;
using lethe::policy_test::contains;
using lethe::policy_test::only_policy;
using lethe::policy_test::policy_text;
using lethe::policy_test::refusal;

TEST_CASE("a policy vacuums only when it says so", "[policy_parser]") {
  CHECK_FALSE(only_policy(policy_text()).vacuum);
  CHECK(only_policy(policy_text("vacuum", "vacuum: true")).vacuum);
  CHECK_FALSE(only_policy(policy_text("vacuum", "vacuum: false")).vacuum);
}

TEST_CASE("every key of a policy file reaches its member", "[policy_parser]") {
  const PolicyFile file = parse_policies(R"(
targets:
  app:
    url: service=app
    max_running: 7
  other: {url: "host=db dbname=x"}
policies:
  - name: executions-90d
    target: app
    table: Sales.executions
    timestamp: [started_at, created_at]
    retain: 1 year 6 months
    where: {status: {in: [done, failed]}}
    tenant:
      column: tenant_id
      keep_min: 100
      overrides:
        550e8400-e29b-41d4-a716-446655440000: {retain: 30 days, keep_min: 10}
        acme: {enabled: false}
        42: {keep_min: 0}
    schedule: "0 3 * * *"
    timezone: Europe/Berlin
    missed: once
    overlap: skip
    action: delete
)",
                                         "policies.yaml");
  REQUIRE(file.targets.size() == 2);
  CHECK(file.targets[0] == TargetSpec{"app", "service=app", 7, 0});
  CHECK(file.targets[1] == TargetSpec{"other", "host=db dbname=x", 4, 0});

  Policy expected;
  expected.name = "executions-90d";
  expected.target = "app";
  expected.table = {"Sales", "executions"};
  expected.timestamp = {"started_at", "created_at"};
  expected.retain = {18, 0};
  expected.where.kind = Condition::Kind::comparison;
  expected.where.column = "status";
  expected.where.comparison = Comparison::in;
  expected.where.values = {"done", "failed"};
  expected.tenant.emplace();
  expected.tenant->column = "tenant_id";
  expected.tenant->keep_min = 100;
  expected.tenant->overrides["550e8400-e29b-41d4-a716-446655440000"] = {Retention{0, 2'592'000}, 10,
                                                                        true};
  expected.tenant->overrides["acme"] = {std::nullopt, std::nullopt, false};
  expected.tenant->overrides["42"] = {std::nullopt, 0, true};
  expected.schedule = "0 3 * * *";
  expected.timezone = "Europe/Berlin";
  REQUIRE(file.policies.size() == 1);
  CHECK(file.policies[0] == expected);
}

TEST_CASE("what a policy leaves out has its documented default", "[policy_parser]") {
  Policy expected;
  expected.name = "sessions-90d";
  expected.target = "app";
  expected.table = {"public", "sessions"};
  expected.timestamp = {"created_at"};
  expected.retain = {0, 7'776'000};
  CHECK(only_policy(policy_text()) == expected);
  CHECK(expected.schedule.empty());
  CHECK(expected.timezone == "UTC");
}

TEST_CASE("an action that sets columns has their values as text and null as nothing",
          "[policy_parser]") {
  const Action action =
      only_policy(policy_text("action", "action: {set: {email: null, n: 007, \"A b\": \"null\"}}"))
          .action;
  CHECK(action.kind == Action::Kind::set);
  CHECK(action.values == std::map<std::string, std::optional<std::string>>{
                             {"email", std::nullopt}, {"n", "007"}, {"A b", "null"}});
  CHECK(only_policy(policy_text("action", "action: delete")) == only_policy(policy_text()));
}

TEST_CASE("a policy that calls a function may leave out table and timestamp together",
          "[policy_parser]") {
  const std::string start = "policies:\n  - {name: a, target: t, retain: 7 days, action: {call: ";
  const Policy policy = only_policy(start + "app.\"Expire it\"}}");
  CHECK(policy.action.kind == Action::Kind::call);
  CHECK(policy.action.function == FunctionName{"app", "Expire it"});
  CHECK(policy.table == TableName{});
  CHECK(policy.timestamp.empty());
  CHECK(only_policy(policy_text("action", "action: {call: f}")).action.function ==
        FunctionName{"public", "f"});
  CHECK(policy_test::contains(policy_test::refusal(start + "f}, table: t}"),
                              ".timestamp: is missing"));
  CHECK(policy_test::contains(policy_test::refusal(start + "f}, timestamp: t}"),
                              ".table: is missing"));
}

TEST_CASE("either list or both may be empty", "[policy_parser]") {
  for (const char* text : {"", "# only a comment\n", "---\n", "{}", "targets:\npolicies:\n",
                           "policies: []\n", "targets: {}\n", "\xef\xbb\xbfpolicies: []\r\n"}) {
    CAPTURE(text);
    const PolicyFile file = parse_policies(text, "policies.yaml");
    CHECK(file.targets.empty());
    CHECK(file.policies.empty());
  }
}

TEST_CASE("the tables that go along are read with their schema", "[policy_parser]") {
  const Policy policy =
      only_policy(policy_text("cascade", "cascade: [lines, \"odd.Notes\", 'a.\"t\"\"x\"']"));
  CHECK(policy.cascade ==
        std::vector<TableName>{{"public", "lines"}, {"odd", "Notes"}, {"a", "t\"x"}});
  CHECK(only_policy(policy_text()).cascade.empty());
}

TEST_CASE("tables that go along are listed once and are others than the policy's",
          "[policy_parser]") {
  CHECK(contains(refusal(policy_text("cascade", "cascade: []")), "cascade"));
  CHECK(contains(refusal(policy_text("cascade", "cascade: lines")), "cascade"));
  CHECK(contains(refusal(policy_text("cascade", "cascade: [lines, public.lines]")),
                 "is in the list twice"));
  CHECK(contains(refusal(policy_text("cascade", "cascade: [sessions]")),
                 "is the table of the policy itself"));
  for (const std::string action : {"{set: {email: null}}", "{call: app.f}"})
    CHECK(contains(refusal(policy_text("cascade", "cascade: [lines]\n    action: " + action)),
                   "cascade: needs action: delete; remove one of them"));
}

TEST_CASE("trusted owners are exact role names and each is listed once", "[policy_parser]") {
  const Policy policy =
      only_policy(policy_text("trusted_owners", "trusted_owners: [app_owner, \"App Owner\"]"));
  CHECK(policy.trusted_owners == std::vector<std::string>{"app_owner", "App Owner"});
  CHECK(only_policy(policy_text()).trusted_owners.empty());
  CHECK(contains(refusal(policy_text("trusted_owners", "trusted_owners: []")), "trusted_owners"));
  CHECK(contains(refusal(policy_text("trusted_owners", "trusted_owners: app")), "trusted_owners"));
  CHECK(contains(refusal(policy_text("trusted_owners", "trusted_owners: [app, app]")),
                 "is in the list twice"));
  CHECK(
      contains(refusal(policy_text("trusted_owners", "trusted_owners: [\"\"]")), "trusted_owners"));
}

TEST_CASE("keep_min of the table and zero are read", "[policy_parser]") {
  CHECK(only_policy(policy_text("keep_min", "keep_min: 0")).keep_min == 0);
  CHECK(only_policy(policy_text("keep_min", "keep_min: 1000000000")).keep_min == 1'000'000'000);
}

TEST_CASE("a policy keeps strictly only when it says so", "[policy_parser]") {
  CHECK_FALSE(only_policy(policy_text("keep_min", "keep_min: 5")).strict);
  CHECK(only_policy(policy_text("keep_min", "keep_min: 5\n    strict: true")).strict);
  CHECK(only_policy(policy_text("tenant", "tenant: {column: c, keep_min: 5, strict: true}"))
            .tenant->strict);
  CHECK(only_policy(policy_text("tenant",
                                "tenant: {column: c, overrides: {a: {keep_min: 5}}, "
                                "strict: true}"))
            .tenant->strict);
}

TEST_CASE("a target says how far its clock may be off and whether it survives a failover",
          "[policy_parser]") {
  const auto target = [](const std::string& keys) {
    return parse_policies("targets: {a: {url: service=a" + keys + "}}", "policies.yaml")
        .targets.at(0);
  };
  CHECK(target("").clock_skew_seconds == 60);
  CHECK_FALSE(target("").survives_failover);
  CHECK(target(", clock_skew_seconds: 120").clock_skew_seconds == 120);
  CHECK(target(", on_failover: continue").survives_failover);
  CHECK_FALSE(target(", on_failover: freeze").survives_failover);
  CHECK_THROWS_WITH(target(", on_failover: yes"),
                    lethe::test::contains("must be freeze or continue"));
  CHECK_THROWS(target(", clock_skew_seconds: 0"));
  CHECK_THROWS(target(", clock_skew_seconds: 3601"));
}

TEST_CASE("a timestamp column may say its unit alone and in a list", "[policy_parser]") {
  const Policy alone =
      only_policy(policy_text("timestamp", "timestamp: {column: created_ms, unit: ms}"));
  CHECK(alone.timestamp == std::vector<std::string>{"created_ms"});
  CHECK(alone.units == std::map<std::string, TimeUnit>{{"created_ms", TimeUnit::ms}});
  const Policy list = only_policy(policy_text(
      "timestamp", "timestamp: [started_at, {column: id, unit: uuidv7}, {column: n, unit: us}]"));
  CHECK(list.timestamp == std::vector<std::string>{"started_at", "id", "n"});
  CHECK(list.units ==
        std::map<std::string, TimeUnit>{{"id", TimeUnit::uuidv7}, {"n", TimeUnit::us}});
}

TEST_CASE("a tenant is its scalar as text whatever YAML would make of it", "[policy_parser]") {
  const Policy policy = only_policy(policy_text(
      "tenant",
      "tenant: {column: c, overrides: {042: &o {keep_min: 1}, 1.50: *o, true: *o, \"null\": *o, "
      "'': *o, \"<<\": *o}}"));
  std::vector<std::string> tenants;
  for (const auto& [tenant, entry] : policy.tenant->overrides) tenants.push_back(tenant);
  CHECK(tenants == std::vector<std::string>{"", "042", "1.50", "<<", "null", "true"});
}

TEST_CASE("a hundred thousand overrides are read and one more is refused", "[policy_parser]") {
  std::string text = "tenant:\n      column: c\n      overrides: {x: &o {keep_min: 1}";
  for (int i = 1; i < 100'000; ++i) text += "," + std::to_string(i) + ": *o";
  const Policy policy = only_policy(policy_text("tenant", text + "}"));
  CHECK(policy.tenant->overrides.size() == 100'000);
  CHECK(policy_test::contains(policy_test::refusal(policy_text("tenant", text + ",y: *o}")),
                              "has 100001 keys; at most 100000 are allowed"));
}

TEST_CASE("a list item may be an alias of an earlier value", "[policy_parser]") {
  const PolicyFile file = parse_policies(
      "policies:\n"
      "  - {name: a, target: t, table: a, timestamp: &ts [x, y], retain: &r 7 days}\n"
      "  - {name: b, target: t, table: b, timestamp: *ts, retain: *r}\n",
      "policies.yaml");
  CHECK(file.policies[1].timestamp == std::vector<std::string>{"x", "y"});
  CHECK(file.policies[1].retain == file.policies[0].retain);
}

TEST_CASE("a name is lower case and starts with a letter or digit", "[policy_parser]") {
  for (const char* name : {"a", "0", "a-b_c.d", "90d"}) CHECK(is_name(name));
  CHECK(is_name(std::string(63, 'a')));
  for (const char* name : {"", "-a", ".a", "_a", "A", "a b", "a/b", "\xc3\xa4"}) {
    CHECK_FALSE(is_name(name));
  }
  CHECK_FALSE(is_name(std::string(64, 'a')));
}
