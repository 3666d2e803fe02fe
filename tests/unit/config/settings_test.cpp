#include "common/config/settings.hpp"

#include "common/config/common_settings.hpp"

#include "common/user_error.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;

namespace {

SettingTable table() {
  return {{.key = "database",
           .env = "LETHE_DATABASE_URL",
           .flag = "--database",
           .kind = SettingKind::connection},
          {.key = "slots", .flag = "--slots", .min = 1, .max = 64, .fallback = "4"},
          {.key = "targets", .flag = "--target", .kind = SettingKind::list},
          {.key = "lanes",
           .flag = "--lanes",
           .kind = SettingKind::list,
           .min = 1,
           .choices = {"normal"},
           .fallback = "normal"},
          {.key = "log_level",
           .kind = SettingKind::choice,
           .choices = {"info", "error"},
           .fallback = "info"}};
}

SettingSources file(const std::string& text) {
  SettingSources sources;
  sources.file = "worker.yaml";
  sources.file_text = text;
  return sources;
}

SettingSources environment(const std::string& name, const std::string& value) {
  SettingSources sources;
  sources.environment = [name, value](const std::string& asked) {
    return asked == name ? std::optional<std::string>(value) : std::nullopt;
  };
  return sources;
}

SettingSources flag(const std::string& key, std::vector<std::string> texts) {
  SettingSources sources;
  sources.flags[key] = std::move(texts);
  return sources;
}

/// "code: message" of a refusal, "" when the settings are accepted.
std::string refusal(const SettingSources& sources) {
  try {
    static_cast<void>(read_settings(table(), sources));
    return "";
  } catch (const UserError& error) {
    return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
}

}  // namespace

TEST_CASE("settings have their defaults when nothing else is said", "[settings]") {
  const Settings settings = read_settings(table(), {});
  CHECK(settings.number("slots") == 4);
  CHECK(settings.text("database").empty());
  CHECK(settings.list("targets").empty());
  CHECK(settings.list("lanes") == std::vector<std::string>{"normal"});
  CHECK(settings.text("log_level") == "info");
}

TEST_CASE("a flag beats the environment which beats the file which beats the default",
          "[settings]") {
  SettingSources sources = environment("LETHE_SLOTS", "6");
  CHECK(read_settings(table(), file("slots: 5\n")).number("slots") == 5);
  sources.file = "worker.yaml";
  sources.file_text = "slots: 5\n";
  CHECK(read_settings(table(), sources).number("slots") == 6);
  sources.flags["slots"] = {"7"};
  CHECK(read_settings(table(), sources).number("slots") == 7);
}

TEST_CASE("an empty environment variable counts as absent", "[settings]") {
  CHECK(read_settings(table(), environment("LETHE_SLOTS", "")).number("slots") == 4);
}

TEST_CASE("a list is written as YAML list or with commas or by repeating a flag", "[settings]") {
  const std::vector<std::string> expected{"app", "billing"};
  CHECK(read_settings(table(), file("targets: [app, billing]\n")).list("targets") == expected);
  CHECK(read_settings(table(), environment("LETHE_TARGETS", "app, billing,")).list("targets") ==
        expected);
  CHECK(read_settings(table(), flag("targets", {"app", "billing"})).list("targets") == expected);
  CHECK(read_settings(table(), flag("targets", {"app,billing"})).list("targets") == expected);
}

TEST_CASE("an unknown key is refused with its line and the known ones", "[settings]") {
  CHECK(refusal(file("slots: 4\nslot: 5\n")) ==
        "78: worker.yaml:2: unknown key \"slot\"; known are database, slots, targets, lanes, "
        "log_level");
}

TEST_CASE("a value in the file that does not fit is refused with its line", "[settings]") {
  CHECK(refusal(file("\nslots: 65\n")) ==
        "78: worker.yaml:2: slots: \"65\" is not a whole number from 1 to 64");
  CHECK(refusal(file("slots: 4x\n")).find("78: worker.yaml:1: slots: \"4x\" is not") == 0);
  CHECK(refusal(file("slots: [1]\nslots: 2\n")) == "78: worker.yaml:2: slots is there twice");
  CHECK(refusal(file("slots: [1, 2]\n")) ==
        "78: worker.yaml:1: slots: must be one value, not a list");
  CHECK(refusal(file("slots: {a: 1}\n")) ==
        "78: worker.yaml:1: slots: must be one value or a list of values");
  CHECK(refusal(file("log_level: loud\n")) ==
        "78: worker.yaml:1: log_level: \"loud\" is not known in this version; write info or error");
  CHECK(refusal(file("- slots\n")).find("78: worker.yaml:1:") == 0);
  CHECK(refusal(file("slots: [\n")).find("78: worker.yaml:") == 0);
}

TEST_CASE("a lane that this version does not serve is refused", "[settings]") {
  CHECK(refusal(flag("lanes", {"normal,urgent"})) ==
        "2: --lanes: \"urgent\" is not known in this version; write normal");
  CHECK(refusal(file("lanes: []\n")) == "78: worker.yaml:1: lanes: must name at least 1");
}

TEST_CASE("a wrong environment variable is refused by its name", "[settings]") {
  CHECK(refusal(environment("LETHE_SLOTS", "0")) ==
        "78: LETHE_SLOTS: slots: \"0\" is not a whole number from 1 to 64");
}

TEST_CASE("a wrong flag is a usage error", "[settings]") {
  CHECK(refusal(flag("slots", {"none"})).find("2: --slots: \"none\" is not a whole") == 0);
}

TEST_CASE("a password is allowed in the environment and the file but not in a flag", "[settings]") {
  const std::string url = "postgresql://lethe:s3cret@db/lethe";
  CHECK(read_settings(table(), environment("LETHE_DATABASE_URL", url)).text("database") == url);
  CHECK(read_settings(table(), file("database: " + url + "\n")).text("database") == url);
  const std::string refused = refusal(flag("database", {url}));
  CHECK(refused.find("2: --database: ") == 0);
  CHECK(refused.find("LETHE_DATABASE_URL") != std::string::npos);
  CHECK(refused.find("s3cret") == std::string::npos);
  CHECK(refusal(flag("database", {"postgresql://db/lethe"})).empty());
}

TEST_CASE("printed settings name their origin and never hold a secret", "[settings]") {
  SettingSources sources =
      environment("LETHE_DATABASE_URL", "host=db password=s3cret dbname=lethe");
  sources.file = "worker.yaml";
  sources.file_text = "targets: [it's]\n";
  sources.flags["slots"] = {"9"};
  CHECK(read_settings(table(), sources).print() ==
        "database: '(hidden)'  # LETHE_DATABASE_URL\n"
        "slots: 9  # --slots\n"
        "targets: ['it''s']  # worker.yaml:1\n"
        "lanes: ['normal']  # default\n"
        "log_level: info  # default\n");
  CHECK(read_settings(table(), flag("database", {"service=lethe"}))
            .print()
            .find("database: 'service=lethe'  # --database") == 0);
}

TEST_CASE("a section in the file is a short form of its keys", "[settings]") {
  CHECK(read_settings(table(), file("log: {level: error}\nslots: 5\n")).text("log_level") ==
        "error");
  CHECK(read_settings(table(), file("log:\n  level: error\n")).text("log_level") == "error");
  CHECK(refusal(file("log:\n  level: info\nlog_level: info\n")) ==
        "78: worker.yaml:3: log_level is there twice");
  CHECK(refusal(file("log:\n  form: info\n")).find("78: worker.yaml:2: unknown key \"log_form\"") ==
        0);
  CHECK(refusal(file("log: {level: {level: info}}\n")) ==
        "78: worker.yaml:1: log_level: must be one value or a list of values");
  CHECK(refusal(file("lo: {g_level: info}\n")).find("78: worker.yaml:1: unknown key \"lo\"") == 0);
}

TEST_CASE("an address to listen on is an address and nothing else", "[settings]") {
  const SettingTable listening{http_address_setting(), http_port_setting()};
  const auto read = [&](const std::string& text) {
    return read_settings(listening, file("http: " + text + "\n"));
  };
  CHECK(read_settings(listening, {}).text("http_address") == "127.0.0.1");
  CHECK(read_settings(listening, {}).number("http_port") == 0);
  CHECK(read("{address: '::', port: 9464}").text("http_address") == "::");
  CHECK(read("{address: 0.0.0.0}").text("http_address") == "0.0.0.0");
  for (const char* wrong : {"''", "localhost", "'127.0.0.1:80'", "127.0.0.256", "'[::1]'", "'*'"}) {
    INFO(wrong);
    CHECK_THROWS_AS(read(std::string("{address: ") + wrong + "}"), UserError);
  }
  CHECK_THROWS_AS(read("{port: 65536}"), UserError);
  CHECK_THROWS_AS(read("{port: -1}"), UserError);
  CHECK(read("{address: '::1'}").print().find("http_address: '::1'") != std::string::npos);
}
