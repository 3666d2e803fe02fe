#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "common/schedule/schedule.hpp"
#include "tests/support/catch.hpp"

using lethe::Instant;
using lethe::Schedule;

namespace {

Instant from_seconds(const std::string& text) {
  return Instant{std::chrono::seconds{std::stoll(text)}};
}

}  // namespace

// The rows come from an independent implementation: tests/golden/generate_cron_vectors.mjs.
TEST_CASE("cron lines fire when the golden vectors say", "[schedule][golden]") {
  std::ifstream file(LETHE_GOLDEN_DIR "/cron_vectors.txt");
  REQUIRE(file.is_open());

  std::set<std::string> zones;
  std::size_t instants = 0;
  for (std::string row; std::getline(file, row);) {
    std::istringstream columns(row);
    std::string zone;
    std::string line;
    std::string start;
    std::getline(columns, zone, '|');
    std::getline(columns, line, '|');
    std::getline(columns, start, '|');

    const Schedule schedule = Schedule::parse(line, zone);
    Instant last = from_seconds(start);
    for (std::string expected; columns >> expected; ++instants) {
      const auto next = schedule.next_after(last);
      INFO(zone << " " << line << " after " << lethe::to_iso8601(last));
      REQUIRE(next == from_seconds(expected));
      last = *next;
    }
    zones.insert(zone);
  }
  CHECK(instants >= 10'000);
  CHECK(zones.size() >= 6);
}
