#include "common/db/pg_task_queue.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/db/admission_news.hpp"
#include "common/db/queries.gen.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/strict.hpp"

namespace lethe::db {

namespace {

// Within these the news of many settlements are delivered together.
constexpr std::chrono::milliseconds news_age_max{200};
constexpr std::int64_t news_freed_max = 512;

/// A VACUUM cannot be done in parts. As the function turn has it, which sets the deadline.
constexpr int vacuum_lease_factor = 30;

TaskKind task_kind(const std::string& name) {
  for (const TaskKind kind : {TaskKind::plan, TaskKind::clean, TaskKind::verify, TaskKind::vacuum})
    if (name == to_string(kind)) return kind;
  // turn.sql names the kinds that this program knows, so another one cannot arrive.
  throw StoreError(Failure::rejected, "items_turn", "", "unknown kind of task: " + name);
}

LeasedTask to_leased_task(const pqxx::row& row, const LeaseRequest& request) {
  const TaskKind kind = task_kind(text(row, "kind"));
  return {
      .lease = {.task = {text(row, "id")}, .worker = request.worker, .epoch = number(row, "epoch")},
      .kind = kind,
      .run = {text(row, "run_id")},
      .target = text(row, "target"),
      .payload = from_bytea(text(row, "payload")),
      .attempts = number<std::int32_t>(row, "attempts"),
      .max_attempts = number<std::int32_t>(row, "max_attempts"),
      .batch_size = number(row, "batch_size"),
      .cancel_requested = flag(row, "cancel_requested"),
      .lease_left =
          kind == TaskKind::vacuum ? request.length * vacuum_lease_factor : request.length};
}

/// What is zero or empty is left out.
nlohmann::json to_json(const Settlement& s) {
  nlohmann::json entry{
      {"id", s.lease.task.value}, {"epoch", s.lease.epoch}, {"outcome", to_string(s.outcome)}};
  const auto put = [&](const char* name, std::int64_t value) {
    if (value != 0) entry[name] = value;
  };
  put("delay_ms", s.delay.count());
  put("batches", s.batches);
  put("rows", s.rows);
  put("batch_size", s.batch_size);
  put("took_ms", s.took.count());
  if (!s.error.empty()) entry["error"] = storable(s.error);
  if (!s.sqlstate.empty()) entry["sqlstate"] = s.sqlstate;
  if (!s.ledger_head.empty()) entry["ledger_head"] = s.ledger_head;
  return entry;
}

bool requeues(const Settlement& settlement) {
  return settlement.outcome == Outcome::again || settlement.outcome == Outcome::fail ||
         settlement.outcome == Outcome::release;
}

/// The settlements of one sort in the order of their ids, in which everybody locks tasks.
std::string to_json(const std::vector<Settlement>& settlements, bool requeued) {
  std::vector<const Settlement*> sorted;
  for (const auto& s : settlements)
    if (requeues(s) == requeued) sorted.push_back(&s);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return a->lease.task < b->lease.task; });
  auto list = nlohmann::json::array();
  for (const auto* s : sorted) list.push_back(to_json(*s));
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Params turn_params(WorkerId worker, const std::vector<Settlement>& settlements,
                   const std::optional<LeaseRequest>& request) {
  const std::vector<std::string> none;
  return Params::of(worker.value, to_json(settlements, true), to_json(settlements, false),
                    request ? request->tasks_max : 0, request ? request->length.count() : 0,
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
                     .payload = task.payload,
                     .batch_size = task.batch_size});
  if (!tasks.empty()) insert_tasks(transaction, run, tasks);
}

void take_space(Transaction& transaction, const std::string& run, const Space& space) {
  transaction.exec(queries::runs_set_space,
                   Params::of(run, space.table_bytes, space.index_bytes, space.dead_bytes,
                              space.reusable_bytes, space.returnable_bytes, space.returned_bytes,
                              space.quarantined_bytes, space.inserted_rows));
}

void take_vacuum(Transaction& transaction, const std::string& run, const VacuumOutcome& vacuum) {
  transaction.exec(queries::runs_set_vacuum,
                   Params::of(run, vacuum.problem.empty() ? "done" : storable(vacuum.problem)));
  if (vacuum.space) take_space(transaction, run, *vacuum.space);
}

