#include "common/db/pg_dead_store.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"
#include "common/db/task_columns.hpp"

namespace lethe::db {

namespace {

Params filter_params(const DeadFilter& filter) {
  const auto or_null = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional(value);
  };
  return Params::of(to_array(filter.ids), or_null(filter.run), or_null(filter.policy),
                    or_null(filter.target), or_null(filter.reason));
}

Params limited(const DeadFilter& filter) {
  Params params = filter_params(filter);
  params.add(filter.rows_max);
  return params;
}

DeadRow to_dead_row(const pqxx::row& row) {
  DeadRow dead;
  dead.task = to_task_row(row);
  dead.task.tenant = text(row, "tenant");
  dead.task.lane = text(row, "lane");
  dead.task.created_at = text(row, "created_at");
  dead.task.expire_deadline = text(row, "expire_deadline");
  dead.task.ended_at = text(row, "ended_at");
  dead.sqlstate = text(row, "sqlstate");
  dead.died_at = text(row, "died_at");
  return dead;
}

/// What may go back: of each policy the tasks of its newest run only, for one run of a policy is
/// open at a time.
struct Retried {
  std::vector<std::string> tasks;
  std::set<std::string> runs;
  std::set<std::string> targets;
};

Retried find_open(Transaction& transaction, const DeadFilter& filter) {
  Retried retried;
  std::map<std::string, std::string> run_of_policy;
  for (const auto& row : transaction.exec(queries::dead_find_open, limited(filter))) {
    const std::string policy = text(row, "policy");
    const std::string run = text(row, "run_id");
    if (!policy.empty() && run_of_policy.try_emplace(policy, run).first->second != run) continue;
    retried.tasks.push_back(text(row, "id"));
    retried.runs.insert(run);
    retried.targets.insert(text(row, "target"));
  }
  return retried;
}

std::vector<std::string> to_list(const std::set<std::string>& names) {
  return {names.begin(), names.end()};
}

}  // namespace

std::vector<DeadRow> PgDeadStore::list(const DeadFilter& filter) {
  return transact(session_, "dead_list", [&](Transaction& transaction) {
    std::vector<DeadRow> dead;
    for (const auto& row : transaction.exec(queries::dead_list, limited(filter)))
      dead.push_back(to_dead_row(row));
    return dead;
  });
}

std::int64_t PgDeadStore::count(const DeadFilter& filter) {
  return transact(session_, "dead_count", [&](Transaction& transaction) {
    return number(transaction.exec(queries::dead_count, filter_params(filter)).at(0), "count");
  });
}

std::optional<DeadRow> PgDeadStore::find(const std::string& id) {
  DeadFilter filter;
  filter.ids = {id};
  auto rows = list(filter);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::vector<std::string> PgDeadStore::retry(const DeadFilter& filter, const std::string& actor) {
  return transact(session_, "dead_retry", [&](Transaction& transaction) {
    DeadFilter narrowed = filter;
    const Retried seen = find_open(transaction, filter);
    narrowed.ids = seen.tasks;
    if (seen.tasks.empty()) return seen.tasks;
    lock_slots(transaction, to_list(seen.targets));
    const Retried retried = find_open(transaction, narrowed);  // now no new run can be made
    if (retried.tasks.empty()) return retried.tasks;
    transaction.exec(queries::items_revive, Params::of(to_array(retried.tasks)));
    transaction.exec(queries::runs_reopen, Params::of(to_array(to_list(retried.runs))));
    rebalance(transaction, to_list(seen.targets));
    for (const auto& task : retried.tasks) audit(transaction, actor, "dead.retry", task, "");
    return retried.tasks;
  });
}

std::vector<std::string> PgDeadStore::discard(const DeadFilter& filter, const std::string& actor) {
  return transact(session_, "dead_discard", [&](Transaction& transaction) {
    std::vector<std::string> discarded;
    for (const auto& row : transaction.exec(queries::dead_discard, limited(filter)))
      discarded.push_back(text(row, "id"));
    for (const auto& task : discarded) audit(transaction, actor, "dead.discard", task, "");
    return discarded;
  });
}

}  // namespace lethe::db
