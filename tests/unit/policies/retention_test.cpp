#include <stdexcept>

#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;

namespace {

std::string retention_refusal(std::string_view text) {
  try {
    static_cast<void>(parse_retention(text));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a retention is read in every unit and spelling", "[retention]") {
  const std::int64_t day = 86'400;
  for (const auto& [text, expected] : std::vector<std::pair<std::string, Retention>>{
           {"90 days", {0, 90 * day}},   {"90d", {0, 90 * day}},      {"1 day", {0, day}},
           {"36 hours", {0, 129'600}},   {"12h", {0, 43'200}},        {"1 hour", {0, 3'600}},
           {"5 minutes", {0, 300}},      {"1 minute", {0, 60}},       {"5min", {0, 300}},
           {"30 seconds", {0, 30}},      {"1 second", {0, 1}},        {"30s", {0, 30}},
           {"2 weeks", {0, 14 * day}},   {"1 week", {0, 7 * day}},    {"2w", {0, 14 * day}},
           {"6 months", {6, 0}},         {"1 month", {1, 0}},         {"6mon", {6, 0}},
           {"1 year 6 months", {18, 0}}, {"1y6mon", {18, 0}},         {"2 years", {24, 0}},
           {"1 month 1 day", {1, day}},  {" 7\tdays ", {0, 7 * day}}, {"007 days", {0, 7 * day}},
           {"1000 years", {12'000, 0}},  {"0 years 1 day", {0, day}},
       }) {
    CAPTURE(text);
    CHECK(retention_refusal(text).empty());
    CHECK(parse_retention(text) == expected);
  }
}

TEST_CASE("what is no retention is refused with its cure", "[retention]") {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "must not be empty; write for example \"90 days\""},
           {"  ", "must not be empty; write for example \"90 days\""},
           {"0 days", "must be longer than zero; write for example \"90 days\""},
           {"0 years 0 days", "must be longer than zero; write for example \"90 days\""},
           {"-1 day", "must be longer than zero; write for example \"90 days\""},
           {"1 year -1 day", "must be longer than zero; write for example \"90 days\""},
           {"90", "90 has no unit; write 90 days"},
           {"1 year 90", "90 has no unit; write 90 days"},
           {"1.5 days", "must be in whole numbers; write 36 hours"},
           {"0.5 years", "must be in whole numbers; write 6 months"},
           {"1,5 h", "must be in whole numbers; write 90 minutes"},
           {"0.333 s", "must be in whole numbers; write it in a smaller unit"},
           {"0.3 months", "must be in whole numbers; write it in a smaller unit"},
           {"1. days", "must be in whole numbers; write it in a smaller unit"},
           {"99999.5 days", "must be in whole numbers; write it in a smaller unit"},
           {"5 m", "\"m\" is a minute or a month; write \"min\" or \"mon\""},
           {"5 Days",
            "\"Days\" is no unit; write seconds, minutes, hours, days, weeks, months or "
            "years"},
           {"5 days, 1 hour",
            "\"days,\" is no unit; write seconds, minutes, hours, days, weeks, "
            "months or years"},
           {"1 day 2 days", "has days twice; add them up"},
           {"1 d 1 day", "has days twice; add them up"},
           {"ninety days",
            "\"ninety days\" does not start with a number; write for example \"90 "
            "days\""},
           {"P90D", "\"P90D\" does not start with a number; write for example \"90 days\""},
           {"+5 days", "\"+5 days\" does not start with a number; write for example \"90 days\""},
           {"1001 years", "must be at most 1000 years"},
           {"1000 years 1 s", "must be at most 1000 years"},
           {"365243 days", "must be at most 1000 years"},
           {"31556952001 s", "must be at most 1000 years"},
           {"9223372036854775807 weeks", "must be at most 1000 years"},
           {"9223372036854775808 s", "must be at most 1000 years"},
       }) {
    CAPTURE(text);
    CHECK(retention_refusal(text) == message);
  }
}

TEST_CASE("a retention is told in the longest exact units", "[retention]") {
  CHECK(to_text(Retention{0, 7'776'000}) == "90 days");
  CHECK(to_text(Retention{0, 1'209'600}) == "14 days");
  CHECK(to_text(Retention{6, 0}) == "6 months");
  CHECK(to_text(Retention{18, 0}) == "1 year 6 months");
  CHECK(to_text(Retention{24, 0}) == "2 years");
  CHECK(to_text(Retention{0, 129'600}) == "36 hours");
  CHECK(to_text(Retention{0, 90}) == "90 seconds");
  CHECK(to_text(Retention{0, 60}) == "1 minute");
  CHECK(to_text(Retention{1, 1}) == "1 month 1 second");
  CHECK(to_text(Retention{0, 0}) == "0 seconds");
}

TEST_CASE("the text of a retention reads back as the same retention", "[retention]") {
  for (std::int32_t months = 0; months < 40; ++months) {
    for (const std::int64_t seconds : {0LL, 1LL, 59LL, 60LL, 3'600LL, 3'601LL, 86'400LL, 604'800LL,
                                       90'061LL, 30'000'000'000LL}) {
      const Retention retention{months, seconds};
      if (retention == Retention{}) continue;
      CAPTURE(months, seconds);
      CHECK(parse_retention(to_text(retention)) == retention);
    }
  }
}

TEST_CASE("an interval never has a number beyond 32 bits", "[retention]") {
  CHECK(to_interval(Retention{6, 7'776'000}) == "6 mons 7776000 secs");
  CHECK(to_interval(Retention{0, 2'147'483'647}) == "0 mons 2147483647 secs");
  CHECK(to_interval(Retention{0, 2'147'483'648}) == "0 mons 596523 hours 848 secs");
}
