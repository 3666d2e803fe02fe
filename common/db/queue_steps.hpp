#pragma once

// Private to common/db: the steps that every transaction on the queue is made of, in this order:
// lock_slots, the change itself, advance_run for each run that lost a task, admit, audit.

#include <optional>
#include <string>
#include <vector>

#include "common/db/transact.hpp"
#include "common/tasks/task_queue.hpp"
#include "common/ulid.hpp"

namespace lethe::db {

/// Locks the admission of these targets until the end of the transaction.
void lock_slots(Transaction& transaction, const std::vector<std::string>& targets);

/// Admits waiting tasks of these targets up to each target's limit.
void admit(Transaction& transaction, const std::vector<std::string>& targets);

/// Moves a run on if nothing of it is left to do: opens verification or the next pass, or ends it.
/// `verified` is the outcome of its verification when that ends in this transaction.
void advance_run(Transaction& transaction, const std::string& run, IdMaker& ids,
                 const std::optional<VerifyOutcome>& verified = std::nullopt);

/// Adds tasks to a run; those whose source_id is there already are skipped.
struct QueuedTask {
  std::string id;
  std::string source_id;
  std::string kind;
  std::string payload;  ///< msgpack
};
void insert_tasks(Transaction& transaction, const std::string& run,
                  const std::vector<QueuedTask>& tasks);

/// Records an operator's action in the audit chain.
void audit(Transaction& transaction, const std::string& actor, const std::string& action,
           const std::string& object, const std::string& detail);

[[nodiscard]] std::vector<std::string> all_target_names(Transaction& transaction);

/// `text` without bytes that PostgreSQL cannot store and cut to 2 kB: for error columns.
[[nodiscard]] std::string storable(const std::string& text);

}  // namespace lethe::db
