#pragma once

#include <string>

#include "common/policies/policy_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"
#include "tests/support/sample_tables.hpp"

namespace lethe::test {

/// A fleet whose runs are judged by the guards, and the steps that tests about them are made of.
class Guarded {
 public:
  explicit Guarded(TestDatabase& database,
                   std::chrono::milliseconds lock_timeout = std::chrono::milliseconds(500))
      : fleet(database, lock_timeout, worker::Guards::on) {}

  RunDriver fleet;

  RunRow run(const std::string& policy) { return fleet.work_off(fleet.start_stored(policy)); }
  RunRow run(const Policy& policy) {
    fleet.apply(policy);
    return run(policy.name);
  }
  PolicyRow stored(const std::string& policy) {
    const auto row = fleet.control().policies().find(policy);
    REQUIRE(row);
    return *row;
  }
  /// As `lethe policy acknowledge` does.
  std::int64_t acknowledge(const std::string& name) {
    const PolicyRow row = stored(name);
    const std::int64_t rows = fleet.target().census(policy_from_json(row.spec_text)).eligible;
    fleet.control().policies().acknowledge(row, rows, "ana");
    return rows;
  }
};

/// The run was refused with nothing deleted, and says how it may be let go on.
inline void check_refused(const RunRow& run, const std::string& reason) {
  INFO(run.error);
  CHECK(run.state == "refused");
  CHECK(run.rows == 0);
  CHECK(run.error.find(reason) != std::string::npos);
  CHECK(run.error.find("lethe policy preview") != std::string::npos);
  CHECK(run.error.find("--acknowledge") != std::string::npos);
}

}  // namespace lethe::test
