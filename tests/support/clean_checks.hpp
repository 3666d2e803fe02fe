#pragma once

#include <string>
#include <utility>

#include "common/db/pg_target_database.hpp"
#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"

namespace lethe::test {

/// The run is satisfied, and the ledger, the fences and the run agree on `rows`.
inline void check_satisfied(TestDatabase& database, const RunRow& run, std::int64_t rows) {
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == rows);
  const auto sum = [&](const std::string& table) {
    return database.number("SELECT coalesce(sum(rows), 0) FROM lethe." + table + " WHERE run = '" +
                           run.id + "'");
  };
  CHECK(sum("ledger") == rows);
  CHECK(sum("fence") == rows);
  CHECK(database.number("SELECT count(*) FROM lethe.items") == 0);
}

/// The ids in a table (quoted as SQL wants it), in order, separated by commas.
inline std::string ids_in(TestDatabase& database, const std::string& table) {
  return database.text("SELECT string_agg(id::text, ',' ORDER BY id) FROM " + table);
}

/// What `policy apply` says against a policy, as this role (ours when empty); "" when it is
/// content.
inline std::string refusal(TestDatabase& database, Policy policy, const std::string& role = "") {
  policy.target = "app";
  db::PgTargetDatabase target(database.url() + (role.empty() ? "" : " user=" + role), "lethe-test");
  try {
    target.check_policy(policy, "policies[0]");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

/// A role that may log in and has what a worker needs in the schema lethe, as docs/operations.md
/// says. Nothing is granted in other schemas. It is dropped with all it owns on destruction.
class WorkerRole {
 public:
  explicit WorkerRole(TestDatabase& database, const std::string& prefix = "worker")
      : database_(database), name_(prefix + "_of_" + database.text("SELECT current_database()")) {
    database_.execute("CREATE ROLE " + name_ + " LOGIN; GRANT USAGE ON SCHEMA lethe TO " + name_ +
                      "; GRANT ALL ON ALL TABLES IN SCHEMA lethe TO " + name_);
  }
  ~WorkerRole() {
    try {
      database_.execute("DROP OWNED BY " + name_ + " CASCADE; DROP ROLE " + name_);
    } catch (const std::exception& error) {
      FAIL_CHECK("role " << name_ << " stays: " << error.what());
    }
  }
  WorkerRole(const WorkerRole&) = delete;
  WorkerRole& operator=(const WorkerRole&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  /// The workers of `fleet` reach the target as this role from now on.
  void work_in(RunDriver& fleet) const {
    fleet.control().targets().put(
        {.name = "app", .url = database_.url() + " user=" + name_, .max_running = 4}, "test");
  }

 private:
  TestDatabase& database_;
  std::string name_;
};

}  // namespace lethe::test
