#include "tests/support/catch.hpp"
#include "tests/unit/policies/policy_text.hpp"

namespace {

using lethe::policy_test::contains;
using lethe::policy_test::policy_text;
using lethe::policy_test::refusal;
using lethe::policy_test::starts_with;

/// A mistake in one key of a policy that is otherwise right.
struct BadKey {
  std::string key;
  std::string entry;
  int line;
  std::string path;  // below policies[0]
  std::string part;  // of the problem and its cure
};

/// A mistake in a whole file.
struct BadFile {
  std::string yaml;
  std::string start;  // of the message
  std::string part;
};

void check_keys(const std::vector<BadKey>& cases) {
  for (const BadKey& bad : cases) {
    const std::string message = refusal(policy_text(bad.key, bad.entry));
    CAPTURE(bad.key, bad.entry, message);
    CHECK(starts_with(
        message, "policies.yaml:" + std::to_string(bad.line) + ": policies[0]" + bad.path + ": "));
    CHECK(contains(message, bad.part));
    CHECK_FALSE(contains(message, "\n"));
  }
}

void check_files(const std::vector<BadFile>& cases) {
  for (const BadFile& bad : cases) {
    const std::string message = refusal(bad.yaml);
    CAPTURE(bad.yaml.substr(0, 200), message);
    CHECK(starts_with(message, "policies.yaml:" + bad.start));
    CHECK(contains(message, bad.part));
    CHECK_FALSE(contains(message, "\n"));
  }
}

constexpr const char* later = "not supported by this version of Lethe; remove it";

}  // namespace

TEST_CASE("a mistake in a required key is refused with its place and its cure", "[policy_parser]") {
  const std::string long_name(64, 'a');
  check_keys({
      {"name", "", 2, ".name", "is missing; add for example 'name: "},
      {"name", "name: Sessions", 2, ".name", "write 1 to 63 of a-z 0-9"},
      {"name", "name: -x", 2, ".name", "start with a letter or digit"},
      {"name", "name: ''", 2, ".name", "\"\" is no name"},
      {"name", "name: a b", 2, ".name", "\"a b\" is no name"},
      {"name", "name: " + long_name, 2, ".name", "write 1 to 63"},
      {"name", "name: [a]", 2, ".name", "must be text; it is a list"},
      {"name", "name:", 2, ".name", "must be text; it is empty"},
      {"name", "name: \"a\\nb\"", 2, ".name", "\"a\\x0ab\" is no name"},
      {"target", "", 2, ".target", "is missing; add for example 'target: app'"},
      {"target", "target: APP", 3, ".target", "\"APP\" is no name"},
      {"target", "target: {url: service=app}", 3, ".target", "must be text; it is a map"},
      {"table", "", 2, ".table", "is missing; add for example 'table: public.executions'"},
      {"table", "table: a.b.c", 4, ".table", "has more than two parts; write schema.table"},
      {"table", "table: a.", 4, ".table", "has an empty name; write schema.table"},
      {"table", "table: 'public.\"t'", 4, ".table", "lacks a closing double quote"},
      {"table", "table: " + long_name, 4, ".table", "is longer than 63 bytes"},
      {"table", "table: \"a\\tb\"", 4, ".table", "control character; remove it"},
      {"table", "table: ~", 4, ".table", "must be text; it is empty"},
      {"timestamp", "", 2, ".timestamp", "is missing; add for example 'timestamp: created_at'"},
      {"timestamp", "timestamp: []", 5, ".timestamp", "must not be empty; list at least 1"},
      {"timestamp", "timestamp: [a, b, c, d, e]", 5, ".timestamp", "at most 4 are allowed"},
      {"timestamp", "timestamp: [a, b, a]", 5, ".timestamp[2]", "in the list twice; remove one"},
      {"timestamp", "timestamp: [a, null]", 5, ".timestamp[1]", "must be text; it is empty"},
      {"timestamp", "timestamp: {column: a}", 5, ".timestamp.unit", "is missing; add for example"},
      {"timestamp", "timestamp: {unit: ms}", 5, ".timestamp.column", "is missing; add for example"},
      {"timestamp", "timestamp: {column: a, unit: min}", 5, ".timestamp.unit",
       "\"min\" is no unit; write s, ms, us or uuidv7"},
      {"timestamp", "timestamp: [a, {column: a, unit: s}]", 5, ".timestamp[1]",
       "in the list twice; remove one"},
      {"timestamp", "timestamp: {column: a, unit: s, zone: x}", 5, ".timestamp.zone",
       "unknown key"},
      {"timestamp", "timestamp: ''", 5, ".timestamp", "write its name as in the catalog"},
      {"timestamp", "timestamp: " + long_name, 5, ".timestamp", "longer than 63 bytes"},
      {"timestamp", "timestamp: \"a\\0b\"", 5, ".timestamp", "control character; remove it"},
      {"retain", "", 2, ".retain", "is missing; add for example 'retain: 90 days'"},
      {"retain", "retain: 0 days", 6, ".retain", "longer than zero; write for example \"90 days\""},
      {"retain", "retain: -5 days", 6, ".retain", "must be longer than zero"},
      {"retain", "retain: 90", 6, ".retain", "90 has no unit; write 90 days"},
      {"retain", "retain: 1.5 days", 6, ".retain", "write 36 hours"},
      {"retain", "retain: 5 fortnights", 6, ".retain", "write seconds, minutes, hours, days"},
      {"retain", "retain: 1001 years", 6, ".retain", "must be at most 1000 years"},
      {"retain", "retain: 99999999999999999999 s", 6, ".retain", "must be at most 1000 years"},
      {"retain", "retain: {days: 90}", 6, ".retain", "must be text; it is a map"},
      {"retain", "retain: forever", 6, ".retain", "write for example \"90 days\""},
  });
}

