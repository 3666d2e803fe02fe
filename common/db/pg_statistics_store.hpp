#pragma once

#include "common/control/fleet_statistics.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// StatisticsStore over libpqxx. `session` is borrowed; used only by the owning thread.
class PgStatisticsStore final : public StatisticsStore {
 public:
  explicit PgStatisticsStore(Session& session) : session_(session) {}

  FleetStatistics read() override;
  NamedCounts open_runs() override;
  std::vector<PolicyStatistics> policies() override;

 private:
  Session& session_;
};

}  // namespace lethe::db
