#include "common/db/pg_task_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <optional>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/clean_step.hpp"
#include "common/db/target/function_call.hpp"
#include "common/db/target/gate.hpp"
#include "common/db/target/look_step.hpp"
#include "common/db/target/quarantine.hpp"
#include "common/db/target/rights.hpp"
#include "common/db/target/space_step.hpp"
#include "common/db/target/vacuum_step.hpp"
#include "common/db/target/verify_step.hpp"
#include "common/db/target/weigh_step.hpp"
#include "common/logging.hpp"
#include "common/policies/action.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/stopwatch.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

/// No purge of a plan begins later; the next plan goes on.
constexpr std::chrono::milliseconds purge_time{5'000};

/// No VACUUM of a relation that was not tried before begins later; the next step goes on.
constexpr std::chrono::milliseconds vacuum_step_time{2'000};

/// Trouble that another table may not have.
bool is_about_one_table(TargetTrouble::Kind kind) {
  return kind == TargetTrouble::Kind::permanent || kind == TargetTrouble::Kind::unsupported ||
         kind == TargetTrouble::Kind::locked || kind == TargetTrouble::Kind::poisoned;
}

/// What kept two tables from being vacuumed: worth another attempt when one of them is.
TargetTrouble both(const TargetTrouble& first, const TargetTrouble& second) {
  TargetTrouble trouble = first.kind == TargetTrouble::Kind::locked ? first : second;
  trouble.message = first.message + "; " + second.message;
  return trouble;
}

/// A batch is shown in pg_stat_activity with the run and task that it works for.
std::string batch_name(const RunContext& run, const LeaseToken& lease) {
  return fmt::format("lethe/{}/{}", run.id.value, lease.task.value);
}

std::string batch_settings(const RunContext& run, const LeaseToken& lease) {
  return fmt::format("SET LOCAL application_name = '{}'", batch_name(run, lease));
}

/// Marks the session that cancel() may reach, for as long as it lives.
class Running {
 public:
  Running(std::mutex& mutex, Session*& slot, Session& session) : mutex_(mutex), slot_(slot) {
    const std::scoped_lock lock(mutex_);
    slot_ = &session;
  }
  ~Running() {
    const std::scoped_lock lock(mutex_);
    slot_ = nullptr;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::mutex& mutex_;
  Session*& slot_;
};

}  // namespace

Session& PgTaskRunner::session_for(const RunContext& run) {
  Target& target = targets_[run.target_url];
  target.used = true;
  if (target.session == nullptr)
    target.session =
        std::make_unique<Session>(SessionOptions{.connection = run.target_url,
                                                 .application_name = application_name_,
                                                 .statement_timeout = std::chrono::seconds(30),
                                                 .lock_timeout = lock_timeout_,
                                                 .idle_timeout = std::chrono::seconds(15)});
  return *target.session;
}

void PgTaskRunner::tidy() {
  for (auto it = targets_.begin(); it != targets_.end();) {
    const bool idle = !it->second.used;
    it->second.used = false;
    it = idle ? targets_.erase(it) : std::next(it);
  }
}

void PgTaskRunner::cancel() noexcept {
  const std::scoped_lock lock(running_mutex_);
  if (running_ != nullptr) running_->cancel();
}

std::optional<TargetTrouble> PgTaskRunner::frozen(const RunContext& run) {
  using Kind = TargetTrouble::Kind;
  if (run.freeze.kind == Freeze::Kind::clock) freeze_target(run, run.freeze);
  if (run.freeze.kind != Freeze::Kind::none)
    return TargetTrouble{.kind = Kind::halted, .message = run.freeze.reason, .sqlstate = ""};
  if (run.clock.watched) return std::nullopt;
  return TargetTrouble{.kind = Kind::halted,
                       .message =
                           "nobody has looked lately whether the control database's clock "
                           "jumped; the next heartbeat does",
                       .sqlstate = ""};
}

void PgTaskRunner::freeze_target(const RunContext& run, const Freeze& freeze) noexcept {
  try {
    freeze_gate(session_for(run), freeze);
  } catch (const std::exception& error) {
    log_event(LogLevel::warn, "gate_not_frozen",
              {{"target", run.target}, {"reason", freeze.reason}, {"error", error.what()}});
  }
}

void PgTaskRunner::require_role(Transaction& transaction, const RunContext& run) {
  Target& target = targets_[run.target_url];
  if (superusers_ == Superusers::allow || target.role_is_known) return;
  const Finding role = look_up_role(transaction, "");
  if (!role.ok)
    stop(TargetTrouble::Kind::unsupported,
         fmt::format("{}; {}, or start them with superuser: allow", role.what, role.cure));
  target.role_is_known = true;
}

/// Runs `body(Transaction&)` on the run's target and turns whatever ends it into TargetTrouble.
/// commit_unknown passes through as StoreError: only the caller knows what to ask the fence.
template <class Result, class Body>
std::variant<Result, TargetTrouble> PgTaskRunner::guarded(const RunContext& run,
                                                          const LeaseToken& lease, Body&& body) {
  if (auto trouble = frozen(run)) return *std::move(trouble);
  Session& session = session_for(run);
  const Running running(running_mutex_, running_, session);
  try {
    return transact(
        session, "batch",
        [&](Transaction& transaction) {
          require_role(transaction, run);
          return body(transaction);
        },
        batch_settings(run, lease));
  } catch (const Stop& stopped) {
    if (stopped.trouble.kind == TargetTrouble::Kind::frozen)
      freeze_target(run, {.kind = Freeze::Kind::database, .reason = stopped.trouble.message});
    return stopped.trouble;
  } catch (const UserError& error) {
    return TargetTrouble{
        .kind = TargetTrouble::Kind::unsupported, .message = error.what(), .sqlstate = ""};
  } catch (const StoreError& error) {
    if (error.failure() == Failure::commit_unknown) throw;
    return to_trouble(error);
  }
}

void PgTaskRunner::purge_due(const RunContext& run, const LeaseToken& lease, PlanFacts& facts) {
  if (run.policy.empty() || !drops_partitions(run.spec)) return;
  const Stopwatch watch;
  std::int64_t reached = 0;
  while (watch.elapsed() < purge_time) {
    const std::int64_t before = reached;
    // One transaction each, so that one that cannot go does not keep the others.
    const auto result = guarded<bool>(run, lease, [&](Transaction& transaction) {
      static_cast<void>(admit_fence(transaction, run, lease));
      static_cast<void>(pass_gate(transaction, run, {}));
      const auto id = next_due(transaction, run.policy, reached);
      if (!id) return false;
      reached = *id;
      return purge_quarantined(transaction, *id, "run " + run.id.value);
    });
    if (reached == before) return;  // none left, or the plan will meet the same trouble
    if (const auto* trouble = std::get_if<TargetTrouble>(&result)) {
      if (!is_about_one_table(trouble->kind)) return;
      facts.purge_problem = trouble->message;
    } else if (std::get<bool>(result)) {
      ++facts.purged;
    }
  }
}

std::variant<PlanFacts, TargetTrouble> PgTaskRunner::look(const RunContext& run,
                                                          const LeaseToken& lease) {
  try {
    PlanFacts purged;
    purge_due(run, lease, purged);
    auto looked = guarded<PlanFacts>(
        run, lease, [&](Transaction& transaction) { return look_step(transaction, run, lease); });
    if (auto* facts = std::get_if<PlanFacts>(&looked)) {
      facts->purged = purged.purged;
      facts->purge_problem = purged.purge_problem;
    }
    return looked;
  } catch (const StoreError& error) {
    return to_trouble(error);  // looking again does no harm, whether or not it was committed
  }
}

std::variant<Volume, TargetTrouble> PgTaskRunner::weigh(const RunContext& run,
                                                        const LeaseToken& lease,
                                                        const RunBounds& bounds,
                                                        std::int64_t rows_max) {
  try {
    auto weighed = guarded<Volume>(run, lease, [&](Transaction& transaction) {
      return weigh_step(transaction, run, lease, bounds);
    });
    auto* volume = std::get_if<Volume>(&weighed);
    if (volume == nullptr || !needs_count(*volume, rows_max)) return weighed;
    // In a transaction of its own, for one that took too long is lost.
    const auto counted = guarded<std::int64_t>(run, lease, [&](Transaction& transaction) {
      return count_eligible(transaction, run, lease, bounds, rows_max);
    });
    if (const auto* trouble = std::get_if<TargetTrouble>(&counted)) {
      if (trouble->kind != TargetTrouble::Kind::timed_out) return *trouble;
    } else {
      *volume = corrected(*volume, std::get<std::int64_t>(counted), rows_max);
    }
    return weighed;
  } catch (const StoreError& error) {
    return to_trouble(error);  // counting again does no harm, whether or not it was committed
  }
}

std::variant<BatchDone, TargetTrouble> PgTaskRunner::clean(const RunContext& run,
                                                           const LeaseToken& lease,
                                                           const TaskPayload& payload,
                                                           std::int64_t size) {
  assert(payload.work.has_value() && size > 0);
  using Kind = TargetTrouble::Kind;
  const auto kind_of = [](const auto& outcome) {
    const auto* trouble = std::get_if<TargetTrouble>(&outcome);
    return trouble == nullptr ? std::optional<Kind>() : trouble->kind;
  };
  const Strategy strategy = payload.work->strategy;
  const bool by_rows = visits_all(strategy) || strategy == Strategy::index;
  auto result = clean_once(run, lease, payload, size, BatchForm::whole);
  // What met a locked row repeats its range in the form that leaves such rows for later.
  const bool has_children = by_rows && !run.spec.cascade.empty();
  if (kind_of(result) == Kind::locked && by_rows && !has_children) {
    auto slower = clean_once(run, lease, payload, size, BatchForm::skip_locked);
    const auto* refused = std::get_if<TargetTrouble>(&slower);
    // That form locks rows, which takes more rights; without them the lock has to go by itself.
    if (refused == nullptr || refused->sqlstate != "42501") result = std::move(slower);
  }
  const bool holds_up =
      kind_of(result) == Kind::poisoned || (kind_of(result) == Kind::locked && has_children);
  if (by_rows && holds_up && size <= isolated_at(strategy))
    return clean_once(run, lease, payload, size, BatchForm::row_by_row);
  // A child that somebody locks is looked for as a poisoned row is, and its parent left for later.
  if (has_children && kind_of(result) == Kind::locked)
    std::get<TargetTrouble>(result).kind = Kind::poisoned;
  return result;
}

std::variant<BatchDone, TargetTrouble> PgTaskRunner::clean_once(const RunContext& run,
                                                                const LeaseToken& lease,
                                                                const TaskPayload& payload,
                                                                std::int64_t size, BatchForm form) {
  BatchProgress progress;
  try {
    auto result = guarded<BatchDone>(run, lease, [&](Transaction& transaction) {
      const CleanStep step{.run = run,
                           .lease = lease,
                           .payload = payload,
                           .size = size,
                           .form = form,
                           .archive = archive_.get()};
      return step.run_in(transaction, progress);
    });
    after_call(run, payload, progress.calling, result);
    return result;
  } catch (const StoreError& error) {
    if (!progress.before.has_value()) return to_trouble(error);
    return after_unknown_commit(run, lease, *progress.before, size);
  }
}

void PgTaskRunner::after_call(const RunContext& run, const TaskPayload& payload, bool calling,
                              std::variant<BatchDone, TargetTrouble>& result) {
  if (payload.work->strategy != Strategy::call) return;
  session_for(run).discard();
  auto* trouble = std::get_if<TargetTrouble>(&result);
  if (trouble != nullptr && trouble->kind == TargetTrouble::Kind::poisoned)
    trouble->kind = TargetTrouble::Kind::permanent;  // no row of it stands alone for us
  if (trouble != nullptr && calling && !trouble->sqlstate.empty())
    trouble->message =
        call_error(to_text(run.spec.action.function), trouble->message, trouble->sqlstate);
}

std::variant<BatchDone, TargetTrouble> PgTaskRunner::after_unknown_commit(const RunContext& run,
                                                                          const LeaseToken& lease,
                                                                          const FenceTotals& before,
                                                                          std::int64_t size) {
  using Found = std::optional<BatchDone>;
  std::variant<Found, TargetTrouble> answer;
  try {
    answer = guarded<Found>(run, lease, [&](Transaction& transaction) -> Found {
      const auto rows =
          transaction.exec(queries::fence_totals, Params::of(lease.task.value, lease.epoch));
      if (rows.empty()) return std::nullopt;
      const auto row = rows.at(0);
      const FenceTotals now{.batches = number(row, "batches"),
                            .rows = number(row, "rows"),
                            .ledger_head = text(row, "ledger_hash")};
      if (now.batches == before.batches) return std::nullopt;
      return BatchDone{.totals = now,
                       .rows = now.rows - before.rows,
                       .size = size,
                       .finished = flag(row, "finished"),
                       .parked = 0,
                       .took = {}};
    });
  } catch (const StoreError& error) {
    return to_trouble(error);
  }
  if (const auto* trouble = std::get_if<TargetTrouble>(&answer)) return *trouble;
  if (const auto& found = std::get<Found>(answer)) return *found;
  return TargetTrouble{.kind = TargetTrouble::Kind::unreachable,
                       .message = "the connection broke and the batch was rolled back",
                       .sqlstate = ""};
}

std::optional<Space> PgTaskRunner::look_at_space_of(const RunContext& run,
                                                    const LeaseToken& lease) {
  if (run.spec.action.kind == Action::Kind::call) return std::nullopt;
  try {
    auto looked = guarded<Space>(
        run, lease, [&](Transaction& transaction) { return look_at_space(transaction, run); });
    if (auto* space = std::get_if<Space>(&looked)) return *space;
  } catch (const StoreError&) {
    return std::nullopt;
  }
  return std::nullopt;
}

std::variant<Verified, TargetTrouble> PgTaskRunner::verify(const RunContext& run,
                                                           const LeaseToken& lease,
                                                           const TaskPayload& payload) {
  try {
    auto result = guarded<Verified>(run, lease, [&](Transaction& transaction) {
      return verify_step(transaction, run, lease, payload.bounds);
    });
    // In a transaction of its own: what a look at statistics meets must not undo the proof.
    if (auto* verified = std::get_if<Verified>(&result);
        verified != nullptr && verified->finished && verified->clean)
      verified->space = look_at_space_of(run, lease);
    return result;
  } catch (const StoreError& error) {
    return to_trouble(error);  // looking again does no harm, whether or not it was committed
  }
}

std::optional<TargetTrouble> PgTaskRunner::vacuum_one(Session& session, const std::string& relation,
                                                      std::chrono::milliseconds time) {
  const Running running(running_mutex_, running_, session);
  try {
    vacuum_relation(session, relation, std::max(time, std::chrono::milliseconds(1)));
    return std::nullopt;
  } catch (const StoreError& error) {
    TargetTrouble trouble = to_trouble(error);
    trouble.message = fmt::format("VACUUM of {}: {}", relation, trouble.message);
    return trouble;
  }
}

std::variant<Vacuumed, TargetTrouble> PgTaskRunner::vacuum(const RunContext& run,
                                                           const LeaseToken& lease,
                                                           std::chrono::milliseconds time) {
  const Stopwatch watch;
  try {
    const auto found = guarded<VacuumWork>(run, lease, [&](Transaction& transaction) {
      return look_for_vacuum(transaction, run, lease);
    });
    if (const auto* trouble = std::get_if<TargetTrouble>(&found)) return *trouble;
    const auto& work = std::get<VacuumWork>(found);
    VacuumProgress progress = work.progress;
    std::optional<TargetTrouble> left;
    // These settings are not a batch's.
    Session session({.connection = run.target_url,
                     .application_name = batch_name(run, lease),
                     .lock_timeout = lock_timeout_,
                     .settings = SettingsScope::session});
    for (const auto& [oid, name] : work.relations) {
      if (!work.again && watch.elapsed() > vacuum_step_time) return Vacuumed{};
      const auto trouble = vacuum_one(session, name, time - watch.elapsed());
      if (trouble && !is_about_one_table(trouble->kind)) return *trouble;
      if (trouble) left = left ? both(*left, *trouble) : *trouble;
      progress.tried(oid, !trouble);
      // The fence after each VACUUM and before the next. One that is late all the same does no
      // harm: it changes no row, and the server runs one at a time on a table.
      const auto kept = guarded<bool>(run, lease, [&](Transaction& transaction) {
        remember_vacuum(transaction, run, lease, progress);
        return true;
      });
      if (const auto* stopped = std::get_if<TargetTrouble>(&kept)) return *stopped;
    }
    if (!work.again && !progress.left.empty()) return Vacuumed{};
    if (!left)
      return Vacuumed{
          .finished = true, .left = work.forbidden, .space = look_at_space_of(run, lease)};
    if (!work.forbidden.empty()) left->message += "; " + work.forbidden;
    return *left;
  } catch (const StoreError& error) {
    return to_trouble(error);  // looking again does no harm, whether or not it was committed
  }
}

}  // namespace lethe::db
