#include "common/db/queue_steps.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/control/run_step.hpp"
#include "common/db/queries.gen.hpp"

namespace lethe::db {

void Touches::add(const std::string& target, const std::string& tenant, const Change& change) {
  targets_[target][tenant] += change;
}

void Touches::add_waiting(const std::string& target, const std::string& tenant) {
  add(target, tenant, {.place = 0});
}

Touches::Change& Touches::Change::operator+=(const Change& other) {
  freed += other.freed;
  cost_ms += other.cost_ms;
  if (!place || (other.place && *other.place < *place)) place = other.place;
  return *this;
}

void lock_slots(Transaction& transaction, const std::vector<std::string>& targets) {
  transaction.exec(queries::targets_lock_slots, Params::of(to_array(targets)));
}

std::vector<std::string> try_lock_slots(Transaction& transaction,
                                        const std::vector<std::string>& targets) {
  std::vector<std::string> locked;
  for (const auto& row :
       transaction.exec(queries::targets_try_lock_slots, Params::of(to_array(targets))))
    locked.push_back(text(row, "target"));
  return locked;
}

void touch(Transaction& transaction, const Touches& touches) {
  for (const auto& [target, tenants] : touches.targets()) {
    auto list = nlohmann::json::array();
    for (const auto& [tenant, change] : tenants) {
      list.push_back({{"tenant", tenant}, {"freed", change.freed}, {"cost", change.cost_ms}});
      if (change.place) list.back()["place"] = *change.place;
    }
    transaction.exec(queries::shares_touch, Params::of(target, list.dump()));
  }
}

void recount(Transaction& transaction, const std::vector<std::string>& targets, bool thorough) {
  for (const auto& target : targets)
    transaction.exec(queries::shares_recount, Params::of(target, thorough));
}

std::vector<ReadyTasks> admit(Transaction& transaction, const std::vector<std::string>& targets) {
  constexpr int rounds_max = 20;  // each admits a part, or finds the next tenants in the line
  constexpr std::int64_t admitted_at_once_max = 256;  // items/admit.sql
  std::vector<ReadyTasks> admitted;
  for (const auto& target : targets) {
    ReadyTasks sum{.target = target, .lane = "", .tasks = 0};
    for (int round = 0; round < rounds_max; ++round) {
      const auto row = transaction.exec(queries::items_admit, Params::of(target)).at(0);
      const auto free = number(row, "free");
      const auto taken = number(row, "taken");
      if (taken > 0) {
        const std::string lane = text(row, "lane");
        sum.lane = sum.tasks == 0 || sum.lane == lane ? lane : "";
      }
      sum.tasks += taken;
      if (free == taken && free < admitted_at_once_max) break;
      if (taken + number(row, "aside") + number(row, "closed_shares") == 0) break;
    }
    if (sum.tasks > 0) admitted.push_back(std::move(sum));
  }
  return admitted;
}

void admit_and_tell(Transaction& transaction, const std::vector<std::string>& targets) {
  for (const ReadyTasks& some : admit(transaction, targets))
    tell(transaction, fmt::format("ready {} {}{}{}", some.tasks, some.target,
                                  some.lane.empty() ? "" : " ", some.lane));
}

void tell(Transaction& transaction, const std::string& news) {
  transaction.exec(queries::notices_tell, Params::of(news));
}

void rebalance(Transaction& transaction, const std::vector<std::string>& targets) {
  recount(transaction, targets);
  admit_and_tell(transaction, targets);
}

namespace {

RunProgress read_progress(const std::string& run, const pqxx::row& row) {
  return {.run = run,
          .state = text(row, "state"),
          .passes = number<std::int32_t>(row, "passes"),
          .rows = number(row, "rows"),
          .pass_rows = number(row, "pass_rows"),
          .cancel_requested = flag(row, "cancel_requested"),
          .late = flag(row, "late"),
          .has_live_tasks = flag(row, "has_live_tasks"),
          .cancelled_tasks = number(row, "cancelled_tasks"),
          .dead_reason = text(row, "dead_reason"),
          .refusal = text(row, "refusal")};
}

void touch_new_task(const pqxx::result& added, Touches& touches) {
  for (const auto& row : added) touches.add_waiting(text(row, "target"), text(row, "tenant"));
}

/// The run of the same policy that waited for this one, if any.
void begin_next_queued(Transaction& transaction, const std::string& ended,
                       const std::string& target, IdMaker& ids, Touches& touches) {
  const auto next = transaction.exec(queries::runs_next_queued, Params::of(ended));
  // Another target's slots are not locked: the scheduler begins that run with its next look.
  if (next.empty() || text(next.at(0), "target") != target) return;
  advance_run(transaction, text(next.at(0), "id"), ids, touches);
}

}  // namespace

void advance_run(Transaction& transaction, const std::string& run, IdMaker& ids, Touches& touches,
                 const std::optional<VerifyOutcome>& verified) {
  const auto rows = transaction.exec(queries::runs_progress, Params::of(run));
  if (rows.empty()) return;
  const auto row = rows.at(0);
  const RunStep step = next_run_step(read_progress(run, row), verified);
  switch (step.kind) {
    case RunStep::Kind::wait: return;
    case RunStep::Kind::begin:
      transaction.exec(queries::runs_begin_queued, Params::of(run));
      insert_tasks(
          transaction, run,
          {{.id = ids.next(), .source_id = run + "/plan/0", .kind = "plan", .payload = ""}});
      touches.add_waiting(text(row, "target"), text(row, "tenant"));
      return;
    case RunStep::Kind::verify:
    case RunStep::Kind::vacuum:
      touch_new_task(
          transaction.exec(queries::runs_start_last,
                           Params::of(run, ids.next(),
                                      step.kind == RunStep::Kind::verify ? "verify" : "vacuum")),
          touches);
      return;
    case RunStep::Kind::plan_again:
      touch_new_task(transaction.exec(queries::runs_start_pass,
                                      Params::of(run, ids.next(), step.delay.count())),
                     touches);
      return;
    case RunStep::Kind::finish: {
      const auto error = step.error.empty() ? std::nullopt : std::optional(storable(step.error));
      transaction.exec(queries::runs_finish, Params::of(run, step.state, error, step.no_vacuum));
      transaction.exec(queries::ledger_heads_complete, Params::of(run));
      begin_next_queued(transaction, run, text(row, "target"), ids, touches);
      return;
    }
  }
}

void insert_tasks(Transaction& transaction, const std::string& run,
                  const std::vector<QueuedTask>& tasks,
                  const std::optional<std::string>& not_before) {
  auto list = nlohmann::json::array();
  for (const auto& task : tasks) {
    list.push_back({{"id", task.id}, {"kind", task.kind}, {"payload", to_bytea(task.payload)}});
    if (!task.source_id.empty()) list.back()["source_id"] = task.source_id;
    if (task.batch_size > 0) list.back()["batch_size"] = task.batch_size;
  }
  transaction.exec(queries::items_insert, Params::of(run, list.dump(), not_before));
}

bool freeze(Transaction& transaction, const Pause& what, const std::string& reason) {
  const std::string kept = storable(reason);
  const auto frozen =
      transaction.exec(queries::pauses_freeze, Params::of(to_string(what.scope), what.name, kept));
  if (frozen.affected_rows() == 0) return false;
  transaction.exec(queries::items_park);
  audit(transaction, "lethe", what.scope == PauseScope::target ? "target.freeze" : "clock.freeze",
        what.name, kept);
  return true;
}

void audit(Transaction& transaction, const std::string& actor, const std::string& action,
           const std::string& object, const std::string& detail) {
  transaction.exec(queries::audit_lock);
  const auto written =
      transaction.exec(queries::audit_append, Params::of(actor, action, object, storable(detail)));
  // Nothing is done that is not audited.
  if (written.affected_rows() == 0)
    throw StoreError(Failure::rejected, "audit_append", "",
                     "the row of lethe.audit_head is missing; see lethe audit verify");
}

std::vector<std::string> all_target_names(Transaction& transaction) {
  std::vector<std::string> names;
  for (const auto& row : transaction.exec(queries::targets_names))
    names.push_back(text(row, "name"));
  return names;
}

std::string storable(const std::string& value) {
  constexpr std::size_t bytes_max = 2048;
  std::string result;
  for (const char c : value) {
    if (result.size() >= bytes_max) break;
    if (c != '\0') result += c;
  }
  // Do not leave half a UTF-8 character at the cut.
  while (!result.empty() && result.size() >= bytes_max &&
         (static_cast<unsigned char>(result.back()) & 0x80U) != 0)
    result.pop_back();
  return result;
}

}  // namespace lethe::db
