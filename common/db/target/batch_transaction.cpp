#include "common/db/target/batch_transaction.hpp"

#include <fmt/format.h>

#include "common/clock.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/sqlstate.hpp"
#include "common/db/target/gate.hpp"
#include "common/policies/policy_json.hpp"
#include "common/tasks/known_database.hpp"

namespace lethe::db {

using Kind = TargetTrouble::Kind;

void stop(Kind kind, std::string message) {
  throw Stop{{.kind = kind, .message = std::move(message), .sqlstate = ""}};
}

Fence admit_fence(Transaction& transaction, const RunContext& run, const LeaseToken& lease) {
  const auto rows = transaction.exec(queries::fence_admit,
                                     Params::of(lease.task.value, run.id.value, lease.epoch));
  if (rows.empty()) stop(Kind::fenced, "a newer lease of this task has been here");
  const auto row = rows.at(0);
  return {.totals = {.batches = number(row, "batches"),
                     .rows = number(row, "rows"),
                     .ledger_head = text(row, "ledger_hash")},
          .cursor = text(row, "cursor"),
          .finished = flag(row, "finished"),
          .has_parked = flag(row, "has_parked")};
}

namespace {

Limit limit_of(const pqxx::row& row, const std::string& name) {
  return {.timestamptz = text(row, (name + "_timestamptz").c_str()),
          .timestamp = text(row, (name + "_timestamp").c_str()),
          .date = text(row, (name + "_date").c_str()),
          .us = number(row, (name + "_us").c_str())};
}

DatabaseIdentity identity_of(const pqxx::row& row) {
  return {.system_identifier = text(row, "system_identifier"),
          .timeline = number(row, "timeline"),
          .database = number(row, "database_oid")};
}

Limits limits_of(const pqxx::row& row) {
  return {.as_of = text(row, "as_of"),
          .own_shift = "",
          .cutoff = limit_of(row, "cutoff"),
          .floor = limit_of(row, "floor"),
          .reach = limit_of(row, "reach")};
}

/// Nobody but a person can tell whether it may go on.
void stop_when_strange(const RunContext& run, const pqxx::row& row) {
  if (const auto by = freeze_kind(text(row, "frozen_by")); by != Freeze::Kind::none)
    stop(by == Freeze::Kind::database ? Kind::frozen : Kind::halted, text(row, "frozen"));
  const SeenDatabase seen{.identity = identity_of(row),
                          .has_task = flag(row, "has_task"),
                          .has_ledger = flag(row, "has_ledger")};
  if (const std::string strange = database_problem(run.known, seen); !strange.empty())
    stop(Kind::frozen,
         fmt::format("target {} is not the database that it was: {}; look at it, then: lethe "
                     "target acknowledge {}",
                     run.target, strange, run.target));
}

}  // namespace

PreviewLimits preview_limits(Transaction& transaction, const Policy& policy,
                             const PreviewBounds& bounds) {
  const std::string retain = to_interval(policy.retain);
  const auto row =
      transaction
          .exec(queries::gate_limits,
                Params::of(retain, bounds.shortest_retain.empty() ? retain : bounds.shortest_retain,
                           bounds.not_after))
          .at(0);
  return {.limits = limits_of(row), .age_cutoff = text(row, "age_cutoff")};
}

namespace {

/// What the gate says, whoever asks; no row when it has none.
pqxx::result read_gate(Transaction& transaction, const RunContext& run, const RunBounds& bounds) {
  const std::string retain = to_interval(run.spec.retain);
  const auto minutes = [&](TimeOfDay TimeWindow::*end) {
    return run.spec.window ? std::optional((*run.spec.window.*end).minutes) : std::nullopt;
  };
  return transaction.exec(
      queries::gate_read,
      Params::of(run.policy, run.as_of, retain, run.id.value, bounds.not_after, run.expire_at,
                 minutes(&TimeWindow::from), minutes(&TimeWindow::to), run.spec.timezone,
                 run.known.task, run.known.ledger.id, run.known.ledger.hash));
}

Passed passed_of(const pqxx::row& row) {
  Passed passed{.limits = limits_of(row), .has_holds = flag(row, "has_holds")};
  passed.limits.own_shift = text(row, "shift");
  passed.database = identity_of(row);
  return passed;
}

void require_cutoffs(const pqxx::row& row, const RunBounds& bounds) {
  if (bounds.has_cutoffs && !flag(row, "has_cutoffs"))
    stop(Kind::changed, "the tenants' own cutoffs of this run are gone; run the policy again");
}

}  // namespace

Passed look_through_gate(Transaction& transaction, const RunContext& run, const RunBounds& bounds) {
  const auto rows = read_gate(transaction, run, bounds);
  if (rows.empty())
    stop(Kind::halted, "the gate's row '*' is missing; run: lethe target install NAME");
  require_cutoffs(rows.at(0), bounds);
  return passed_of(rows.at(0));
}

Passed pass_gate(Transaction& transaction, const RunContext& run, const RunBounds& bounds) {
  transaction.exec(queries::gate_lock_shared, Params::of(run.policy));
  const SystemClock clock;
  const auto asked = clock.now();
  const auto rows = read_gate(transaction, run, bounds);
  const auto answered = clock.now();
  if (rows.empty())
    stop(Kind::halted, "the gate's row '*' is missing; run: lethe target install " + run.target);
  const auto row = rows.at(0);
  stop_when_strange(run, row);
  if (flag(row, "all_halted"))
    stop(Kind::halted, "the target is halted: " + text(row, "all_reason"));
  if (!run.policy.empty()) {
    const auto epoch = maybe<std::int64_t>(row, "policy_epoch");
    if (epoch != run.policy_epoch)
      stop(Kind::stale, fmt::format("the policy is at epoch {} here, this run was made at {}",
                                    epoch.value_or(0), run.policy_epoch));
    if (flag(row, "policy_halted"))
      stop(Kind::halted, "the policy is halted: " + text(row, "policy_reason"));
  }
  const std::string skew =
      clock_problem(run.clock, {.us = number(row, "now_us"), .asked = asked, .answered = answered},
                    std::chrono::seconds(run.clock_skew_seconds));
  if (!skew.empty()) stop(Kind::unsupported, fmt::format("target {}: {}", run.target, skew));
  if (flag(row, "closed")) stop(Kind::closed, "outside the policy's window");
  if (flag(row, "expired")) stop(Kind::expired, "expired: the run's time was over");
  require_cutoffs(row, bounds);
  return passed_of(row);
}

void keep_limit(Transaction& transaction, const RunContext& run, const RowLimit& limit,
                std::int64_t rows) {
  if (!limit.is_set()) return;
  // Whoever has the lock only commits, which may take a while where a standby has to confirm it.
  transaction.exec_text("SET LOCAL lock_timeout = '10s'");
  transaction.exec(queries::fence_lock_run, Params::of(run.id.value));
  // A statement of its own: its snapshot is younger than the lock.
  const auto total =
      number(transaction.exec(queries::fence_rows_of_run, Params::of(run.id.value)).at(0), "rows");
  if (total <= limit.rows_max) return;
  stop(Kind::refused,
       fmt::format("reached {}: {} rows {}, the rest stays, among it the {} of the next batch; {}",
                   limit.name, total - rows,
                   run.spec.action.kind == Action::Kind::set ? "were changed" : "were deleted",
                   rows, limit.cure));
}

namespace {

/// LOCK TABLE asks for a right on the whole table, which a role that may update some columns need
/// not have. Explaining the UPDATE takes the same lock and fires no trigger.
void lock_for_update(Transaction& transaction, const Action& action, std::uint32_t relation,
                     const std::string& name) {
  const TableFacts table = look_up_columns(transaction, relation, {});
  const auto column = table.columns.find(action.values.begin()->first);
  if (column == table.columns.end())
    stop(Kind::changed, fmt::format("{} lost column '{}' since it was planned", name,
                                    action.values.begin()->first));
  transaction.exec_built(fmt::format("EXPLAIN UPDATE ONLY {0} AS x SET {1} = x.{1} WHERE false",
                                     name, column->second.quoted));
}

}  // namespace

Identity confirm_identity(Transaction& transaction, const Action& action, const CleanWork& work) {
  const Identity before = look_up_identity(transaction, work.relation);
  if (before.name.empty()) stop(Kind::changed, "the table was dropped since it was planned");
  // Lock by name, then look at the oid again: whatever the name stood for is now ours to keep, and
  // if it was another table meanwhile, the fingerprint of our oid has another name.
  if (action.kind == Action::Kind::set)
    lock_for_update(transaction, action, work.relation, before.name);
  else
    transaction.exec_built(fmt::format("LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE", before.name));
  Identity now = look_up_identity(transaction, work.relation);
  if (now.name != before.name || now.fingerprint != work.fingerprint)
    stop(Kind::changed,
         fmt::format("{} changed since it was planned (columns, owner, triggers, rules, row "
                     "security, foreign keys or its name)",
                     before.name));
  return now;
}

TargetTrouble to_trouble(const StoreError& error) {
  const auto kind = [&] {
    const bool broken =
        error.failure() == Failure::connection_lost || error.failure() == Failure::commit_unknown;
    if (broken) return Kind::unreachable;
    switch (remedy_for(error.sqlstate())) {
      case Remedy::retry: return Kind::retryable;
      case Remedy::shrink: return Kind::timed_out;
      case Remedy::wait: return Kind::locked;
      case Remedy::reconnect: return Kind::unreachable;
      case Remedy::bisect: return Kind::poisoned;
      case Remedy::stop: return Kind::permanent;
    }
    return Kind::permanent;
  }();
  return {.kind = kind, .message = error.detail(), .sqlstate = error.sqlstate()};
}

}  // namespace lethe::db
