#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/schedule/schedule.hpp"
#include "tests/support/catch.hpp"

using lethe::Schedule;

namespace {

/// The message that refuses `text`; empty when it is accepted.
std::string refusal(const std::string& text, const std::string& timezone = "UTC") {
  try {
    Schedule::parse(text, timezone);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

using Cases = std::vector<std::pair<std::string, std::string>>;

void check_refusals(const Cases& cases) {
  for (const auto& [text, message] : cases) {
    CAPTURE(text);
    CHECK(refusal(text) == message);
  }
}

}  // namespace

TEST_CASE("a schedule that is not five fields is refused with their names", "[schedule]") {
  const std::string empty =
      "the schedule is empty; write five fields (minute hour day-of-month month day-of-week), "
      "@daily or \"every 10 min\"";
  const std::string five =
      ", a cron line has five: minute hour day-of-month month day-of-week; for seconds write for "
      "example \"every 30 s\"";
  check_refusals({{"", empty},
                  {" \t\n", empty},
                  {"daily", "\"daily\" has 1 field" + five},
                  {"0 3 * *", "\"0 3 * *\" has 4 fields" + five},
                  {"0 0 3 * * *", "\"0 0 3 * * *\" has 6 fields" + five},
                  {"0 0 0 3 * * *", "\"0 0 0 3 * * *\" has 7 fields" + five}});
}

TEST_CASE("a refused macro is told which macros exist", "[schedule]") {
  const std::string known =
      " is not a macro Lethe knows; use @hourly, @daily, @midnight, @weekly, @monthly, @yearly or "
      "@annually";
  check_refusals({{"@reboot", "\"@reboot\"" + known},
                  {"@", "\"@\"" + known},
                  {"@daily 3", "\"@daily 3\"" + known}});
}

TEST_CASE("a value out of range is refused with its field and the range", "[schedule]") {
  check_refusals(
      {{"60 * * * *", "minute: 60 is out of range 0..59"},
       {"99999999999999999999 * * * *", "minute: 99999999999999999999 is out of range 0..59"},
       {"0 24 * * *", "hour: 24 is out of range 0..23"},
       {"0 0 0 * *", "day-of-month: 0 is out of range 1..31"},
       {"0 0 1-32 * *", "day-of-month: 32 is out of range 1..31"},
       {"0 0 * 13 *", "month: 13 is out of range 1..12 or jan..dec"},
       {"0 0 * * 8", "day-of-week: 8 is out of range 0..7 or sun..sat"}});
}

TEST_CASE("a word that is not a value is refused with what may stand there", "[schedule]") {
  const std::string forms = ", with lists (1,2), ranges (1-5), steps (*/2) or *";
  check_refusals(
      {{"x * * * *", "minute: \"x\" is not understood; use 0..59" + forms},
       {"-1 * * * *", "minute: \"-1\" is not understood; use 0..59" + forms},
       {"+1 * * * *", "minute: \"+1\" is not understood; use 0..59" + forms},
       {"1.5 * * * *", "minute: \"1.5\" is not understood; use 0..59" + forms},
       {"0 mon * * *", "hour: \"mon\" is not understood; use 0..23" + forms},
       {"0 0 L * *", "day-of-month: \"l\" is not understood; use 1..31" + forms},
       {"0 0 ? * *", "day-of-month: \"?\" is not understood; use 1..31" + forms},
       {"0 0 * sept *", "month: \"sept\" is not understood; use 1..12 or jan..dec" + forms},
       {"0 0 * * 5#2", "day-of-week: \"5#2\" is not understood; use 0..7 or sun..sat" + forms},
       {"0 0 * * *-2", "day-of-week: \"*-2\" is not understood; use 0..7 or sun..sat" + forms}});
}

TEST_CASE("a list with an empty element is refused", "[schedule]") {
  const std::string message = "an element of the list is empty; remove the extra comma";
  check_refusals({{"1,,2 * * * *", "minute: " + message},
                  {"0 1, * * *", "hour: " + message},
                  {", 1 * * *", "minute: " + message}});
}

TEST_CASE("a range that runs backwards is refused with two ways to write it", "[schedule]") {
  check_refusals(
      {{"5-1 * * * *", "minute: \"5-1\" runs backwards; write 1-5, or 5-59,0-1 to wrap around"},
       {"0 22-2 * * *", "hour: \"22-2\" runs backwards; write 2-22, or 22-23,0-2 to wrap around"},
       {"0 0 * * fri-mon",
        "day-of-week: \"fri-mon\" runs backwards; write 1-5, or 5-7,0-1 to wrap around"}});
}

TEST_CASE("a step of nothing or wider than its field or without a range is refused", "[schedule]") {
  const std::string longer = "; longer intervals are written like \"every 90 min\"";
  check_refusals(
      {{"*/0 * * * *", "minute: the step in \"*/0\" must be 1..59" + longer},
       {"*/ * * * *", "minute: the step in \"*/\" must be 1..59" + longer},
       {"*/90 * * * *", "minute: the step in \"*/90\" must be 1..59" + longer},
       {"0 */2/3 * * *", "hour: the step in \"*/2/3\" must be 1..23" + longer},
       {"5/15 * * * *", "minute: \"5/15\" has a step without a range; write 5-59/15"},
       {"0 0 * feb/2 *", "month: \"feb/2\" has a step without a range; write feb-12/2"}});
}

TEST_CASE("a day that no month has is refused", "[schedule]") {
  check_refusals(
      {{"0 0 31 2 *",
        "day-of-month: month 2 has no day 31, so \"0 0 31 2 *\" never fires; change either"},
       {"0 0 30 feb *",
        "day-of-month: month feb has no day 30, so \"0 0 30 feb *\" never fires; change either"},
       {"0 0 31 4,6,9,11 *",
        "day-of-month: month 4,6,9,11 has no day 31, so \"0 0 31 4,6,9,11 *\" never fires; change "
        "either"}});
  CHECK_FALSE(refusal("0 0 31 4 */2").empty());
  CHECK(refusal("0 0 31 2 mon").empty());
  CHECK(refusal("0 0 31 2,3 *").empty());
  CHECK(refusal("0 0 29 2 *").empty());
}

TEST_CASE("an interval without a whole number and a known unit is refused", "[schedule]") {
  const std::string cure = "; write for example \"every 10 min\" (units: s, min, h, d)";
  check_refusals(
      {{"every", "\"every\" has no whole number after every" + cure},
       {"every hour", "\"every hour\" has no whole number after every" + cure},
       {"every -5 s", "\"every -5 s\" has no whole number after every" + cure},
       {"every 1.5 h", "\"every 1.5 h\" has no unit Lethe knows after a whole number" + cure},
       {"every 10", "\"every 10\" has no unit Lethe knows after a whole number" + cure},
       {"every 10 m", "\"every 10 m\" has no unit Lethe knows after a whole number" + cure},
       {"every 2 weeks", "\"every 2 weeks\" has no unit Lethe knows after a whole number" + cure},
       {"every 0 s", "\"every 0 s\" must be at least 1 second" + cure},
       {"every 367 d", "\"every 367 d\" is longer than 366 days" + cure},
       {"every 31622401 s", "\"every 31622401 s\" is longer than 366 days" + cure},
       {"every 99999999999999999999 h",
        "\"every 99999999999999999999 h\" is longer than 366 days" + cure}});
}

TEST_CASE("an unknown time zone is refused with an example of an IANA name", "[schedule]") {
  for (const std::string name :
       {"Mars/Olympus", "", "europe/berlin", "CEST", "localtime", "../etc/passwd"}) {
    const std::string message = "timezone: \"" + name +
                                "\" is not a time zone this machine knows; use an IANA name such "
                                "as Europe/Berlin or UTC, and see that tzdata is installed";
    CHECK(refusal("0 3 * * *", name) == message);
    CHECK(refusal("every 1 h", name) == message);
    CHECK_FALSE(lethe::is_timezone(name));
  }
  CHECK(lethe::is_timezone("Europe/Berlin"));
  CHECK(lethe::is_timezone("UTC"));
}

TEST_CASE("a refusal stays on one short line whatever was written", "[schedule]") {
  const std::string message = refusal("\x1b[31m\x01" + std::string(5000, 'x') + " * * * *");
  CHECK(message.find_first_of("\n\r\x1b\x01") == std::string::npos);
  CHECK(message.size() < 250);
}