/// What a turn's answer says, sorted out.
struct TurnAnswer {
  Exchange exchange;
  AdmissionNews news;
};

/// The row of a settlement that took effect.
void note_settled(const pqxx::row& row, const Settlement& settlement, TurnAnswer& answer) {
  TargetNews& news = answer.news.of(text(row, "target"));
  Touches::Change& change = news.tenants[text(row, "tenant")];
  change += {.freed = 1,
             .cost_ms = number(row, "extra_ms"),
             .place = row["place"].is_null() ? std::nullopt : std::optional(number(row, "place"))};
  news.rows += settlement.batch_rows;
  if (!settlement.policy.empty() && settlement.batch_rows > 0)
    news.rows_of_policies[settlement.policy] += settlement.batch_rows;
  if (flag(row, "run_over") && !settlement.verify) news.runs_over.insert(text(row, "run_id"));
  if (!settlement.freeze.empty()) news.freeze = settlement.freeze;
  if (settlement.ledger.id > news.ledger.id) news.ledger = settlement.ledger;
  if (settlement.target_down) {
    news.down = settlement.error;
  } else if (flag(row, "circuit")) {
    news.up = true;
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

bool brings_more(const Settlement& settlement) {
  return settlement.plan || settlement.verify || settlement.vacuum || !settlement.refusal.empty();
}

/// A plan or verification was committed in this database of its target.
void learn(Transaction& transaction, const std::string& target, const DatabaseIdentity& database,
           const TaskId& task) {
  if (database == DatabaseIdentity{}) return;
  transaction.exec(queries::target_databases_learn,
                   Params::of(target, database.system_identifier, database.timeline,
                              database.database, task.value));
}

bool ends_chain(const Settlement& settlement) { return !settlement.ledger_head.empty(); }

/// Plans and verifications that took effect change their run in the same transaction.
void take_outcomes(Transaction& transaction, const std::vector<Settlement>& settlements,
                   const pqxx::result& rows, IdMaker& ids, AdmissionNews& news) {
  Touches touches;
  for (const auto& row : rows) {
    if (flag(row, "leased") || text(row, "outcome") != "done") continue;
    for (const auto& s : settlements) {
      if (s.lease.task.value != row["id"].c_str()) continue;
      if (s.plan) {
        take_plan(transaction, s.run.value, *s.plan);
        learn(transaction, text(row, "target"), s.plan->database, s.lease.task);
        touches.add_waiting(text(row, "target"), text(row, "tenant"));
      }
      if (!s.refusal.empty())
        transaction.exec(queries::runs_refuse, Params::of(s.run.value, storable(s.refusal)));
      if (s.vacuum) take_vacuum(transaction, s.run.value, *s.vacuum);
      if (s.verify && s.verify->space) take_space(transaction, s.run.value, *s.verify->space);
      if (s.verify) learn(transaction, text(row, "target"), s.verify->database, s.lease.task);
      if (s.verify) advance_run(transaction, s.run.value, ids, touches, *s.verify);
    }
  }
  for (const auto& [target, tenants] : touches.targets())
    for (const auto& [tenant, change] : tenants) news.of(target).tenants[tenant] += change;
}

/// Marks the settlements that are repeats of ones that took effect.
void recognise_repeats(Session& session, const std::vector<Settlement>& settlements,
                       std::vector<Settled>& settled) {
  auto unknown = nlohmann::json::array();
  for (std::size_t i = 0; i < settled.size(); ++i)
    if (settled[i] == Settled::lease_lost)
      unknown.push_back(
          {{"id", settlements[i].lease.task.value}, {"epoch", settlements[i].lease.epoch}});
  if (unknown.empty()) return;
  for (const auto& row :
       run_once(session, queries::items_settled_before.name, queries::items_settled_before,
                Params::of(unknown.dump()), Effect::reads))
    for (std::size_t i = 0; i < settled.size(); ++i)
      if (settled[i] == Settled::lease_lost && settlements[i].lease.task.value == row["id"].c_str())
        settled[i] = Settled::already;
}

KnownDatabase known_database(const pqxx::row& row) {
  return {.identity = {.system_identifier = text(row, "system_identifier"),
                       .timeline = number(row, "timeline"),
                       .database = number(row, "database_oid")},
          .task = text(row, "known_task"),
          .ledger = {.id = number(row, "ledger_id"), .hash = text(row, "ledger_hash")},
          .survives_failover = flag(row, "survives_failover")};
}

Freeze freeze_of(const pqxx::row& row) {
  const std::string scope = text(row, "freeze");
  if (scope.empty()) return {};
  return {
      .kind = scope == to_string(PauseScope::all) ? Freeze::Kind::clock : Freeze::Kind::database,
      .reason = text(row, "freeze_reason")};
}

OverrideColumns read_overrides(Transaction& transaction, const RunId& run) {
  const auto row = transaction.exec(queries::runs_overrides, Params::of(run.value)).at(0);
  return {.tenants = text(row, "tenants"),
          .months = text(row, "months"),
          .seconds = text(row, "seconds"),
          .keep_min = text(row, "keep_min"),
          .enabled = text(row, "enabled"),
          .any_keep_min = flag(row, "any_keep_min")};
}

RunRecord read_record(Transaction& transaction, const RunId& run) {
  const auto row = transaction.exec(queries::runs_record, Params::of(run.value)).at(0);
  const auto taken = maybe<std::int64_t>(row, "taken");
  return {.proven = flag(row, "proven"),
          .forecast = taken ? taken : maybe<std::int64_t>(row, "previewed"),
          .forecast_is_preview = !taken.has_value(),
          .acknowledged = maybe<std::int64_t>(row, "acknowledged"),
          .needs_approval = flag(row, "needs_approval"),
          .approved_by = text(row, "approved_by"),
          .applied_by = text(row, "applied_by"),
          .rows_done = number(row, "rows_done")};
}

}  // namespace

PgTaskQueue::PgTaskQueue(Session& session, IdMaker& ids, const Clock& clock)
    : session_(session), ids_(ids), clock_(clock), news_(std::make_unique<AdmissionNews>()) {}

PgTaskQueue::~PgTaskQueue() = default;

Exchange PgTaskQueue::exchange(const std::vector<Settlement>& settlements,
                               const std::optional<LeaseRequest>& request) {
  assert(!request || (request->tasks_max >= 1 && request->tasks_max <= 1000));
  assert(!request || (request->length.count() > 0 && !request->lanes.empty()));
  deliver_due();
  Exchange result;
  if (!settlements.empty() || request) result = turn(settlements, request);
  tell(result.leased);
  const auto missing = request
                           ? request->tasks_max - static_cast<std::int32_t>(result.leased.size())
                           : std::int32_t{0};
  try {
    recognise_repeats(session_, settlements, result.settled);
    if (missing > 0) {
      top_up(*request, missing, result.leased);
    } else if (!news_->empty() && !request) {
      admit_now({}, Patience::wait);
    }
  } catch (const StoreError& error) {
    put_off_ = error;  // what the turn did is done, and the caller must hear of it
  }
  tell({});
  return result;
}

void PgTaskQueue::catch_up() {
  deliver_due();
  tell({});
}

void PgTaskQueue::deliver_due() {
  if (put_off_) throw *std::exchange(put_off_, std::nullopt);
  if (!news_->empty() && is_due()) admit_now({}, Patience::skip);
}

bool PgTaskQueue::is_due() const {
  return news_->freed() >= news_freed_max || clock_.now() - delivered_at_ >= news_age_max;
}

Exchange PgTaskQueue::turn(const std::vector<Settlement>& settlements,
                           const std::optional<LeaseRequest>& request) {
  const WorkerId worker = request ? request->worker : settlements.front().lease.worker;
  assert(std::all_of(settlements.begin(), settlements.end(),
                     [&](const auto& s) { return s.lease.worker == worker; }));
  const Params params = turn_params(worker, settlements, request);
  const Query& query = std::any_of(settlements.begin(), settlements.end(), ends_chain)
                           ? queries::items_turn_with_heads
                           : queries::items_turn;
  TurnAnswer answer;
  if (std::none_of(settlements.begin(), settlements.end(), brings_more)) {
    answer = read_turn(run_once(session_, query.name, query, params), settlements, request);
  } else {
    answer = transact(session_, query.name, [&](Transaction& transaction) {
      const auto rows = transaction.exec(query, params);
      TurnAnswer read = read_turn(rows, settlements, request);
      take_outcomes(transaction, settlements, rows, ids_, read.news);
      return read;
    });
  }
  news_->merge(answer.news);
  return std::move(answer.exchange);
}

void PgTaskQueue::top_up(LeaseRequest request, std::int32_t missing,
                         std::vector<LeasedTask>& leased) {
  request.tasks_max = missing;
  std::vector<std::string> targets;
  if (news_->empty()) {
    for (const auto& row :
         run_once(session_, queries::shares_admissible.name, queries::shares_admissible,
                  Params::of(to_array(request.targets)), Effect::reads))
      targets.push_back(text(row, "target"));
    if (targets.empty()) return;
  }
  // With nothing at all to do there is time to wait for whoever admits now. Admission first and
  // the lease after it: no target stays locked while a lease is written to disk.
  admit_now(targets, leased.empty() ? Patience::wait : Patience::skip);
  const auto more = turn({}, request).leased;
  tell(more);
  leased.insert(leased.end(), more.begin(), more.end());
}

void PgTaskQueue::admit_now(const std::vector<std::string>& also, Patience patience) {
  if (news_->freed() >= 4 * news_freed_max) patience = Patience::wait;
  // What a crash of the server would take back, recounts and looks at runs find out again.
  const auto delivered = transact(
      session_, "items_admit",
      [&](Transaction& transaction) { return deliver(transaction, *news_, also, ids_, patience); },
      "SET LOCAL synchronous_commit = off;");
  news_->forget(delivered.targets);
  delivered_at_ = clock_.now();
  untold_.insert(untold_.end(), delivered.admitted.begin(), delivered.admitted.end());
}

void PgTaskQueue::tell(const std::vector<LeasedTask>& leased) {
  // A busy worker leases itself what it admits, and nobody need be woken for that: `leased` came
  // after the admission.
  std::map<std::string, std::int64_t> own;
  for (const LeasedTask& task : leased) ++own[task.target];
  for (ReadyTasks& ready : std::exchange(untold_, {})) {
    const std::int64_t taken = std::min(ready.tasks, own[ready.target]);
    own[ready.target] -= taken;
    ready.tasks -= taken;
    if (ready.tasks > 0) became_ready(ready);
  }
}

std::optional<RunContext> PgTaskQueue::run_context(const RunId& run, TaskKind kind) {
  return transact(
      session_, "runs_context", [&](Transaction& transaction) -> std::optional<RunContext> {
        const auto asked = clock_.now();
        const auto rows = transaction.exec(queries::runs_context, Params::of(run.value));
        if (rows.empty()) return std::nullopt;
        const auto row = rows.at(0);
        RunContext context{.id = run,
                           .policy = text(row, "policy"),
                           .policy_epoch = number(row, "policy_epoch"),
                           .spec_sha256 = text(row, "spec_sha256"),
                           .spec = policy_from_json(text(row, "spec")),
                           .overrides = {},
                           .target = text(row, "target"),
                           .target_url = text(row, "url"),
                           .as_of = text(row, "as_of"),
                           .expire_at = text(row, "expire_at"),
                           .passes = number<std::int32_t>(row, "passes"),
                           .known = known_database(row),
                           .clock = {.us = number(row, "now_us"),
                                     .asked = asked,
                                     .answered = clock_.now(),
                                     .watched = flag(row, "clock_is_watched")},
                           .clock_skew_seconds = number(row, "clock_skew_seconds"),
                           .freeze = freeze_of(row)};
        const bool asks_overrides = kind == TaskKind::plan || keeps_strictly(context.spec);
        if (asks_overrides && context.spec.tenant)
          context.overrides = read_overrides(transaction, run);
        if (kind == TaskKind::plan) context.record = read_record(transaction, run);
        return context;
      });
}

}  // namespace lethe::db
