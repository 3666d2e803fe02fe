#include "common/db/pg_target_store.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

bool PgTargetStore::put(const TargetSpec& target, const std::string& actor) {
  return transact(session_, "targets_upsert", [&](Transaction& transaction) {
    const auto rows = transaction.exec(
        queries::targets_upsert,
        Params::of(target.name, target.url, target.max_running, target.rows_per_second,
                   target.clock_skew_seconds, target.survives_failover));
    const bool is_new = flag(rows.at(0), "was_new");
    lock_slots(transaction, {target.name});
    admit_and_tell(transaction, {target.name});  // a higher limit lets waiting tasks in at once
    audit(transaction, actor, is_new ? "target.add" : "target.change", target.name,
          fmt::format("url={} max_running={} rows_per_second={} clock_skew_seconds={} "
                      "on_failover={}",
                      target.url, target.max_running, target.rows_per_second,
                      target.clock_skew_seconds, target.survives_failover ? "continue" : "freeze"));
    return is_new;
  });
}

std::vector<TargetRow> PgTargetStore::read(const std::optional<std::string>& name) {
  return transact(session_, "targets_list", [&](Transaction& transaction) {
    std::vector<TargetRow> targets;
    for (const auto& row : transaction.exec(queries::targets_list, Params::of(name)))
      targets.push_back({.name = text(row, "name"),
                         .url = text(row, "url"),
                         .max_running = number<std::int32_t>(row, "max_running"),
                         .rows_per_second = number(row, "rows_per_second"),
                         .policies = number(row, "policies"),
                         .waiting = number(row, "waiting"),
                         .running = number(row, "running"),
                         .paused = flag(row, "paused"),
                         .created_at = text(row, "created_at"),
                         .clock_skew_seconds = number<std::int32_t>(row, "clock_skew_seconds"),
                         .survives_failover = flag(row, "survives_failover"),
                         .frozen = text(row, "frozen"),
                         .circuit_until = text(row, "circuit_until")});
    return targets;
  });
}

std::vector<TargetRow> PgTargetStore::list() { return read(std::nullopt); }

std::optional<TargetRow> PgTargetStore::find(const std::string& name) {
  auto rows = read(name);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

void PgTargetStore::remove(const std::string& name, const std::string& actor) {
  const bool removed = transact(session_, "targets_remove", [&](Transaction& transaction) {
    if (transaction.exec(queries::targets_remove, Params::of(name)).affected_rows() == 0)
      return false;
    audit(transaction, actor, "target.remove", name, "");
    return true;
  });
  if (removed) return;
  if (!find(name).has_value())
    throw UserError(ExitCode::not_found, fmt::format("no target '{}'", name));
  throw UserError(ExitCode::refused,
                  fmt::format("target '{}' is still needed by a policy or an open run; remove the "
                              "policies and wait for or cancel the runs first",
                              name));
}

}  // namespace lethe::db
