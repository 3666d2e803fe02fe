// Every key, option and variable with values that it cannot have: through each door a message that
// names it, and nothing changed. Together more than 200 cases.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/refusals.hpp"

namespace lethe::test {
namespace {

using Values = std::vector<std::string>;

constexpr const char* quotes = R"("'; DROP TABLE public.t; --")";
constexpr const char* huge = "99999999999999999999999";

/// What is wrong for a key of each kind, as YAML. "%" stands for it in the message.
const Values no_text{"[[1]]", "{x: [1]}", R"("")", R"("a\u0000b")", quotes};
const Values no_number{"[1]", "{x: 1}", "soon", "-1", "1.5", "0x10", huge, quotes, "1e99", R"("")"};
const Values no_time{"[1 day]",     "{x: 1}",   "soon", "-1 day",
                     "1 lightyear", "1.5 days", huge,   quotes};
const Values no_word{"[x]", "{x: 1}", "maybe", "1", quotes};
const Values no_map{"x", "1", "[x]", quotes};

/// The place of the wrong value, as the message names it, with a file that has it.
struct Place {
  std::string field;
  std::string yaml;  ///< with "%" for the value
  Values values;
};

std::string filled(const std::string& yaml, const std::string& value) {
  const std::size_t at = yaml.find('%');
  REQUIRE(at != std::string::npos);
  return yaml.substr(0, at) + value + yaml.substr(at + 1);
}

std::vector<Place> policy_places() {
  return {
      {"name", with("name: %"), no_text},
      {"target", with("target: %"), no_text},
      {"table", with("table: %"), no_text},
      {"timestamp", with("timestamp: %"), {"{x: 1}", R"("")", "[]", quotes, "[a, a]"}},
      {"timestamp", with("timestamp: {column: id, unit: %}"), {"[s]", "fortnights", quotes, "1"}},
      {"retain", with("retain: %"), no_time},
      {"retain", with("retain: %"), {"1001 years", "0 s"}},
      {"keep_min", with("keep_min: %"), no_number},
      {"tenant", with("tenant: %"), no_map},
      {"tenant.column", with("tenant: {column: %}"), {"[x]", R"("")", quotes, "nowhere"}},
      {"tenant.keep_min", with("tenant: {column: tenant, keep_min: %}"), no_number},
      {"tenant.overrides", with("tenant: {column: tenant, overrides: %}"), no_map},
      {"tenant.overrides", with("tenant: {column: tenant, overrides: {a: {retain: %}}}"), no_time},
      {"tenant.overrides",
       with("tenant: {column: tenant, overrides: {a: {enabled: %}}}"),
       {"yes", "1", "[true]", quotes}},
      {"where", with("where: %"), {"x", "1", quotes, "{note: {near: 1}}", "{all: []}"}},
      {"where", with("where: {id: %}"), {"soon", huge, quotes, "1.5", "{eq: [1]}", "{in: []}"}},
      {"where", with("where: {created_at: {lt: %}}"), {"soon", "[x]", quotes, "2026-13-01"}},
      {"schedule", with("schedule: %"), {"[x]", "daily", R"("* * * *")", "every 0 s", quotes}},
      {"timezone", with("schedule: '@daily'\n    timezone: %"), {"[x]", "Mars/Base", quotes}},
      {"window", with("window: %"), no_map},
      {"window", with("window: {from: %, to: \"05:00\"}"), {"[1]", "24:00", "5", quotes}},
      {"missed", with("schedule: '@daily'\n    missed: %"), no_word},
      {"overlap", with("schedule: '@daily'\n    overlap: %"), no_word},
      {"jitter", with("schedule: '@daily'\n    jitter: %"), no_time},
      {"lane", with("lane: %"), {"[x]", "{x: 1}", "Fast", R"("")", quotes}},
      {"priority", with("priority: %"), no_number},
      {"expire_after", with("expire_after: %"), no_time},
      {"cascade", with("cascade: %"), {"x", "{x: 1}", "[]", "[public.nowhere]", "[1, [2]]"}},
      {"trusted_owners", with("trusted_owners: %"), {"x", "{x: 1}", "[]", "[[x]]"}},
      {"batch", with("batch: %"), no_map},
      {"batch.target_ms", with("batch: {target_ms: %}"), no_number},
      {"batch.duty_percent", with("batch: {duty_percent: %}"), no_number},
      {"batch.rows_per_second", with("batch: {rows_per_second: %}"), no_number},
      {"action", with("action: %"), {"drop", "[delete]", "{x: 1}", quotes, "{set: {}}"}},
      {"action", with("action: {call: %}"), {"[x]", "nowhere.f", quotes, R"("")"}},
      {"action", with("action: {set: {id: %}}"), {"soon", huge, "[1]", quotes}},
      {"strategy", with("strategy: %"), no_word},
      {"partitions", with("partitions: %"), no_word},
      {"quarantine", with("partitions: quarantine\n    quarantine: %"), no_time},
      {"vacuum", with("vacuum: %"), {"[x]", "{x: 1}", "maybe", quotes}},
      {"strict", with("keep_min: 5\n    strict: %"), no_word},
      {"tenant.strict", with("tenant: {column: tenant, keep_min: 5, strict: %}"), no_word},
      {"max_fraction", with("max_fraction: %"), {"0", "1.01", "1e-3", "half", "[0.5]", quotes}},
      {"max_rows_per_run", with("max_rows_per_run: %"), no_number},
      {"acknowledge_above", with("acknowledge_above: %"), no_number},
      {"approval", with("approval: %"), no_word},
      {"archive", with("archive: %"), no_map},
      {"archive.table", with("archive: {table: %}"), {"[x]", R"("")", quotes, "public.nowhere"}},
      {"archive.dir", with("archive: {dir: %}"), {"[x]", "x", "/a/../b", R"("")", quotes}},
      {"archive.format", with("archive: {dir: /a, format: %}"), no_word},
      {"archive.keep", with("archive: {dir: /a, keep: %}"), no_time},
  };
}

std::vector<Place> target_places() {
  return {
      {"b.url", "targets:\n  b: {url: %}\n", {"[x]", "{x: 1}", R"("")", R"("a\u0000b")"}},
      {"app.max_running", "targets:\n  app: {url: service=x, max_running: %}\n", no_number},
      {"app.rows_per_second", "targets:\n  app: {url: service=x, rows_per_second: %}\n", no_number},
      {"app.clock_skew_seconds", "targets:\n  app: {url: service=x, clock_skew_seconds: %}\n",
       no_number},
      {"app.on_failover", "targets:\n  app: {url: service=x, on_failover: %}\n", no_word},
  };
}

/// Applies a file with every wrong value in every place; counts the cases.
int check_places(Fleet& fleet, const std::vector<Place>& places, const std::string& prefix) {
  const std::string before = contents(fleet);
  int cases = 0;
  for (const Place& place : places) {
    for (const std::string& value : place.values) {
      const std::string yaml = filled(place.yaml, value);
      INFO(yaml);
      const CommandResult result =
          fleet.lethe({"policy", "apply", "-f", fleet.write_file("bad.yaml", yaml)});
      CAPTURE(result.exit_code);
      const bool is_about_input = result.exit_code == 78 || result.exit_code == 4;
      CHECK(is_about_input);
      check_refused(result, "lethe", result.exit_code, {prefix + place.field});
      ++cases;
    }
  }
  CHECK(contents(fleet) == before);
  return cases;
}

TEST_CASE("every key of a policy refuses what it cannot be and names itself",
          "[fleet][bad_input]") {
  QuietFleet fleet;
  CHECK(check_places(fleet, policy_places(), "policies[0].") > 220);
}

TEST_CASE("every key of a target refuses what it cannot be and names itself",
          "[fleet][bad_input]") {
  QuietFleet fleet;
  CHECK(check_places(fleet, target_places(), "targets.") >= 39);
}

TEST_CASE("every option of an ad-hoc cleanup refuses what it cannot be and names itself",
          "[fleet][bad_input]") {
  QuietFleet fleet;
  const std::map<std::string, std::string> good{{"--target", "app"},
                                                {"--table", "public.t"},
                                                {"--timestamp", "created_at"},
                                                {"--older-than", "90d"}};
  const std::map<std::string, Values> bad{
      {"--target", {"", "ap", "'; DROP TABLE public.t; --", "a b", "*"}},
      {"--table",
       {"", ".", "a.b.c", "public.nowhere", "public.t; DROP TABLE public.t", "\"public.t",
        "pg_catalog.pg_class"}},
      {"--timestamp", {"", "nowhere", "tenant", "created_at; DROP TABLE public.t", "\"created_at"}},
      {"--older-than",
       {"", "0d", "-1d", "90", "soon", "1e9d", "90d; DROP", "99999999999999999999d"}},
      {"--where", {"", "id", "=1", "nowhere=1", "id=soon", "id=1;DROP TABLE public.t", "id=1e99"}},
      {"--keep-min", {"", "-1", "x", "1.5", "99999999999999999999", "1;DROP"}},
      {"--tenant-column", {"", "nowhere", "tenant;DROP TABLE public.t"}},
      {"--lane", {"", "Fast", "a b", "'; --"}},
      {"--priority", {"", "-1", "5", "x"}},
      {"--max-rows", {"", "0", "-1", "many", "1.5", "99999999999999999999", "1;DROP"}},
      {"--max-fraction", {"", "0", "1.01", "-0.5", "half", "1e-3", "0.5;DROP"}},
  };
  const std::string before = contents(fleet);
  int cases = 0;
  for (const auto& [option, values] : bad) {
    for (const std::string& value : values) {
      std::map<std::string, std::string> options = good;
      options[option] = value;
      if (option == "--tenant-column") options["--tenant"] = "t1";
      std::vector<std::string> words{"enqueue", "--yes"};
      for (const auto& [name, text] : options) words.insert(words.end(), {name, text});
      INFO(fmt::format("lethe {}", fmt::join(words, " ")));
      const CommandResult result = fleet.lethe(words);
      CAPTURE(result.exit_code);
      const bool is_refused =
          result.exit_code == 2 || result.exit_code == 4 || result.exit_code == 78;
      CHECK(is_refused);
      check_refused(result, "lethe", result.exit_code, {});
      // By the option's name, or by that of the key that it stands for.
      std::string key = option.substr(2);
      for (char& c : key) c = c == '-' ? '_' : c;
      const bool is_named = result.err.find(option) != std::string::npos ||
                            result.err.find(key) != std::string::npos ||
                            result.err.find("retain") != std::string::npos ||
                            result.err.find("tenant.column") != std::string::npos;
      CAPTURE(result.err);
      CHECK(is_named);
      ++cases;
    }
  }
  CHECK(cases > 54);
  CHECK(contents(fleet) == before);
}

TEST_CASE("every variable of a daemon refuses what it cannot be and names itself",
          "[fleet][bad_input]") {
  Fleet fleet;
  const Values no_count{"abc", "-1", "0", "1.5", "99999999999999999999", "4;DROP", "4 5"};
  const std::map<std::string, std::map<std::string, Values>> programs{
      {"lethe-worker",
       {{"LETHE_SLOTS", no_count},
        {"LETHE_LEASE_SECONDS", no_count},
        {"LETHE_HEARTBEAT_SECONDS", no_count},
        {"LETHE_IDLE_POLL_MS", no_count},
        {"LETHE_BATCH_TARGET_MS", no_count},
        {"LETHE_DRAIN_SECONDS", no_count},
        {"LETHE_LANES", {"Fast", "a b", "';--"}},
        {"LETHE_LOG_LEVEL", {"loud", "1", "';--"}}}},
      {"lethe-scheduler",
       {{"LETHE_TERM_SECONDS", no_count},
        {"LETHE_TICK_MS", no_count},
        {"LETHE_WORKER_TTL_SECONDS", no_count},
        {"LETHE_HISTORY_DAYS", no_count},
        {"LETHE_DEAD_DAYS", no_count},
        {"LETHE_LOG_LEVEL", {"loud", "1", "';--"}}}},
  };
  int cases = 0;
  for (const auto& [program, variables] : programs) {
    for (const auto& [variable, values] : variables) {
      for (const std::string& value : values) {
        INFO(fmt::format("{}={} {}", variable, value, program));
        const CommandResult result = fleet.run_program(program, {}, {{variable, value}});
        CAPTURE(result.exit_code);
        const bool is_refused = result.exit_code == 2 || result.exit_code == 78;
        CHECK(is_refused);
        check_refused(result, program, result.exit_code, {variable});
        ++cases;
      }
    }
  }
  CHECK(cases > 80);
}

}  // namespace
}  // namespace lethe::test
