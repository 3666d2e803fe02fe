#include "common/logging.hpp"

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"

using namespace lethe;

TEST_CASE("an event is its name and its fields on one line", "[logging]") {
  CHECK(format_event("fired", {}) == "event=fired");
  CHECK(format_event("fired", {{"policy", "p"}, {"missed", 3}, {"run", std::string("r-1")}}) ==
        "event=fired policy=p missed=3 run=r-1");
}

TEST_CASE("a value that could be misread is quoted", "[logging]") {
  CHECK(format_event("e", {{"a", "two words"}}) == "event=e a=\"two words\"");
  CHECK(format_event("e", {{"a", ""}}) == "event=e a=\"\"");
  CHECK(format_event("e", {{"a", "b=c"}}) == "event=e a=\"b=c\"");
  CHECK(format_event("e", {{"a", "say \"no\"\\"}}) == "event=e a=\"say \\\"no\\\"\\\\\"");
  CHECK(format_event("e", {{"a", "line\nforged event=x"}}) ==
        "event=e a=\"line\\nforged event=x\"");
  CHECK(format_event("e", {{"a", "\x1b[31m"}}) == "event=e a=\"\\x1b[31m\"");
  CHECK(format_event("e", {{"a", "{}"}}) == "event=e a={}");
}

TEST_CASE("a level is read by its name", "[logging]") {
  CHECK(log_level_from("debug") == LogLevel::debug);
  CHECK(log_level_from("warn") == LogLevel::warn);
  CHECK(log_level_from("error") == LogLevel::error);
  CHECK(log_level_from("info") == LogLevel::info);
  CHECK(log_level_from("") == LogLevel::info);
}

TEST_CASE("an event is one JSON object whatever its fields hold", "[logging]") {
  const auto parsed = [](std::string_view name, std::initializer_list<LogField> fields) {
    return nlohmann::json::parse("{" + format_event_json(name, fields) + "}");
  };
  const auto event = parsed("fired", {{"policy", "p \"x\"\n\x1b[31m"},
                                      {"missed", 3},
                                      {"negative", -7},
                                      {"share", 0.5},
                                      {"empty", ""},
                                      {"number_text", "12"}});
  CHECK(event.at("event") == "fired");
  CHECK(event.at("policy") == "p \"x\"\n\x1b[31m");
  CHECK(event.at("missed") == 3);
  CHECK(event.at("negative") == -7);
  CHECK(event.at("share") == "0.500000");
  CHECK(event.at("empty").get<std::string>().empty());
  CHECK(event.at("number_text") == "12");
  CHECK(parsed("e", {{"bytes", "a\xff\xfe"}}).at("bytes").get<std::string>().front() == 'a');
  CHECK(format_event_json("e", {{"a", "line\nforged"}}).find('\n') == std::string::npos);
}

TEST_CASE("a format is read by its name", "[logging]") {
  CHECK(log_format_from("json") == LogFormat::json);
  CHECK(log_format_from("text") == LogFormat::text);
  CHECK(log_format_from("") == LogFormat::text);
}
