// Every control database of a test is looked at when the test ends: no task lost or doubled, caps
// kept, epochs only grown (common/db/sql/inspect/invariants.sql).
#include "tests/support/catch.hpp"
#include "tests/support/test_database.hpp"

namespace lethe::test {

namespace {

void fail(const std::string& violation) { FAIL_CHECK("an invariant is broken: " << violation); }

[[maybe_unused]] const bool listens = [] {
  TestDatabase::on_violation = fail;
  return true;
}();

}  // namespace

}  // namespace lethe::test
