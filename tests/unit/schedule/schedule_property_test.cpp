#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "common/schedule/schedule.hpp"
#include "tests/support/catch.hpp"

using lethe::Instant;
using lethe::Schedule;

namespace {

rc::Gen<std::string> any_line() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::element<std::string>("0", "*", "*/7", "5,30", "10-50/20"),
                     rc::gen::element<std::string>("0", "2", "*", "*/5", "1-3", "2,23"),
                     rc::gen::element<std::string>("*", "1", "31", "*/10", "10-20"),
                     rc::gen::element<std::string>("*", "3,10", "JAN-dec/2"),
                     rc::gen::element<std::string>("*", "7", "mon-fri", "*/3")),
      [](const auto& fields) {
        const auto& [minute, hour, day, month, weekday] = fields;
        return minute + " " + hour + " " + day + " " + month + " " + weekday;
      });
}

Schedule any_schedule() {
  return Schedule::parse(
      *rc::gen::oneOf(any_line(), rc::gen::element<std::string>("every 7 h", "every 40 min")),
      *rc::gen::element<std::string>("UTC", "Europe/Berlin", "Australia/Lord_Howe",
                                     "America/Sao_Paulo", "Asia/Beirut"));
}

Instant any_instant() {
  constexpr std::int64_t begin_of_1990 = 631'152'000'000'000;
  constexpr std::int64_t begin_of_2037 = 2'114'380'800'000'000;
  return Instant{std::chrono::microseconds{*rc::gen::inRange(begin_of_1990, begin_of_2037)}};
}

void next_is_the_nearest_later_firing() {
  const Schedule schedule = any_schedule();
  const Instant after = any_instant();
  const auto next = schedule.next_after(after);
  RC_ASSERT(next.has_value());
  RC_ASSERT(*next > after);
  const Instant middle = after + (*next - after) / 2;
  RC_ASSERT(schedule.next_after(middle) == next);
  RC_ASSERT(schedule.next_after(*next - std::chrono::microseconds{1}) == next);
}

void between_is_next_again_and_again() {
  const Schedule schedule = any_schedule();
  const Instant after = any_instant();
  const Instant until = after + std::chrono::hours{*rc::gen::inRange(-2, 24 * 40)};
  const auto limit = *rc::gen::inRange<std::size_t>(0, 200);

  std::vector<Instant> expected;
  for (auto next = schedule.next_after(after); next && *next <= until;
       next = schedule.next_after(*next)) {
    expected.push_back(*next);
  }
  const std::size_t surplus = expected.size() - std::min(expected.size(), limit);
  expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(surplus));
  RC_ASSERT(schedule.between(after, until, limit) == expected);
}

}  // namespace

TEST_CASE("a next firing is later and nothing fires before it", "[schedule]") {
  CHECK(rc::check(next_is_the_nearest_later_firing));
}

TEST_CASE("between agrees with asking for the next firing again and again", "[schedule]") {
  CHECK(rc::check(between_is_next_again_and_again));
}
