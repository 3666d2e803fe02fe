#pragma once

#include <map>
#include <string>
#include <utility>

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"

namespace lethe::test {

/// A hold on rows of public.`table` whose columns have these values; on all of them without any.
inline NewHold hold_on(const std::string& table, std::map<std::string, std::string> match = {}) {
  NewHold hold;
  hold.table = TableName{"public", table};
  hold.match = std::move(match);
  hold.reason = "case 4711";
  return hold;
}

/// A hold on a tenant of the whole target, whose policies name `columns` for it.
inline NewHold hold_on_tenant(const std::string& tenant,
                              std::vector<std::string> columns = {"tenant"}) {
  NewHold hold;
  hold.tenant = tenant;
  hold.tenant_columns = std::move(columns);
  hold.reason = "case 4711";
  return hold;
}

inline std::int64_t place(RunDriver& fleet, const NewHold& hold) {
  return fleet.target().place_hold(hold, "ana");
}

/// Works the plan of a fresh run off and leases its first clean task.
inline LeasedTask lease_planned(RunDriver& fleet) {
  auto plan = fleet.lease();
  REQUIRE(plan);
  REQUIRE(plan->kind == TaskKind::plan);
  REQUIRE(fleet.settle(*fleet.step(*plan)) == Settled::yes);
  auto task = fleet.lease();
  REQUIRE(task);
  REQUIRE(task->kind == TaskKind::clean);
  return *task;
}

}  // namespace lethe::test
