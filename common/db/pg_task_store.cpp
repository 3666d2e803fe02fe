#include "common/db/pg_task_store.hpp"

#include <fmt/format.h>

#include "common/db/pg_dead_store.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"
#include "common/db/task_columns.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

TaskRow to_live_task_row(const pqxx::row& row) {
  TaskRow task = to_task_row(row);
  task.tenant = text(row, "tenant");
  task.lane = text(row, "lane");
  task.leased_by = maybe<std::int64_t>(row, "leased_by");
  task.lease_deadline = text(row, "lease_deadline");
  task.expire_deadline = text(row, "expire_deadline");
  task.enqueue_at = text(row, "enqueue_at");
  task.created_at = text(row, "created_at");
  task.cancel_requested = flag(row, "cancel_requested");
  task.payload = from_bytea(text(row, "payload"));
  return task;
}

TaskSituation to_situation(const pqxx::row& row) {
  return {.state = text(row, "state"),
          .target = text(row, "target"),
          .target_cap = number(row, "target_cap"),
          .target_admitted = number(row, "target_admitted"),
          .tenant = text(row, "tenant"),
          .tenant_cap = number(row, "tenant_cap"),
          .tenant_admitted = number(row, "tenant_admitted"),
          .lane = text(row, "lane"),
          .enqueue_at = text(row, "enqueue_at"),
          .window = text(row, "policy_window"),
          .window_open = flag(row, "window_open"),
          .paced_until = text(row, "paced_until"),
          .rows_per_second = maybe<std::int64_t>(row, "rows_per_second").value_or(0),
          .circuit_until = text(row, "circuit_until"),
          .circuit_failures = number(row, "circuit_failures"),
          .circuit_error = text(row, "circuit_error"),
          .leased_by = maybe<std::int64_t>(row, "leased_by"),
          .leased_at = text(row, "leased_at"),
          .lease_deadline = text(row, "lease_deadline"),
          .instance = text(row, "instance"),
          .cancel_requested = flag(row, "cancel_requested"),
          .last_error = text(row, "last_error"),
          .attempts = number<std::int32_t>(row, "attempts"),
          .max_attempts = number<std::int32_t>(row, "max_attempts"),
          .pause_scope = text(row, "pause_scope"),
          .pause_name = text(row, "pause_name"),
          .paused_by = text(row, "paused_by"),
          .paused_at = text(row, "paused_at"),
          .pause_reason = text(row, "pause_reason"),
          .workers = number(row, "workers"),
          .workers_of_target = number(row, "workers_of_target"),
          .ahead = number(row, "ahead")};
}

}  // namespace

std::vector<TaskRow> PgTaskStore::read(const std::optional<std::string>& id,
                                       const TaskFilter& filter) {
  const auto or_null = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional(value);
  };
  return transact(session_, "items_list", [&](Transaction& transaction) {
    std::vector<TaskRow> tasks;
    for (const auto& row : transaction.exec(
             queries::items_list, Params::of(id, or_null(filter.run), or_null(filter.target),
                                             or_null(filter.state), filter.rows_max)))
      tasks.push_back(to_live_task_row(row));
    return tasks;
  });
}

std::vector<TaskRow> PgTaskStore::list(const TaskFilter& filter) {
  return read(std::nullopt, filter);
}

std::optional<TaskRow> PgTaskStore::find(const std::string& id) {
  auto live = read(id, {});
  if (!live.empty()) return std::move(live.front());
  return transact(session_, "items_ended", [&](Transaction& transaction) -> std::optional<TaskRow> {
    const auto rows = transaction.exec(queries::items_ended, Params::of(id));
    if (rows.empty()) return std::nullopt;
    TaskRow task = to_task_row(rows.at(0));
    task.ended_at = text(rows.at(0), "ended_at");
    return task;
  });
}

std::optional<TaskSituation> PgTaskStore::why(const std::string& id) {
  return transact(session_, "items_why",
                  [&](Transaction& transaction) -> std::optional<TaskSituation> {
                    const auto rows = transaction.exec(queries::items_why, Params::of(id));
                    if (rows.empty()) return std::nullopt;
                    return to_situation(rows.at(0));
                  });
}

TaskRow PgTaskStore::require(const std::string& id) {
  auto task = find(id);
  if (!task.has_value()) throw UserError(ExitCode::not_found, fmt::format("no task '{}'", id));
  return std::move(*task);
}

void PgTaskStore::cancel(const std::string& id, const std::string& actor) {
  const TaskRow task = require(id);
  transact(session_, "items_cancel", [&](Transaction& transaction) {
    lock_slots(transaction, {task.target});
    if (transaction.exec(queries::items_cancel, Params::of(std::nullopt, id)).empty())
      throw UserError(ExitCode::refused, fmt::format("task '{}' has ended already", id));
    Touches touches;
    advance_run(transaction, task.run, ids_, touches);
    rebalance(transaction, {task.target});
    audit(transaction, actor, "task.cancel", id, "");
  });
}

void PgTaskStore::retry(const std::string& id, const std::string& actor) {
  const TaskRow task = require(id);
  if (task.state == "dead") return retry_dead(task, actor);
  transact(session_, "items_retry", [&](Transaction& transaction) {
    lock_slots(transaction, {task.target});
    if (transaction.exec(queries::items_retry_now, Params::of(id)).affected_rows() == 0)
      throw UserError(ExitCode::refused,
                      fmt::format("task '{}' is {}; only scheduled and dead tasks can be retried",
                                  id, task.state));
    rebalance(transaction, {task.target});
    audit(transaction, actor, "task.retry", id, "");
  });
}

void PgTaskStore::retry_dead(const TaskRow& task, const std::string& actor) {
  DeadFilter filter;
  filter.ids = {task.id};
  if (PgDeadStore(session_).retry(filter, actor).empty())
    throw UserError(ExitCode::refused,
                    fmt::format("task '{}' stays dead: run {} was cancelled, or policy '{}' has "
                                "another open run; wait for that one or cancel it first",
                                task.id, task.run, task.policy));
}

void PgTaskStore::snooze(const std::string& id, const std::string& delay,
                         const std::string& actor) {
  const TaskRow task = require(id);
  transact(session_, "items_snooze", [&](Transaction& transaction) {
    lock_slots(transaction, {task.target});
    if (transaction.exec(queries::items_snooze, Params::of(id, delay)).affected_rows() == 0)
      throw UserError(ExitCode::refused,
                      fmt::format("task '{}' is {}; only tasks that nobody works on can be snoozed",
                                  id, task.state));
    rebalance(transaction, {task.target});
    audit(transaction, actor, "task.snooze", id, delay);
  });
}

void PgTaskStore::release(const std::string& id, const std::string& actor) {
  const TaskRow task = require(id);
  transact(session_, "items_release", [&](Transaction& transaction) {
    lock_slots(transaction, {task.target});
    if (transaction.exec(queries::items_release, Params::of(id)).empty())
      throw UserError(
          ExitCode::refused,
          fmt::format("task '{}' is {}; only leased tasks can be released", id, task.state));
    rebalance(transaction, {task.target});
    audit(transaction, actor, "task.release", id, "");
  });
}

}  // namespace lethe::db
