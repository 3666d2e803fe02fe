#include <set>
#include <string>

#include "common/tasks/task_queue.hpp"
#include "common/tasks/task_runner.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;

namespace {

/// The names of the first `count` values of an enumeration.
template <class Enum>
std::set<std::string> names(int count) {
  std::set<std::string> result;
  for (int i = 0; i < count; ++i) result.insert(to_string(static_cast<Enum>(i)));
  return result;
}

}  // namespace

TEST_CASE("each value has a name of its own and nothing else has one", "[task_names]") {
  CHECK(names<TaskKind>(3) == std::set<std::string>{"plan", "clean", "verify"});
  CHECK(names<Strategy>(5) == std::set<std::string>{"sweep", "index", "key", "partition", "call"});
  CHECK(names<Outcome>(6) ==
        std::set<std::string>{"done", "again", "fail", "release", "cancel", "dead"});
  CHECK(names<TargetTrouble::Kind>(14).size() == 14);
  CHECK(names<TargetTrouble::Kind>(14).count("unknown") == 0);
  CHECK(names<TargetTrouble::Kind>(16).count("unknown") == 1);
}

TEST_CASE("a strategy is read back by its name", "[task_names]") {
  CHECK(strategy_from("sweep") == Strategy::sweep);
  CHECK(strategy_from("index") == Strategy::index);
  CHECK(strategy_from("key") == Strategy::key);
  CHECK(strategy_from("call") == Strategy::call);
  CHECK(strategy_from("partition") == Strategy::partition);
  CHECK_FALSE(strategy_from("Sweep").has_value());
  CHECK_FALSE(strategy_from("").has_value());
}