TEST_CASE("a mistake in an optional key is refused with its place and its cure",
          "[policy_parser]") {
  check_keys({
      {"keep_min", "keep_min: -1", 7, ".keep_min", "whole number from 0 to 1000000000"},
      {"keep_min", "keep_min: 1000000001", 7, ".keep_min", "whole number from 0 to 1000000000"},
      {"keep_min", "keep_min: 1.5", 7, ".keep_min", "\"1.5\" is not"},
      {"keep_min", "keep_min: 010", 7, ".keep_min", "\"010\" is not"},
      {"keep_min", "keep_min: '5'", 7, ".keep_min", "without quotes"},
      {"keep_min", "keep_min: 1_000", 7, ".keep_min", "whole number"},
      {"keep_min", "keep_min: many", 7, ".keep_min", "whole number"},
      {"keep_min", "keep_min: 99999999999999999999", 7, ".keep_min", "whole number"},
      {"keep_min", "keep_min: [1]", 7, ".keep_min", "it is a list"},
      {"keep_min", "keep_min: 5\n    tenant: {column: c}", 7, ".keep_min",
       "keep_min beside tenant is ambiguous; write tenant.keep_min"},
      {"tenant", "tenant: tenant_id", 7, ".tenant", "must be a map; it is a single value"},
      {"tenant", "tenant: {keep_min: 1}", 7, ".tenant.column", "add for example 'column: "},
      {"tenant", "tenant: {column: ''}", 7, ".tenant.column", "must not be empty"},
      {"tenant", "tenant: {column: c, keep: 1}", 7, ".tenant.keep",
       "unknown key; known are column, keep_min, overrides"},
      {"tenant", "tenant: {column: c, keep_min: x}", 7, ".tenant.keep_min", "whole number"},
      {"tenant", "tenant: {column: c, overrides: [a]}", 7, ".tenant.overrides", "must be a map"},
      {"tenant", "tenant: {column: c, overrides: {~: {keep_min: 1}}}", 7, ".tenant.overrides",
       "write \"null\" in quotes"},
      {"tenant", "tenant: {column: c, overrides: {null: {keep_min: 1}}}", 7, ".tenant.overrides",
       "a key is null"},
      {"tenant", "tenant: {column: c, overrides: {[a]: {keep_min: 1}}}", 7, ".tenant.overrides",
       "a key is a list or a map; write text"},
      {"tenant", "tenant: {column: c, overrides: {a.b: {}}}", 7, ".tenant.overrides[\"a.b\"]",
       "changes nothing; write retain, keep_min or enabled"},
      {"tenant", "tenant: {column: c, overrides: {acme: off}}", 7, ".tenant.overrides.acme",
       "must be a map"},
      {"tenant", "tenant:\n      column: c\n      overrides:\n        acme:\n          retain: 9",
       11, ".tenant.overrides.acme.retain", "9 has no unit; write 9 days"},
      {"tenant", "tenant: {column: c, overrides: {a: {enabled: yes}}}", 7,
       ".tenant.overrides.a.enabled", "must be true or false"},
      {"tenant", "tenant: {column: c, overrides: {a: {enabled: 'true'}}}", 7,
       ".tenant.overrides.a.enabled", "without quotes"},
      {"tenant", "tenant: {column: c, overrides: {a: {enabled: [true]}}}", 7,
       ".tenant.overrides.a.enabled", "must be true or false; it is a list"},
      {"tenant", "tenant: {column: c, overrides: {a: {enable: true}}}", 7,
       ".tenant.overrides.a.enable", "known are retain, keep_min, enabled"},
      {"tenant", "tenant: {column: c, overrides: {a: {keep_min: 1}, 'a': {keep_min: 1}}}", 7,
       ".tenant.overrides.a", "written twice, on line 7 and line 7; remove one"},
      {"tenant", "tenant: {column: c, overrides: {\"a\\0b\": {keep_min: 1}}}", 7,
       ".tenant.overrides[\"a\\x00b\"]", "without a zero byte"},
      {"schedule", "schedule: 61 * * * *", 7, ".schedule", "0..59"},
      {"schedule", "schedule: ''", 7, ".schedule", "write five fields"},
      {"schedule", "schedule: {every: 5}", 7, ".schedule", "must be text"},
      {"timezone", "timezone: UTC", 7, ".timezone", "means nothing without schedule or window"},
      {"timezone", "timezone: Mars/Base\n    schedule: 0 3 * * *", 7, ".timezone",
       "write an IANA name such as Europe/Berlin"},
      {"missed", "missed: never", 7, ".missed", "must be once or skip"},
      {"overlap", "overlap: [skip]", 7, ".overlap", "must be text"},
      {"overlap", "overlap: both", 7, ".overlap", "must be skip or queue"},
      {"window", "window: {from: \"01:00\"}", 7, ".window.to", "is missing"},
      {"window", "window: {from: \"01:00\", to: \"24:00\"}", 7, ".window.to", "write HH:MM"},
      {"window", "window: {from: \"1:00\", to: \"05:00\"}", 7, ".window.from", "write HH:MM"},
      {"window", "window: {from: \"01:60\", to: \"05:00\"}", 7, ".window.from", "write HH:MM"},
      {"window", "window: {from: \"::0::\", to: \"05:00\"}", 7, ".window.from", "write HH:MM"},
      {"window", "window: {from: \"05:00\", to: \"05:00\"}", 7, ".window.to", "same as from"},
      {"window", "window: nights", 7, ".window", "map"},
      {"jitter", "jitter: 25 hours", 7, ".jitter", "at most 24 hours"},
      {"jitter", "jitter: 1 month", 7, ".jitter", "at most 24 hours"},
      {"jitter", "jitter: soon", 7, ".jitter", "write"},
      {"expire_after", "expire_after: 59 s", 7, ".expire_after", "from 1 minute to 30 days"},
      {"expire_after", "expire_after: 31 days", 7, ".expire_after", "from 1 minute to 30 days"},
      {"strategy", "strategy: keys", 7, ".strategy",
       "must be auto, partition, sweep, index or key"},
      {"strategy", "strategy: [sweep]", 7, ".strategy", "a list"},
      {"strategy", "strategy: partition", 7, ".strategy", "add partitions: quarantine"},
      {"strategy", "strategy: partition\n    partitions: rows", 7, ".strategy",
       "add partitions: quarantine"},
      {"strategy", "strategy: sweep\n    partitions: drop", 7, ".strategy",
       "sweep deletes rows and partitions: drop drops them together; remove one"},
      {"strategy", "strategy: partition\n    partitions: drop\n    where: {a: 1}", 7, ".strategy",
       "where keeps the rows that it does not match; write strategy: auto"},
      {"partitions", "partitions: truncate", 7, ".partitions", "must be rows, drop or quarantine"},
      {"quarantine", "quarantine: 7 days", 7, ".quarantine",
       "means nothing without partitions: quarantine"},
      {"quarantine", "partitions: drop\n    quarantine: 7 days", 8, ".quarantine",
       "means nothing without partitions: quarantine"},
      {"quarantine", "partitions: quarantine\n    quarantine: 1 month", 8, ".quarantine",
       "from 1 minute to 3650 days"},
      {"vacuum", "vacuum: on", 7, ".vacuum", "must be true or false"},
      {"vacuum", "vacuum: true\n    action: {call: app.f}", 7, ".vacuum",
       "needs to know the tables"},
      {"action", "action: {}", 7, ".action", "must be delete"},
      {"action", "action: truncate", 7, ".action", "must be delete"},
      {"action", "action: drop_partitions", 7, ".action", later},
      {"action", "action: {set: {email: null}, call: a.b}", 7, ".action", "must be delete"},
      {"action", "action: [delete]", 7, ".action", "must be delete"},
      {"action", "action: {set: email}", 7, ".action.set", "must be a map"},
      {"action", "action: {set: {}}", 7, ".action.set", "write for example {email: null}"},
      {"action", "action: {set: {'': x}}", 7, ".action.set[\"\"]", "the column must not be empty"},
      {"action", "action: {set: {a: [x]}}", 7, ".action.set.a", "must be text; it is a list"},
      {"action", "action: {set: {a: \"x\\0\"}}", 7, ".action.set.a", "zero byte"},
      {"action", "action: {set: {a: 1, a: 2}}", 7, ".action.set.a", "written twice"},
      {"action",
       "action: {set: {a: , b: , c: , d: , e: , f: , g: , h: , i: , j: , k: , l: , m: , n: , o: , "
       "p: , q: }}",
       7, ".action.set", "has 17 keys; at most 16 are allowed"},
      {"action", "action: {set: {created_at: null}}", 7, ".action.set.created_at",
       "is a timestamp column of this policy"},
      {"action", "tenant: {column: c}\n    action: {set: {c: null}}", 8, ".action.set.c",
       "is the tenant's column"},
      {"action", "action: {call: app.expire()}", 7, ".action.call", "has parentheses"},
      {"action", "action: {call: a.b.c}", 7, ".action.call", "has more than two parts"},
      {"action", "action: {call: [a.b]}", 7, ".action.call", "must be text"},
      {"action", "action: {call: a.b}\n    where: {a: 1}", 8, ".where",
       "has no effect on a function"},
      {"action", "action: {call: a.b}\n    keep_min: 1", 8, ".keep_min", "has no effect"},
      {"action", "action: {call: a.b}\n    tenant: {column: c}", 8, ".tenant", "has no effect"},
      {"priority", "priority: 5", 7, ".priority", "4"},
      {"priority", "priority: high", 7, ".priority", "whole number"},
      {"max_rows_per_run", "max_rows_per_run: 0", 7, ".max_rows_per_run", "from 1 to"},
      {"max_rows_per_run", "max_rows_per_run: many", 7, ".max_rows_per_run", "whole number"},
      {"max_fraction", "max_fraction: 0", 7, ".max_fraction", "is no part of a table"},
      {"max_fraction", "max_fraction: 0.0000001", 7, ".max_fraction", "such as 0.8"},
      {"max_fraction", "max_fraction: 1.01", 7, ".max_fraction", "such as 0.8"},
      {"max_fraction", "max_fraction: 80%", 7, ".max_fraction", "such as 0.8"},
      {"max_fraction", "max_fraction: -0.5", 7, ".max_fraction", "such as 0.8"},
      {"max_fraction", "max_fraction: [0.5]", 7, ".max_fraction", "must be text"},
      {"acknowledge_above", "acknowledge_above: -1", 7, ".acknowledge_above", "whole number"},
      {"approval", "approval: none", 7, ".approval", "write two_person"},
      {"approval", "approval: true", 7, ".approval", "write two_person"},
      {"action", "action: {call: a.b}\n    max_fraction: 0.5", 8, ".max_fraction",
       "cannot be counted"},
      {"action", "action: {call: a.b}\n    acknowledge_above: 5", 8, ".acknowledge_above",
       "cannot be counted"},
      {"lane", "lane: Bulk", 7, ".lane", "is no lane"},
      {"tenant", "tenant: {column: c, from: {table: t}}", 7, ".tenant.from", later},
      {"strict", "strict: true", 7, ".strict", "means nothing without keep_min; add it"},
      {"strict", "strict: 1\n    keep_min: 5", 7, ".strict", "true or false"},
      {"strict", "strict: true\n    tenant: {column: c, keep_min: 5}", 7, ".strict",
       "write tenant.strict"},
      {"strict", "strict: true\n    keep_min: 5\n    action: {set: {c: null}}", 7, ".strict",
       "needs action: delete"},
      {"strict", "strict: true\n    keep_min: 5\n    partitions: drop", 7, ".strict",
       "write partitions: rows"},
      {"tenant", "tenant: {column: c, strict: true}", 7, ".tenant.strict",
       "means nothing without keep_min"},
      {"tenant", "tenant: {column: c, keep_min: 5, strict: true}\n    strategy: index", 7,
       ".tenant.strict", "write strategy: auto"},
      {"retian", "retian: 90 days", 7, ".retian", "unknown key; known are name, target, table"},
      {"a key", "a key: 1", 7, "[\"a key\"]", "unknown key"},
      {"retain2", "retain: 80 days", 7, ".retain",
       "written twice, on line 6 and line 7; remove one"},
  });
}

