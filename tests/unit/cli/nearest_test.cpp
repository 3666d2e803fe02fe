#include "cli/nearest.hpp"

#include "tests/support/catch.hpp"

namespace lethe::cli {
namespace {

TEST_CASE("the edit distance counts added removed and replaced letters", "[nearest]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("logs", "logs") == 0);
}

TEST_CASE("an unknown name is answered with the nearest one", "[nearest]") {
  const UserError error =
      not_found("policy", "exections", {"audit", "executions-90d"}, "lethe policy list");
  CHECK(std::string(error.what()) == "no policy 'exections'; did you mean 'executions-90d'?");
  CHECK(error.code() == ExitCode::not_found);
}

TEST_CASE("a name that resembles nothing is answered with where to look", "[nearest]") {
  CHECK(std::string(not_found("target", "zzz", {"app"}, "lethe target list").what()) ==
        "no target 'zzz'; see lethe target list");
}

}  // namespace
}  // namespace lethe::cli
