#include "common/db/pg_scheduler_store.hpp"

#include <fmt/format.h>

#include <set>

#include "common/db/new_run.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"
#include "common/policies/policy_json.hpp"

namespace lethe::db {

namespace {

/// Runs `body` in a transaction in which `term` is proved and stays true; an empty result when the
/// term is over.
template <class Body>
auto as_leader(Session& session, const Term& term, std::string_view name, Body&& body) {
  using Result = decltype(body(std::declval<Transaction&>()));
  return transact(session, name, [&](Transaction& transaction) -> Result {
    const auto leads = transaction.exec(queries::leader_hold, Params::of(term.holder, term.number));
    return leads.empty() ? Result{} : body(transaction);
  });
}

std::vector<std::string> to_list(const std::set<std::string>& names) {
  return {names.begin(), names.end()};
}

Instant instant(std::int64_t microseconds) {
  return Instant(std::chrono::microseconds(microseconds));
}

/// Whether a firing runs now, waits for the open run, or is only recorded.
void decide_overlap(Transaction& transaction, Overlap overlap, NewRun& run) {
  const auto open = transaction.exec(queries::policies_open_runs, Params::of(run.spec.name));
  if (open.empty() || !run.skipped_because.empty()) return;
  bool somebody_waits = false;
  for (const auto& row : open) somebody_waits = somebody_waits || flag(row, "queued");
  run.queued = overlap == Overlap::queue && !somebody_waits;
  if (run.queued) return;
  run.skipped_because =
      somebody_waits
          ? fmt::format("run {} of this policy was waiting already", text(open.back(), "id"))
          : fmt::format("run {} of this policy was still open", text(open.at(0), "id"));
}

}  // namespace

std::optional<Term> PgLeadership::campaign(const std::string& holder,
                                           std::chrono::milliseconds length) {
  return transact(
      session_, "leader_campaign", [&](Transaction& transaction) -> std::optional<Term> {
        const auto rows =
            transaction.exec(queries::leader_campaign, Params::of(holder, length.count()));
        if (rows.empty()) return std::nullopt;
        return Term{.holder = holder, .number = number(rows.at(0), "term")};
      });
}

void PgLeadership::resign(const Term& term) {
  transact(session_, "leader_resign", [&](Transaction& transaction) {
    transaction.exec(queries::leader_resign, Params::of(term.holder, term.number));
  });
}

std::vector<DuePolicy> PgSchedulerStore::due_policies(std::int32_t policies_max,
                                                      const std::string& after) {
  return transact(session_, "policies_due", [&](Transaction& transaction) {
    std::vector<DuePolicy> due;
    for (const auto& row : transaction.exec(queries::policies_due, Params::of(policies_max, after)))
      due.push_back({.name = text(row, "name"),
                     .spec_text = text(row, "spec"),
                     .epoch = number(row, "epoch"),
                     .fire_cursor = instant(number(row, "fire_cursor")),
                     .now = instant(number(row, "now"))});
    return due;
  });
}

Fired PgSchedulerStore::make_run(Transaction& transaction, const Firing& firing) {
  Fired fired{.leads = true};
  NewRun run{.id = ids_.next(),
             .spec = policy_from_json(firing.spec_text),
             .policy_epoch = firing.epoch,
             .scheduled_for = std::nullopt,
             .requested_by = "scheduler",
             .skipped_because = "",
             .queued = false,
             .spec_is_stored = true,
             .source_id = ""};
  for (const Instant missed : firing.missed) {
    NewRun skipped = run;
    skipped.id = ids_.next();
    skipped.scheduled_for = to_iso8601(missed);
    skipped.skipped_because =
        firing.run_newest
            ? fmt::format("missed; made up for by the run of {}", to_iso8601(firing.scheduled_for))
            : std::string("missed: no scheduler was there in time");
    if (insert_run(transaction, skipped)) ++fired.skipped;  // one that is there already is fine
  }
  run.scheduled_for = to_iso8601(firing.scheduled_for);
  if (!firing.run_newest) run.skipped_because = "missed: no scheduler was there in time";
  decide_overlap(transaction, firing.overlap, run);
  if (!insert_run(transaction, run)) return fired;
  if (!run.skipped_because.empty()) {
    ++fired.skipped;
    return fired;
  }
  fired.run = run.id;
  if (!run.queued)
    insert_tasks(
        transaction, run.id,
        {{.id = ids_.next(), .source_id = run.id + "/plan/0", .kind = "plan", .payload = ""}});
  return fired;
}

Fired PgSchedulerStore::fire(const Term& term, const Firing& firing) {
  return as_leader(session_, term, "policies_fire", [&](Transaction& transaction) {
    lock_slots(transaction, {firing.target});
    const auto next = firing.next ? std::optional(to_iso8601(*firing.next)) : std::nullopt;
    const auto moved = transaction.exec(
        queries::policies_set_fired,
        Params::of(firing.policy, firing.epoch, to_iso8601(firing.scheduled_for), next));
    // Changed meanwhile: the next turn reads it anew.
    if (moved.affected_rows() == 0) return Fired{.leads = true};
    Fired fired = make_run(transaction, firing);
    Touches touches;
    touches.add_waiting(firing.target, "");
    touch(transaction, touches);
    admit_and_tell(transaction, {firing.target});
    return fired;
  });
}

std::int32_t PgSchedulerStore::promote(const Term& term, std::int32_t tasks_max) {
  return as_leader(session_, term, "items_promote", [&](Transaction& transaction) {
    std::set<std::string> targets;
    for (const auto& row : transaction.exec(queries::items_due, Params::of(tasks_max)))
      targets.insert(text(row, "target"));
    if (targets.empty()) return std::int32_t{0};
    lock_slots(transaction, to_list(targets));
    Touches touches;
    const auto promoted =
        transaction.exec(queries::items_promote, Params::of(tasks_max, to_array(to_list(targets))));
    for (const auto& row : promoted) touches.add_waiting(text(row, "target"), text(row, "tenant"));
    touch(transaction, touches);
    admit_and_tell(transaction, to_list(targets));
    return static_cast<std::int32_t>(promoted.size());
  });
}

std::vector<Rescue> PgSchedulerStore::rescue(const Term& term, std::chrono::milliseconds worker_ttl,
                                             std::int32_t tasks_max, bool deadlines) {
  constexpr std::int32_t rescues_max = 3;
  return as_leader(session_, term, "items_rescue", [&](Transaction& transaction) {
    std::vector<Rescue> rescued;
    transaction.exec(queries::workers_mark_lost, Params::of(worker_ttl.count()));
    std::vector<std::string> tasks;
    std::set<std::string> targets;
    for (const auto& row : transaction.exec(queries::items_lapsed,
                                            Params::of(worker_ttl.count(), tasks_max, deadlines))) {
      tasks.push_back(text(row, "id"));
      targets.insert(text(row, "target"));
    }
    if (tasks.empty()) return rescued;
    lock_slots(transaction, to_list(targets));
    std::set<std::string> moved_runs;
    for (const auto& row : transaction.exec(
             queries::items_rescue, Params::of(to_array(tasks), worker_ttl.count(), rescues_max))) {
      rescued.push_back({.task = text(row, "id"),
                         .run = text(row, "run_id"),
                         .worker = number(row, "worker"),
                         .why = text(row, "why"),
                         .dead = flag(row, "dead")});
      if (rescued.back().dead) moved_runs.insert(rescued.back().run);
    }
    advance(transaction, moved_runs);
    rebalance(transaction, to_list(targets));
    return rescued;
  });
}

std::int32_t PgSchedulerStore::expire(const Term& term, std::int32_t tasks_max) {
  return as_leader(session_, term, "items_expire", [&](Transaction& transaction) {
    const auto late = transaction.exec(queries::runs_late, Params::of(tasks_max));
    std::set<std::string> targets;
    for (const auto& row : late) targets.insert(text(row, "target"));
    if (targets.empty()) return std::int32_t{0};
    lock_slots(transaction, to_list(targets));
    std::set<std::string> runs;
    const auto rows = transaction.exec(queries::items_expire, Params::of(tasks_max));
    for (const auto& row : rows) runs.insert(text(row, "run_id"));
    advance(transaction, runs);
    rebalance(transaction, to_list(targets));
    return static_cast<std::int32_t>(rows.size());
  });
}

std::int32_t PgSchedulerStore::close_runs(const Term& term, std::int32_t runs_max) {
  return as_leader(session_, term, "runs_close", [&](Transaction& transaction) {
    std::set<std::string> runs;
    std::set<std::string> targets;
    const auto note = [&](const pqxx::result& rows) {
      for (const auto& row : rows) {
        runs.insert(text(row, "id"));
        targets.insert(text(row, "target"));
      }
    };
    note(transaction.exec(queries::runs_live, Params::of(runs_max)));
    const auto leftovers = transaction.exec(queries::runs_leftovers, Params::of(runs_max));
    note(leftovers);
    if (runs.empty()) return std::int32_t{0};
    lock_slots(transaction, to_list(targets));
    for (const auto& row : leftovers)
      transaction.exec(queries::items_cancel, Params::of(text(row, "id"), std::nullopt));
    advance(transaction, runs);
    rebalance(transaction, to_list(targets));
    return static_cast<std::int32_t>(runs.size());
  });
}

void PgSchedulerStore::advance(Transaction& transaction, const std::set<std::string>& runs) {
  Touches touches;  // every caller recounts, which finds the new tasks too
  for (const auto& run : runs) advance_run(transaction, run, ids_, touches);
}

void PgSchedulerStore::advance_lanes(const Term& term) {
  as_leader(session_, term, "lanes_advance", [&](Transaction& transaction) {
    transaction.exec(queries::lanes_lock_admission);
    transaction.exec(queries::lanes_advance);
    return true;
  });
}

void PgSchedulerStore::recount(const Term& term, const std::function<bool()>& goes_on) {
  // Tenants that nobody touched are rare, and finding them reads every line from its beginning.
  constexpr int recounts_per_thorough_one = 5;
  const bool thorough = recounts_++ % recounts_per_thorough_one == 0;
  const auto targets = as_leader(session_, term, "targets_names", all_target_names);
  for (const auto& target : targets) {  // one by one: no target waits for another one's count
    if (!goes_on()) return;
    as_leader(session_, term, "shares_recount", [&](Transaction& transaction) {
      lock_slots(transaction, {target});
      db::recount(transaction, {target}, thorough);
      admit_and_tell(transaction, {target});
      return true;
    });
  }
}

void PgSchedulerStore::keep_house(const Term& term, const KeepDays& days) {
  as_leader(session_, term, "keep_house", [&](Transaction& transaction) {
    if (!flag(transaction.exec(queries::clock_is_sure).at(0), "sure")) return true;
    transaction.exec(queries::workers_forget);
    transaction.exec(queries::schedulers_forget);
    transaction.exec(queries::commands_forget);
    transaction.exec(queries::stops_forget);
    transaction.exec(queries::dead_forget, Params::of(days.dead));
    for (const auto& row :
         transaction.exec(queries::history_partition_days, Params::of(days.history))) {
      // DDL takes no parameters; the names and days are made by that statement, from numbers only.
      const std::string name = text(row, "name");
      const std::string action = text(row, "action");
      if (action == "empty")
        transaction.exec(queries::history_empty_default, Params::of(days.history));
      if (action == "drop") transaction.exec_text(fmt::format("DROP TABLE lethe.{}", name));
      if (action == "create")
        transaction.exec_text(
            fmt::format("CREATE TABLE lethe.{} PARTITION OF lethe.history "
                        "FOR VALUES FROM ('{} 00:00+00') TO ('{} 00:00+00')",
                        name, text(row, "day_from"), text(row, "day_to")));
    }
    return true;
  });
  as_leader(session_, term, "shares_forget", [&](Transaction& transaction) {
    const auto targets = all_target_names(transaction);
    lock_slots(transaction, targets);
    transaction.exec(queries::shares_forget, Params::of(to_array(targets)));
    return true;
  });
}

}  // namespace lethe::db
