#include "common/logging.hpp"

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
