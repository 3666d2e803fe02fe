#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "common/config/settings.hpp"
#include "common/config/settings_file.hpp"
#include "common/user_error.hpp"
#include "scheduler/config.hpp"
#include "tests/support/catch.hpp"
#include "worker/config.hpp"

using namespace lethe;
using namespace std::chrono_literals;

namespace {

const std::string root = LETHE_SOURCE_DIR;

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The section of docs/configuration.md with this heading.
std::string section(const std::string& heading) {
  const std::string text = text_of(root + "/docs/configuration.md");
  const std::size_t from = text.find("## " + heading + "\n");
  if (from == std::string::npos) return "";
  return text.substr(from, text.find("\n## ", from) - from);
}

std::string documented_row(const SettingSpec& spec) {
  const auto code = [](const std::string& text) { return text.empty() ? "" : "`" + text + "`"; };
  return fmt::format("| `{}` | {} | {} | {} | {} | {} |", spec.key, spec.unit,
                     code(range_text(spec)), code(spec.fallback), code(environment_name(spec)),
                     code(spec.flag));
}

void check_documented(const SettingTable& table, const std::string& heading) {
  const std::string documentation = section(heading);
  for (const SettingSpec& spec : table) {
    INFO(documented_row(spec));
    CHECK(documentation.find(documented_row(spec)) != std::string::npos);
  }
}

void check_example(const SettingTable& table, const std::string& file) {
  const std::string text = read_settings_file(root + "/deploy/config/" + file);
  const Settings settings =
      read_settings(table, {.file = file, .file_text = text, .environment = {}, .flags = {}});
  CHECK_FALSE(settings.text("log_level").empty());
  for (const SettingSpec& spec : table) {
    INFO(spec.key);
    const bool is_set = text.find("\n" + spec.key + ":") != std::string::npos;
    const bool is_shown = text.find("\n# " + spec.key + ":") != std::string::npos;
    CHECK(is_set != is_shown);
  }
}

}  // namespace

TEST_CASE("the documentation has each setting with unit and range and default",
          "[daemon_settings]") {
  check_documented(worker::setting_table(), "lethe-worker");
  check_documented(scheduler::setting_table(), "lethe-scheduler");
}

TEST_CASE("the example files are valid and mention every setting", "[daemon_settings]") {
  check_example(worker::setting_table(), "worker.yaml");
  check_example(scheduler::setting_table(), "scheduler.yaml");
}

TEST_CASE("every default is allowed and no key is there twice", "[daemon_settings]") {
  for (const SettingTable& table : {worker::setting_table(), scheduler::setting_table()}) {
    std::set<std::string> keys;
    for (const SettingSpec& spec : table) {
      CHECK(keys.insert(spec.key).second);
      CHECK_FALSE(spec.help.empty());
    }
    CHECK_NOTHROW(read_settings(table, {}));
  }
}

TEST_CASE("a settings file that is not there is refused by its name", "[daemon_settings]") {
  CHECK_THROWS_AS(read_settings_file("/nonexistent/worker.yaml"), UserError);
  CHECK_THROWS_AS(read_settings_file("/"), UserError);
}

TEST_CASE("the worker's settings reach its parts", "[daemon_settings]") {
  SettingSources sources;
  sources.file = "w";
  sources.file_text =
      "slots: 7\ntargets: [app]\nlease_seconds: 60\nheartbeat_seconds: 2\nidle_poll_ms: 300\n"
      "batch_target_ms: 100\ndrain_seconds: 9\n";
  const auto options = worker::worker_options(read_settings(worker::setting_table(), sources), {});
  CHECK(options.heartbeat.info.slots == 7);
  CHECK(options.heartbeat.info.targets == std::vector<std::string>{"app"});
  CHECK(options.heartbeat.interval == 2s);
  CHECK(options.pool.slots == 7);
  CHECK(options.pool.batch_target == 100ms);
  CHECK(options.dispatcher.lease_length == 60s);
  CHECK(options.dispatcher.idle_poll == 300ms);
  CHECK(options.dispatcher.drain_timeout == 9s);
  CHECK(options.dispatcher.targets == std::vector<std::string>{"app"});
  CHECK(options.dispatcher.lanes == std::vector<std::string>{"urgent", "normal", "bulk"});
}

TEST_CASE("the scheduler's settings reach its parts", "[daemon_settings]") {
  SettingSources sources;
  sources.file = "s";
  sources.file_text = "term_seconds: 20\ntick_ms: 50\nworker_ttl_seconds: 40\nhistory_days: 3\n";
  const auto options =
      scheduler::scheduler_options(read_settings(scheduler::setting_table(), sources), "me");
  CHECK(options.leader.holder == "me");
  CHECK(options.leader.term == 20s);
  CHECK(options.leader.tick == 50ms);
  CHECK(options.worker_ttl == 40s);
  CHECK(options.keep.history == 3);
}