TEST_CASE("a mistake in a condition is refused with its place and its cure", "[policy_parser]") {
  const auto where = [](const std::string& condition, const std::string& path,
                        const std::string& part) {
    return BadKey{"where", "where: " + condition, 7, ".where" + path, part};
  };
  check_keys({
      where("status = 'done'", "", "must be a map; it is a single value"),
      where("", "", "must be a map; it is empty"),
      where("{}", "", "leave where out to mean every row"),
      where("{status: null}", ".status", "write {is_null: true}"),
      where("{status: {eq: ~}}", ".status.eq", "null is not compared"),
      where("{status: {in: [a, null]}}", ".status.in[1]", "null is not compared"),
      where("{status: {}}", ".status", "write for example {eq: done}"),
      where("{status: []}", ".status", "must not be empty; list at least 1"),
      where("{status: {in: []}}", ".status.in", "must not be empty; list at least 1"),
      where("{status: {in: done}}", ".status.in", "must be a list; it is a single value"),
      where("{status: {eq: [a]}}", ".status.eq", "must be text; it is a list"),
      where("{status: {equals: a}}", ".status.equals", "known are eq, ne, in, not_in, lt, lte"),
      where("{status: {eq: a, eq: b}}", ".status.eq", "written twice"),
      where("{status: {is_null: 1}}", ".status.is_null", "must be true or false"),
      where("{status: {like_prefix: ''}}", ".status.like_prefix", "write {is_null: false}"),
      where("{status: \"a\\0b\"}", ".status", "zero byte"),
      where("{'': a}", "[\"\"]", "the column must not be empty"),
      where("{\"a\\nb\": a}", "[\"a\\x0ab\"]", "control character; remove it"),
      where("{status: a, status: b}", ".status", "written twice"),
      where("{any: []}", ".any", "must not be empty; list at least 1"),
      where("{all: []}", ".all", "must not be empty"),
      where("{all: {a: 1}}", ".all", "must be a list; it is a map"),
      where("{any: [{a: 1}, {}]}", ".any[1]", "must not be empty; name a column"),
      where("{not: [{a: 1}]}", ".not", "must be a map; it is a list"),
      where("{not: {}}", ".not", "must not be empty"),
  });
}

