#include "common/tasks/vacuum_progress.hpp"

#include "tests/support/catch.hpp"

using namespace lethe;
using Oids = std::vector<std::uint32_t>;

TEST_CASE("a vacuum takes each table once and then those again that were left",
          "[vacuum_progress]") {
  const Oids relations{3, 5, 7, 4'294'967'295};
  VacuumProgress progress;
  CHECK_FALSE(progress.is_through(relations));
  CHECK(progress.next_of(relations) == relations);
  progress.tried(3, false);
  progress.tried(5, true);
  CHECK(progress.next_of(relations) == Oids{7, 4'294'967'295});
  progress.tried(7, false);
  progress.tried(4'294'967'295, true);
  CHECK(progress.is_through(relations));
  CHECK(progress.next_of(relations) == Oids{3, 7});
  progress.tried(3, false);
  progress.tried(7, true);
  CHECK(progress.next_of(relations) == Oids{3});
  progress.tried(3, true);
  CHECK(progress.next_of(relations).empty());
  CHECK(progress.last == 4'294'967'295);
}

TEST_CASE("a vacuum forgets what was dropped meanwhile and is through where nothing is left",
          "[vacuum_progress]") {
  const VacuumProgress progress{.last = 7, .left = {3, 7}};
  CHECK(progress.next_of({5, 7}) == Oids{7});
  CHECK(progress.is_through({}));
  CHECK(progress.next_of({}).empty());
}

TEST_CASE("the progress of a vacuum comes back from its text", "[vacuum_progress]") {
  for (const VacuumProgress& progress :
       {VacuumProgress{}, VacuumProgress{.last = 4'294'967'295, .left = {}},
        VacuumProgress{.last = 9, .left = {1, 4'294'967'295}}})
    CHECK(to_vacuum_progress(to_text(progress)) == progress);
  CHECK(to_text({.last = 9, .left = {1, 2}}) == "9 1 2");
  CHECK(to_vacuum_progress("") == VacuumProgress{});
  CHECK(to_vacuum_progress("x 1") == VacuumProgress{});
}
