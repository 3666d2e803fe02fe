#include "common/policies/time_unit.hpp"

#include <set>

#include "tests/support/catch.hpp"

using namespace lethe;

namespace {

constexpr std::int64_t in_2024_s = 1'720'000'000;

}  // namespace

TEST_CASE("every unit has a word of its own", "[time_unit]") {
  std::set<std::string> words;
  for (int i = 0; i < 4; ++i) {
    const auto unit = static_cast<TimeUnit>(i);
    CHECK(find_time_unit(to_string(unit)) == unit);
    words.insert(to_string(unit));
  }
  CHECK(words == std::set<std::string>{"s", "ms", "us", "uuidv7"});
  CHECK_FALSE(find_time_unit("m"));
  CHECK_FALSE(find_time_unit(""));
}

TEST_CASE("values below the count from an instant are older and no others", "[time_unit]") {
  for (const TimeUnit unit : {TimeUnit::s, TimeUnit::ms, TimeUnit::us, TimeUnit::uuidv7}) {
    for (const std::int64_t us :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{999}, std::int64_t{1'000},
          std::int64_t{1'720'000'000'000'000}, std::int64_t{1'720'000'000'000'001}}) {
      CAPTURE(to_string(unit), us);
      const std::int64_t count = count_from(us, unit);
      CHECK(count * us_in(unit) >= us);
      CHECK((count - 1) * us_in(unit) < us);
    }
  }
}

TEST_CASE("a unit is right when all values are between 1990 and 2100", "[time_unit]") {
  CHECK(unit_problem(TimeUnit::s, {in_2024_s, in_2024_s + 1}).empty());
  CHECK(unit_problem(TimeUnit::ms, {in_2024_s * 1'000, in_2024_s * 1'000}).empty());
  CHECK(unit_problem(TimeUnit::us, {in_2024_s * 1'000'000, in_2024_s * 1'000'000}).empty());
  CHECK(unit_problem(TimeUnit::s, {631'152'000, 4'102'444'799}).empty());
  CHECK_FALSE(unit_problem(TimeUnit::s, {631'151'999, 4'102'444'799}).empty());
  CHECK_FALSE(unit_problem(TimeUnit::s, {631'152'000, 4'102'444'800}).empty());
}

TEST_CASE("a wrong unit is told with what was seen and the one that fits", "[time_unit]") {
  CHECK(unit_problem(TimeUnit::ms, {in_2024_s, in_2024_s + 86'400}) ==
        "holds values from 1720000000 to 1720086400, which as ms are 1970-01-20; as "
        "s they are 2024-07-03 to 2024-07-04; write unit: s");
  CHECK(
      unit_problem(TimeUnit::s, {in_2024_s * 1'000, in_2024_s * 1'000}) ==
      "holds values from 1720000000000 to 1720000000000, which as s are after the year 9999; as ms "
      "they are 2024-07-03; write unit: ms");
  CHECK_THAT(unit_problem(TimeUnit::s, {in_2024_s * 1'000'000, 9'000'000'000'000'000'000}),
             test::contains("no unit makes times"));
  CHECK_THAT(unit_problem(TimeUnit::s, {in_2024_s, in_2024_s * 1'000}),
             test::contains("no unit makes times"));
  CHECK_THAT(unit_problem(TimeUnit::uuidv7, {in_2024_s, in_2024_s}),
             test::contains("name another column"));
}