TEST_CASE("a target that is wrong is refused with its place and its cure", "[policy_parser]") {
  const auto target = [](const std::string& text) { return "targets:\n  app: " + text + "\n"; };
  check_files({
      {"targets: [app]\n", "1: targets: ", "must be a map; it is a list"},
      {"targets:\n  APP: {url: service=a}\n", "2: targets.APP: ", "is no name"},
      {target("service=app"), "2: targets.app: ", "must be a map; it is a single value"},
      {target("{max_running: 4}"), "2: targets.app.url: ", "is missing; add for example 'url: "},
      {target("{url: service=a, max_running: 0}"), "2: targets.app.max_running: ", "1 to 1000"},
      {target("{url: service=a, max_running: 1001}"), "2: targets.app.max_running: ", "1 to 1000"},
      {target("{url: service=a, port: 5432}"),
       "2: targets.app.port: ", "unknown key; known are url, max_running"},
      {target("{url: [service=a]}"), "2: targets.app.url: ", "must be text"},
      {target("{url: app}"), "2: targets.app.url: ", "write postgresql://host/dbname"},
      {target("{url: host=db password=hunter2}"), "2: targets.app.url: ", "PGPASSFILE"},
      {target("{url: 'postgresql://me:hunter2@db/app'}"), "2: targets.app.url: ", "service file"},
      {"targets:\n  app: {url: service=a}\n  app: {url: service=b}\n",
       "3: targets.app: ", "written twice, on line 2 and line 3"},
  });
}

