#pragma once

// Private to common/db.

#include "common/control/operator_store.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

/// The columns that live, ended and dead tasks share.
[[nodiscard]] inline TaskRow to_task_row(const pqxx::row& row) {
  TaskRow task;
  task.id = text(row, "id");
  task.run = text(row, "run");
  task.policy = text(row, "policy");
  task.target = text(row, "target");
  task.kind = text(row, "kind");
  task.state = text(row, "state");
  task.attempts = number<std::int32_t>(row, "attempts");
  task.rescues = number<std::int32_t>(row, "rescues");
  task.epoch = number(row, "epoch");
  task.batches = number(row, "batches");
  task.rows = number(row, "rows");
  task.last_error = text(row, "last_error");
  return task;
}

}  // namespace lethe::db
