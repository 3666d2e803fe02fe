#include "common/policies/text_rules.hpp"

#include "tests/support/catch.hpp"

using namespace lethe;

TEST_CASE("only well-formed UTF-8 counts as UTF-8", "[text_rules]") {
  for (const char* text : {"", "abc", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CAPTURE(text);
    CHECK(is_utf8(text));
  }
  for (const char* text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3z", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "ok \xe2\x82z"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
  }
}

TEST_CASE("control characters of ASCII and Latin 1 are found", "[text_rules]") {
  for (const char* text : {"\n", "a\x01", "\x7f", "\xc2\x80", "a\xc2\x9f"}) {
    CHECK(has_control_character(text));
  }
  CHECK(has_control_character(std::string_view("\0", 1)));
  for (const char* text : {"", "a b", "\xc2\xa0", "\xc3\x84"})
    CHECK_FALSE(has_control_character(text));
}

TEST_CASE("text in a message stays short and on one line", "[text_rules]") {
  CHECK(shown("a b") == "\"a b\"");
  CHECK(shown("a\nb\xff") == R"("a\x0ab\xff")");
  CHECK(shown("\xc3\xa4\xc2\x85") == "\"\xc3\xa4\\xc2\\x85\"");
  CHECK(shown(std::string(60, 'x')) == '"' + std::string(60, 'x') + '"');
  CHECK(shown(std::string(61, 'x')) == '"' + std::string(60, 'x') + "...\"");
}