TEST_CASE("a file that is no policy file is refused with the file and the line",
          "[policy_parser]") {
  check_files({
      {"just text\n", "1: ", "write a map with the keys targets and policies"},
      {"- a\n- b\n", "1: ", "write a map with the keys targets and policies"},
      {"policies: []\npolicy: []\n", "2: policy: ", "known are targets, policies"},
      {"policies: []\npolicies: []\n", "2: policies: ", "on line 1 and line 2; remove one"},
      {"policies: {a: 1}\n", "1: policies: ", "must be a list; it is a map"},
      {"policies:\n  - just text\n", "2: policies[0]: ", "must be a map"},
      {"policies: [\n", "2: ", "not valid YAML"},
      {"policies:\n  - name: a\n    schedule: @daily\n", "3: ", "put quotes around text"},
      {"policies:\n  - name: a\n    schedule: * * * * *\n", "3: ", "put quotes around text"},
      {"policies:\n\t- name: a\n", "2: ", "mend the indentation"},
      {"policies: *unknown\n", "1: ", "not valid YAML"},
      {"policies: &a [*a]\n", "1: ", "an alias stands for a value that it is part of"},
      {"policies: []\n---\npolicies: []\n", "2: ", "keep only one"},
      {"{policies: []} more\n", "1: ", "keep only one"},
      {"policies: !!seq []\n", "1: ", "is not supported; remove it"},
      {"policies: []\n<<: {}\n", "2: ", "merge key << is not supported; write its keys out"},
      {std::string("policies: []\n\0", 14), "2: ", "byte 0x00 is not text"},
      {"policies: []\n\x04targets: 5\n", "2: ", "byte 0x04 is not text"},
      {"\x7f"
       "ELF",
       "1: ", "is this a policy file?"},
      {"policies: [] # \xff\n", "1: ", "save it as UTF-8"},
      {std::string((1U << 20U) + 1, '\n'), "1: ", "larger than 1048576 bytes; split it"},
      {"policies: " + std::string(32, '[') + std::string(32, ']'),
       "1: ", "nested more than 32 levels deep"},
  });
}

