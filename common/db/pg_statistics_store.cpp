#include "common/db/pg_statistics_store.hpp"

#include "common/db/queries.gen.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

namespace {

constexpr std::int64_t counted_max = 100'000;
constexpr std::int32_t lanes_max = 100;
constexpr std::int32_t policies_max = 1'000;

NamedCounts counts(const pqxx::result& rows) {
  NamedCounts found;
  for (const auto& row : rows) found.emplace_back(text(row, "name"), number(row, "count"));
  return found;
}

std::vector<LaneStatistics> lanes(const pqxx::result& rows) {
  std::vector<LaneStatistics> found;
  for (const auto& row : rows)
    found.push_back({.lane = text(row, "lane"),
                     .busy = number(row, "busy"),
                     .ready = number(row, "ready"),
                     .oldest_seconds = number<double>(row, "oldest_seconds")});
  return found;
}

std::vector<WorkerStatistics> workers(const pqxx::result& rows) {
  std::vector<WorkerStatistics> found;
  for (const auto& row : rows)
    found.push_back({.phase = text(row, "phase"),
                     .workers = number(row, "workers"),
                     .slots = number(row, "slots"),
                     .busy = number(row, "busy")});
  return found;
}

std::vector<PolicyStatistics> policies_in(const pqxx::result& rows) {
  std::vector<PolicyStatistics> found;
  for (const auto& row : rows)
    found.push_back({.name = text(row, "name"),
                     .target = text(row, "target"),
                     .lag_seconds = number<double>(row, "lag_seconds"),
                     .failing = flag(row, "failing"),
                     .inserts_per_second = maybe<double>(row, "inserts_per_second"),
                     .deletes_per_second = maybe<double>(row, "deletes_per_second")});
  return found;
}

}  // namespace

FleetStatistics PgStatisticsStore::read() {
  // One by one and not in one transaction: none holds up VACUUM for longer than it runs itself.
  const auto ask = [this](std::string_view name, const Query& query, const Params& params = {}) {
    return run_once(session_, name, query, params, Effect::reads);
  };
  FleetStatistics found;
  found.tasks = counts(ask("statistics_tasks", queries::statistics_tasks, Params::of(counted_max)));
  found.runs = open_runs();
  found.dead = counts(ask("statistics_dead", queries::statistics_dead, Params::of(counted_max)));
  found.brakes = counts(ask("statistics_brakes", queries::statistics_brakes));
  found.lanes = lanes(ask("statistics_lanes", queries::statistics_lanes, Params::of(lanes_max)));
  found.workers = workers(ask("statistics_workers", queries::statistics_workers));
  found.policies = policies();
  const auto horizon = ask("statistics_horizon", queries::statistics_horizon).at(0);
  found.xmin_age = number(horizon, "xmin_age");
  found.oldest_transaction_seconds = maybe<double>(horizon, "oldest_seconds");
  return found;
}

NamedCounts PgStatisticsStore::open_runs() {
  return counts(run_once(session_, "statistics_runs", queries::statistics_runs,
                         Params::of(counted_max), Effect::reads));
}

std::vector<PolicyStatistics> PgStatisticsStore::policies() {
  return policies_in(run_once(session_, "statistics_policies", queries::statistics_policies,
                              Params::of(policies_max), Effect::reads));
}

}  // namespace lethe::db
