#include "common/db/pg_task_queue.hpp"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/db/admission_news.hpp"
#include "common/db/queries.gen.hpp"
#include "common/policies/policy_json.hpp"

namespace lethe::db {

namespace {

// Within these the news of many settlements are delivered together.
constexpr std::chrono::milliseconds news_age_max{20};
constexpr std::size_t news_changes_max = 256;

TaskKind task_kind(const std::string& name) {
  for (const TaskKind kind : {TaskKind::plan, TaskKind::clean, TaskKind::verify})
    if (name == to_string(kind)) return kind;
  // turn.sql names the kinds that this program knows, so another one cannot arrive.
  throw StoreError(Failure::rejected, "items_turn", "", "unknown kind of task: " + name);
}

LeasedTask to_leased_task(const pqxx::row& row, const LeaseRequest& request) {
  return {.lease = {.task = {text(row, "id")},
                    .worker = request.worker,
                    .epoch = number(row, "epoch")},
          .kind = task_kind(text(row, "kind")),
          .run = {text(row, "run_id")},
          .target = text(row, "target"),
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

Params turn_params(WorkerId worker, const std::vector<Settlement>& settlements,
                   const std::optional<LeaseRequest>& request) {
  const std::vector<std::string> none;
  return Params::of(worker.value, to_json(settlements), request ? request->tasks_max : 0,
                    request ? request->length.count() : 0,
                    to_array(request ? request->lanes : none),
                    to_array(request ? request->targets : none));
}

/// The tasks and facts that a plan found become part of its run.
void take_plan(Transaction& transaction, const std::string& run, const PlanOutcome& plan) {
  transaction.exec(queries::runs_set_planned, Params::of(run, plan.strategy, plan.estimated_rows,
                                                         to_bytea(plan.verify_payload)));
  std::vector<QueuedTask> tasks;
  tasks.reserve(plan.tasks.size());
  for (const auto& task : plan.tasks)
    tasks.push_back({.id = task.id.value,
                     .source_id = "",
                     .kind = to_string(task.kind),
                     .payload = task.payload});
  if (!tasks.empty()) insert_tasks(transaction, run, tasks);
}

/// What a turn's answer says, sorted out.
struct TurnAnswer {
  Exchange exchange;
  AdmissionNews news;
};

/// The row of a settlement that took effect.
void note_settled(const pqxx::row& row, const Settlement& settlement, TurnAnswer& answer) {
  const std::string target = text(row, "target");
  answer.news.touches.add(target, text(row, "tenant"),
                          {.freed = 1, .cost_ms = number(row, "extra_ms")});
  if (flag(row, "run_over") && !settlement.verify) answer.news.runs_over.insert(text(row, "run_id"));
  if (settlement.target_down) {
    answer.news.down[target] = settlement.error;
  } else if (flag(row, "circuit")) {
    answer.news.up.insert(target);
  }
}

TurnAnswer read_turn(const pqxx::result& rows, const std::vector<Settlement>& settlements,
                     const std::optional<LeaseRequest>& request) {
  TurnAnswer answer;
  answer.exchange.settled.assign(settlements.size(), Settled::lease_lost);
  for (const auto& row : rows) {
    if (flag(row, "leased")) {
      answer.exchange.leased.push_back(to_leased_task(row, *request));
      continue;
    }
    const auto epoch = number(row, "epoch");
    const auto one = std::find_if(settlements.begin(), settlements.end(), [&](const auto& s) {
      return s.lease.epoch == epoch && s.lease.task.value == row["id"].c_str();
    });
    assert(one != settlements.end());
    answer.exchange.settled[static_cast<std::size_t>(one - settlements.begin())] = Settled::yes;
    note_settled(row, *one, answer);
  }
  return answer;
}

void merge(const AdmissionNews& from, AdmissionNews& into) {
  for (const auto& [target, tenants] : from.touches.targets())
    for (const auto& [tenant, change] : tenants) into.touches.add(target, tenant, change);
  into.runs_over.insert(from.runs_over.begin(), from.runs_over.end());
  for (const auto& [target, error] : from.down) into.down[target] = error;
  into.up.insert(from.up.begin(), from.up.end());
}

bool brings_more(const Settlement& settlement) {
  return settlement.plan.has_value() || settlement.verify.has_value();
}

/// Plans and verifications that took effect change their run in the same transaction.
void take_outcomes(Transaction& transaction, const std::vector<Settlement>& settlements,
                   const pqxx::result& rows, IdMaker& ids, Touches& touches) {
  for (const auto& row : rows) {
    if (flag(row, "leased") || text(row, "outcome") != "done") continue;
    for (const auto& s : settlements) {
      if (s.lease.task.value != row["id"].c_str()) continue;
      if (s.plan) take_plan(transaction, s.run.value, *s.plan);
      if (s.verify) advance_run(transaction, s.run.value, ids, touches, *s.verify);
    }
  }
}

/// Marks the settlements that are repeats of ones that took effect.
void recognise_repeats(Session& session, const std::vector<Settlement>& settlements,
                       std::vector<Settled>& settled) {
  auto unknown = nlohmann::json::array();
  for (std::size_t i = 0; i < settled.size(); ++i)
    if (settled[i] == Settled::lease_lost)
      unknown.push_back({{"id", settlements[i].lease.task.value},
                         {"epoch", settlements[i].lease.epoch}});
  if (unknown.empty()) return;
  for (const auto& row : run_once(session, queries::items_settled_before.name,
                                  queries::items_settled_before, Params::of(unknown.dump())))
    for (std::size_t i = 0; i < settled.size(); ++i)
      if (settled[i] == Settled::lease_lost && settlements[i].lease.task.value == row["id"].c_str())
        settled[i] = Settled::already;
}

}  // namespace

PgTaskQueue::PgTaskQueue(Session& session, IdMaker& ids, const Clock& clock)
    : session_(session), ids_(ids), clock_(clock), news_(std::make_unique<AdmissionNews>()) {}

PgTaskQueue::~PgTaskQueue() = default;

Exchange PgTaskQueue::exchange(const std::vector<Settlement>& settlements,
                               const std::optional<LeaseRequest>& request) {
  assert(!request || (request->tasks_max >= 1 && request->tasks_max <= 1000));
  assert(!request || (request->length.count() > 0 && !request->lanes.empty()));
  if (put_off_) throw *std::exchange(put_off_, std::nullopt);
  Exchange result;
  if (!settlements.empty() || request) result = turn(settlements, request);
  const bool due = !request || news_->touches.changes() >= news_changes_max ||
                   clock_.now() - delivered_at_ >= news_age_max;
  try {
    recognise_repeats(session_, settlements, result.settled);
    if (request && static_cast<std::int32_t>(result.leased.size()) < request->tasks_max) {
      top_up(*request, result.leased);
    } else if (due && !news_->touches.empty()) {
      deliver_news();
    }
  } catch (const StoreError& error) {
    put_off_ = error;  // what the turn did is done, and the caller must hear of it
  }
  return result;
}

Exchange PgTaskQueue::turn(const std::vector<Settlement>& settlements,
                           const std::optional<LeaseRequest>& request) {
  const WorkerId worker = request ? request->worker : settlements.front().lease.worker;
  assert(std::all_of(settlements.begin(), settlements.end(),
                     [&](const auto& s) { return s.lease.worker == worker; }));
  const Params params = turn_params(worker, settlements, request);
  TurnAnswer answer;
  if (std::none_of(settlements.begin(), settlements.end(), brings_more)) {
    answer = read_turn(run_once(session_, queries::items_turn.name, queries::items_turn, params),
                       settlements, request);
  } else {
    answer = transact(session_, queries::items_turn.name, [&](Transaction& transaction) {
      const auto rows = transaction.exec(queries::items_turn, params);
      TurnAnswer read = read_turn(rows, settlements, request);
      take_outcomes(transaction, settlements, rows, ids_, read.news.touches);
      return read;
    });
  }
  merge(answer.news, *news_);
  return std::move(answer.exchange);
}

void PgTaskQueue::top_up(LeaseRequest request, std::vector<LeasedTask>& leased) {
  request.tasks_max -= static_cast<std::int32_t>(leased.size());
  std::vector<std::string> targets;
  if (news_->touches.empty()) {
    for (const auto& row :
         run_once(session_, queries::shares_admissible.name, queries::shares_admissible,
                  Params::of(to_array(request.targets))))
      targets.push_back(text(row, "target"));
    if (targets.empty()) return;
  }
  const auto more = transact(session_, "items_top_up", [&](Transaction& transaction) {
    deliver(transaction, *news_, targets, ids_);
    const auto rows =
        transaction.exec(queries::items_turn, turn_params(request.worker, {}, request));
    return read_turn(rows, {}, request).exchange.leased;
  });
  note_delivered();
  leased.insert(leased.end(), more.begin(), more.end());
}

void PgTaskQueue::deliver_news() {
  // What a crash of the server would take back, recounts and looks at runs find out again.
  transact(
      session_, "items_deliver",
      [&](Transaction& transaction) { deliver(transaction, *news_, {}, ids_); },
      "SET LOCAL synchronous_commit = off;");
  note_delivered();
}

void PgTaskQueue::note_delivered() {
  *news_ = {};
  delivered_at_ = clock_.now();
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

}  // namespace lethe::db