TEST_CASE("an alias cannot get around the limits on depth and size", "[policy_parser]") {
  const std::string deep = std::string(20, '[') + std::string(20, ']');
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int j = 1; j < 10; ++j) bomb += ", " + alias;
    bomb += "]\n";
  }
  check_files({
      {"a: &a " + deep + "\nb: " + std::string(15, '[') + "*a" + std::string(15, ']') + "\n",
       "2: ", "nested more than 32 levels deep"},
      {bomb, "", "more than 1000000 values; split the file"},
  });
}

TEST_CASE("two policies of one name are refused with both lines", "[policy_parser]") {
  const std::string one = policy_text();
  const std::string two = one + one.substr(one.find('\n') + 1);
  CHECK(refusal(two) ==
        "policies.yaml:7: policies[1]: two policies are called \"sessions-90d\", on line 2 and "
        "line 7; rename one");
}

TEST_CASE("a file of more than 10000 policies is refused", "[policy_parser]") {
  std::string text = "policies: [";
  for (int i = 0; i < 10'001; ++i) text += "a,";
  CHECK(contains(refusal(text + "]"), "1: policies: has 10001 items; at most 10000 are allowed"));
}

TEST_CASE("a password never comes back in a message", "[policy_parser]") {
  for (const std::string url :
       {"postgresql://me:hunter2@db/app", "host=db password = 'hunter2'", "hunter2",
        "postgresql://db?sslpassword=hunter2", "jdbc:postgresql://me:hunter2@db/app",
        "host=db password='hunter2"}) {
    const std::string message = refusal("targets: {app: {url: \"" + url + "\"}}");
    CAPTURE(url, message);
    CHECK(starts_with(message, "policies.yaml:1: targets.app.url: "));
    CHECK_FALSE(contains(message, "hunter2"));
  }
}
