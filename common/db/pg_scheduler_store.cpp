#include "common/db/pg_scheduler_store.hpp"

#include <fmt/format.h>

#include <set>

#include "common/db/new_run.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"

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

std::vector<DuePolicy> PgSchedulerStore::due_policies(std::int32_t policies_max) {
  return transact(session_, "policies_due", [&](Transaction& transaction) {
    std::vector<DuePolicy> due;
    for (const auto& row : transaction.exec(queries::policies_due, Params::of(policies_max)))
      due.push_back({.name = text(row, "name"),
                     .spec_text = text(row, "spec_text"),
                     .epoch = number(row, "epoch"),
                     .fire_cursor = instant(number(row, "fire_cursor")),
                     .now = instant(number(row, "now"))});
    return due;
  });
}

std::string PgSchedulerStore::make_run(Transaction& transaction, const Firing& firing) {
  NewRun run{.id = ids_.next(),
             .policy = firing.policy,
             .policy_epoch = firing.epoch,
             .target = firing.target,
             .spec_text = firing.spec_text,
             .retain = firing.retain,
             .scheduled_for = std::nullopt,
             .requested_by = "scheduler",
             .skipped_because = ""};
  for (const Instant missed : firing.missed) {
    NewRun skipped = run;
    skipped.id = ids_.next();
    skipped.scheduled_for = to_iso8601(missed);
    skipped.skipped_because =
        fmt::format("missed; made up for by the run of {}", to_iso8601(firing.scheduled_for));
    static_cast<void>(insert_run(transaction, skipped));  // a record that is there already is fine
  }
  run.scheduled_for = to_iso8601(firing.scheduled_for);
  const auto open = transaction.exec(queries::policies_open_run, Params::of(firing.policy));
  if (!open.empty())
    run.skipped_because =
        fmt::format("run {} of this policy was still open", text(open.at(0), "id"));
  if (!insert_run(transaction, run) || !run.skipped_because.empty()) return "";
  insert_tasks(
      transaction, run.id,
      {{.id = ids_.next(), .source_id = run.id + "/plan/0", .kind = "plan", .payload = ""}});
  return run.id;
}

std::string PgSchedulerStore::fire(const Term& term, const Firing& firing) {
  return as_leader(session_, term, "policies_fire", [&](Transaction& transaction) -> std::string {
    lock_slots(transaction, {firing.target});
    const auto next = firing.next ? std::optional(to_iso8601(*firing.next)) : std::nullopt;
    const auto moved = transaction.exec(
        queries::policies_set_fired,
        Params::of(firing.policy, firing.epoch, to_iso8601(firing.scheduled_for), next));
    if (moved.affected_rows() == 0) return "";  // changed meanwhile; the next turn reads it anew
    std::string run = make_run(transaction, firing);
    admit(transaction, {firing.target});
    return run;
  });
}

std::int32_t PgSchedulerStore::promote(const Term& term, std::int32_t tasks_max) {
  const auto targets = as_leader(session_, term, "items_promote", [&](Transaction& transaction) {
    std::vector<std::string> promoted;
    for (const auto& row : transaction.exec(queries::items_promote, Params::of(tasks_max)))
      promoted.push_back(text(row, "target"));
    return promoted;
  });
  if (targets.empty()) return 0;
  // Admission in a transaction of its own: its lock comes before the locks of rows everywhere.
  const auto unique = to_list({targets.begin(), targets.end()});
  as_leader(session_, term, "items_admit", [&](Transaction& transaction) {
    lock_slots(transaction, unique);
    admit(transaction, unique);
    return true;
  });
  return static_cast<std::int32_t>(targets.size());
}

std::vector<Rescue> PgSchedulerStore::rescue(const Term& term, std::chrono::milliseconds worker_ttl,
                                             std::int32_t tasks_max) {
  constexpr std::int32_t rescues_max = 3;
  return as_leader(session_, term, "items_rescue", [&](Transaction& transaction) {
    std::vector<Rescue> rescued;
    transaction.exec(queries::workers_mark_lost, Params::of(worker_ttl.count()));
    std::vector<std::string> tasks;
    std::set<std::string> targets;
    for (const auto& row :
         transaction.exec(queries::items_lapsed, Params::of(worker_ttl.count(), tasks_max))) {
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
    for (const auto& run : moved_runs) advance_run(transaction, run, ids_);
    admit(transaction, to_list(targets));
    return rescued;
  });
}

std::int32_t PgSchedulerStore::expire(const Term& term, std::int32_t tasks_max) {
  return as_leader(session_, term, "items_expire", [&](Transaction& transaction) {
    lock_slots(transaction, all_target_names(transaction));
    std::set<std::string> runs;
    std::set<std::string> targets;
    const auto rows = transaction.exec(queries::items_expire, Params::of(tasks_max));
    for (const auto& row : rows) {
      runs.insert(text(row, "run_id"));
      targets.insert(text(row, "target"));
    }
    for (const auto& run : runs) advance_run(transaction, run, ids_);
    if (!targets.empty()) admit(transaction, to_list(targets));
    return static_cast<std::int32_t>(rows.size());
  });
}

std::int32_t PgSchedulerStore::close_runs(const Term& term, std::int32_t runs_max) {
  return as_leader(session_, term, "runs_close", [&](Transaction& transaction) {
    std::vector<std::string> runs;
    std::set<std::string> targets;
    for (const auto& row : transaction.exec(queries::runs_live, Params::of(runs_max))) {
      runs.push_back(text(row, "id"));
      targets.insert(text(row, "target"));
    }
    if (runs.empty()) return std::int32_t{0};
    lock_slots(transaction, to_list(targets));
    for (const auto& run : runs) advance_run(transaction, run, ids_);
    admit(transaction, to_list(targets));
    return static_cast<std::int32_t>(runs.size());
  });
}

void PgSchedulerStore::keep_house(const Term& term, std::int32_t history_days) {
  as_leader(session_, term, "keep_house", [&](Transaction& transaction) {
    transaction.exec(queries::workers_forget);
    for (const auto& row :
         transaction.exec(queries::history_partition_days, Params::of(history_days))) {
      // DDL takes no parameters; the names and days are made by that statement, from numbers only.
      const std::string name = text(row, "name");
      transaction.exec_text(text(row, "action") == "drop"
                                ? fmt::format("DROP TABLE lethe.{}", name)
                                : fmt::format("CREATE TABLE lethe.{} PARTITION OF lethe.history "
                                              "FOR VALUES FROM ('{} 00:00+00') TO ('{} 00:00+00')",
                                              name, text(row, "day_from"), text(row, "day_to")));
    }
    return true;
  });
}

}  // namespace lethe::db
