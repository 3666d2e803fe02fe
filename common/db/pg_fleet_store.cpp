#include "common/db/pg_fleet_store.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"

namespace lethe::db {

namespace {

PauseScope pause_scope(const std::string& name) {
  for (const PauseScope scope :
       {PauseScope::target, PauseScope::policy, PauseScope::tenant, PauseScope::all})
    if (name == to_string(scope)) return scope;
  throw StoreError(Failure::rejected, "pauses_list", "", "unknown scope of a pause: " + name);
}

}  // namespace

std::vector<WorkerRow> PgFleetStore::read(const std::optional<std::int64_t>& id, bool also_ended) {
  return transact(session_, "workers_list", [&](Transaction& transaction) {
    std::vector<WorkerRow> workers;
    for (const auto& row : transaction.exec(queries::workers_list, Params::of(id, also_ended)))
      workers.push_back({.id = number(row, "id"),
                         .instance = text(row, "instance"),
                         .version = text(row, "version"),
                         .phase = text(row, "phase"),
                         .slots = number<std::int32_t>(row, "slots"),
                         .busy = number<std::int32_t>(row, "busy"),
                         .last_seen_ms = number(row, "last_seen_ms"),
                         .started_at = text(row, "started_at"),
                         .targets = text(row, "targets"),
                         .lanes = text(row, "lanes"),
                         .leased = number(row, "leased"),
                         .wanted = text(row, "wanted")});
    return workers;
  });
}

std::vector<WorkerRow> PgFleetStore::workers(bool also_ended) {
  return read(std::nullopt, also_ended);
}

std::optional<WorkerRow> PgFleetStore::worker(std::int64_t id) {
  auto rows = read(id, true);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

void PgFleetStore::pause(const Pause& pause, const std::string& reason, const std::string& actor) {
  transact(session_, "pauses_put", [&](Transaction& transaction) {
    const auto targets = all_target_names(transaction);
    lock_slots(transaction, targets);
    transaction.exec(queries::pauses_put,
                     Params::of(to_string(pause.scope), pause.name, actor, reason));
    transaction.exec(queries::items_park);
    rebalance(transaction, targets);
    audit(transaction, actor, "pause", fmt::format("{} {}", to_string(pause.scope), pause.name),
          reason);
  });
}

std::vector<FleetStore::PauseRow> PgFleetStore::pauses() {
  return transact(session_, "pauses_list", [&](Transaction& transaction) {
    std::vector<PauseRow> pauses;
    for (const auto& row : transaction.exec(queries::pauses_list))
      pauses.push_back(
          {.pause = {.scope = pause_scope(text(row, "scope")), .name = text(row, "name")},
           .paused_by = text(row, "paused_by"),
           .paused_at = text(row, "paused_at"),
           .reason = text(row, "reason"),
           .frozen = flag(row, "frozen")});
    return pauses;
  });
}

bool PgFleetStore::resume(const Pause& pause, const std::string& actor) {
  return transact(session_, "pauses_remove", [&](Transaction& transaction) {
    const auto targets = all_target_names(transaction);
    lock_slots(transaction, targets);
    const auto removed =
        transaction.exec(queries::pauses_remove, Params::of(to_string(pause.scope), pause.name));
    if (removed.affected_rows() == 0) return false;
    transaction.exec(queries::items_unpark);
    rebalance(transaction, targets);
    audit(transaction, actor, "resume", fmt::format("{} {}", to_string(pause.scope), pause.name),
          "");
    return true;
  });
}

bool PgFleetStore::thaw(const Pause& freeze, const std::string& actor) {
  const bool of_target = freeze.scope == PauseScope::target;
  return transact(session_, "pauses_thaw", [&](Transaction& transaction) {
    const auto targets = all_target_names(transaction);
    lock_slots(transaction, targets);
    const auto ended =
        transaction.exec(queries::pauses_thaw, Params::of(to_string(freeze.scope), freeze.name));
    if (of_target) {
      transaction.exec(queries::target_databases_forget, Params::of(freeze.name));
    } else {
      transaction.exec(queries::clock_reset);
    }
    transaction.exec(queries::items_unpark);
    rebalance(transaction, targets);
    audit(transaction, actor, of_target ? "target.acknowledge" : "clock.acknowledge", freeze.name,
          ended.empty() ? "was not frozen" : text(ended.at(0), "reason"));
    return !ended.empty();
  });
}

}  // namespace lethe::db
