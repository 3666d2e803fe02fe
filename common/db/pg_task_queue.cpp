#include "common/db/pg_task_queue.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"
#include "common/policies/policy_json.hpp"

namespace lethe::db {

namespace {

TaskKind task_kind(const std::string& name) {
  for (const TaskKind kind : {TaskKind::plan, TaskKind::clean, TaskKind::verify})
    if (name == to_string(kind)) return kind;
  // lease.sql names the kinds that this program knows, so another one cannot arrive.
  throw StoreError(Failure::rejected, "items_lease", "", "unknown kind of task: " + name);
}

LeasedTask to_leased_task(const pqxx::row& row, const LeaseRequest& request) {
  return {.lease = {.task = {text(row, "id")},
                    .worker = request.worker,
                    .epoch = number(row, "lease_epoch")},
          .kind = task_kind(text(row, "kind")),
          .run = {text(row, "run_id")},
          .payload = from_bytea(text(row, "payload")),
          .attempts = number<std::int32_t>(row, "attempts"),
          .max_attempts = number<std::int32_t>(row, "max_attempts"),
          .batch_size = number(row, "batch_size"),
          .cancel_requested = flag(row, "cancel_requested"),
          .lease_left = request.length};
}

std::string to_json(const std::vector<Settlement>& settlements) {
  auto list = nlohmann::json::array();
  for (const auto& s : settlements)
    list.push_back({{"id", s.lease.task.value},
                    {"epoch", s.lease.epoch},
                    {"outcome", to_string(s.outcome)},
                    {"delay_ms", s.delay.count()},
                    {"batches", s.batches},
                    {"rows", s.rows},
                    {"batch_size", s.batch_size},
                    {"took_ms", s.took.count()},
                    {"error", storable(s.error)},
                    {"sqlstate", s.sqlstate}});
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The tasks and facts that a plan found become part of its run.
void take_plan(Transaction& transaction, const std::string& run, const PlanOutcome& plan) {
  transaction.exec(queries::runs_set_planned, Params::of(run, plan.strategy, plan.estimated_rows,
                                                         to_bytea(plan.verify_payload)));
  std::vector<QueuedTask> tasks;
  tasks.reserve(plan.tasks.size());
  for (const auto& task : plan.tasks)
    tasks.push_back({.id = task.id.value,
                     .source_id = run + "/" + task.id.value,
                     .kind = to_string(task.kind),
                     .payload = task.payload});
  if (!tasks.empty()) insert_tasks(transaction, run, tasks);
}

using TaskKey = std::pair<std::string, std::int64_t>;

}  // namespace

std::vector<LeasedTask> PgTaskQueue::lease(const LeaseRequest& request) {
  assert(request.tasks_max >= 1 && request.tasks_max <= 1000);
  assert(request.length.count() > 0 && !request.lanes.empty());
  return transact(session_, "items_lease", [&](Transaction& transaction) {
    std::vector<LeasedTask> tasks;
    for (const auto& row : transaction.exec(
             queries::items_lease,
             Params::of(request.worker.value, request.tasks_max, request.length.count(),
                        to_array(request.lanes), to_array(request.targets))))
      tasks.push_back(to_leased_task(row, request));
    return tasks;
  });
}

std::vector<Settled> PgTaskQueue::settle(const std::vector<Settlement>& settlements) {
  if (settlements.empty()) return {};
  const WorkerId worker = settlements.front().lease.worker;
  std::set<std::string> target_set;
  for (const auto& s : settlements) {
    assert(s.lease.worker == worker);
    target_set.insert(s.target);
  }
  const std::vector<std::string> targets(target_set.begin(), target_set.end());

  return transact(session_, "items_settle", [&](Transaction& transaction) {
    lock_slots(transaction, targets);
    std::map<TaskKey, std::string> applied;  // (task, epoch) -> final outcome
    std::set<std::string> moved_runs;        // lost a task, so they may go on
    for (const auto& row :
         transaction.exec(queries::items_settle, Params::of(worker.value, to_json(settlements)))) {
      const std::string outcome = text(row, "outcome");
      applied[{text(row, "id"), number(row, "epoch")}] = outcome;
      if (outcome == "done" || outcome == "cancel" || outcome == "dead")
        moved_runs.insert(text(row, "run_id"));
    }
    std::vector<Settled> answers;
    std::map<std::string, VerifyOutcome> verified;
    for (const auto& s : settlements) {
      const auto found = applied.find({s.lease.task.value, s.lease.epoch});
      const bool took_effect = found != applied.end();
      answers.push_back(took_effect ? Settled::yes : Settled::lease_lost);
      if (!took_effect || found->second != "done") continue;
      if (s.plan.has_value()) take_plan(transaction, s.run.value, *s.plan);
      if (s.verify.has_value()) verified[s.run.value] = *s.verify;
    }
    for (const auto& run : moved_runs) {
      const auto outcome = verified.find(run);
      advance_run(transaction, run, ids_,
                  outcome == verified.end() ? std::nullopt : std::optional(outcome->second));
    }
    admit(transaction, targets);
    return answers;
  });
}

std::optional<RunContext> PgTaskQueue::run_context(const RunId& run) {
  return transact(
      session_, "runs_context", [&](Transaction& transaction) -> std::optional<RunContext> {
        const auto rows = transaction.exec(queries::runs_context, Params::of(run.value));
        if (rows.empty()) return std::nullopt;
        const auto row = rows.at(0);
        return RunContext{.id = run,
                          .policy = text(row, "policy"),
                          .policy_epoch = number(row, "policy_epoch"),
                          .spec_sha256 = text(row, "spec_sha256"),
                          .spec = policy_from_json(text(row, "spec")),
                          .target = text(row, "target"),
                          .target_url = text(row, "url"),
                          .as_of = text(row, "as_of"),
                          .expire_at = text(row, "expire_at"),
                          .passes = number<std::int32_t>(row, "passes")};
      });
}

WorkerId PgTaskQueue::register_worker(const WorkerInfo& info) {
  return transact(session_, "workers_insert", [&](Transaction& transaction) {
    const auto rows = transaction.exec(
        queries::workers_insert,
        Params::of(info.instance, info.version, info.slots, to_array(info.targets)));
    return WorkerId{number(rows.at(0), "id")};
  });
}

BeatReply PgTaskQueue::beat(WorkerId worker, std::int32_t busy, bool draining) {
  return transact(session_, "workers_beat", [&](Transaction& transaction) {
    BeatReply reply;
    const auto rows = transaction.exec(
        queries::workers_beat, Params::of(worker.value, busy, draining ? "draining" : "running"));
    reply.known = !rows.empty();
    if (!reply.known) return reply;
    for (const auto& id : nlohmann::json::parse(text(rows.at(0), "cancelled")))
      reply.cancelled.push_back(TaskId{id.get<std::string>()});
    return reply;
  });
}

void PgTaskQueue::leave(WorkerId worker) {
  transact(session_, "workers_leave", [&](Transaction& transaction) {
    transaction.exec(queries::workers_leave, Params::of(worker.value));
  });
}

}  // namespace lethe::db
