#include "cli/symptoms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "cli/lookup.hpp"
#include "cli/text.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t silent_ms = 30'000;  // from here on a worker counts as dead
constexpr std::chrono::seconds firing_grace{120};
constexpr std::int32_t ready_rows = 1000;

bool is_one_of(const std::string& name, const std::string& comma_separated) {
  const std::vector<std::string> names = split(comma_separated, ',');
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_alive(const WorkerRow& worker) {
  return worker.phase == "running" && worker.last_seen_ms < silent_ms;
}

bool serves_target(const WorkerRow& worker, const std::string& target) {
  return is_alive(worker) && (worker.targets.empty() || is_one_of(target, worker.targets));
}

/// Where a task of a target and a lane finds nobody.
enum class Served { yes, no_worker_of_target, no_worker_of_lane };

Served find_server(const FleetSnapshot& fleet, const std::string& target, const std::string& lane) {
  Served served = Served::no_worker_of_target;
  for (const WorkerRow& worker : fleet.workers) {
    if (!serves_target(worker, target)) continue;
    if (is_one_of(lane, worker.lanes)) return Served::yes;
    served = Served::no_worker_of_lane;
  }
  return served;
}

std::string worker_cure(Served served, const std::string& target, const std::string& lane) {
  if (served == Served::no_worker_of_lane)
    return fmt::format("start a worker for it: lethe-worker --lanes {}", lane);
  return fmt::format("start lethe-worker without --target, or with --target {}", target);
}

bool any_worker_runs(const FleetSnapshot& fleet) {
  return std::any_of(fleet.workers.begin(), fleet.workers.end(), is_alive);
}

void add_workers(const FleetSnapshot& fleet, std::vector<Symptom>& symptoms) {
  if (!fleet.targets.empty() && !any_worker_runs(fleet))
    symptoms.push_back({Severity::problem, "no worker runs", "start lethe-worker"});
  for (const WorkerRow& worker : fleet.workers) {
    const bool is_expected = worker.phase == "running" || worker.phase == "draining";
    if (!is_expected || worker.last_seen_ms < silent_ms) continue;
    symptoms.push_back(
        {Severity::warning,
         fmt::format("worker {} ({}) has not been heard of for {}", worker.id, worker.instance,
                     duration_text(std::chrono::milliseconds(worker.last_seen_ms))),
         "look whether its process still runs and reaches the control database"});
  }
}

void add_ready_tasks(const FleetSnapshot& fleet, std::vector<Symptom>& symptoms) {
  if (!any_worker_runs(fleet)) return;  // that was said already
  std::map<std::pair<std::string, std::string>, std::int64_t> tasks;
  for (const TaskRow& task : fleet.ready) ++tasks[{task.target, task.lane}];
  for (const auto& [place, count] : tasks) {
    const auto& [target, lane] = place;
    const Served served = find_server(fleet, target, lane);
    if (served == Served::yes) continue;
    symptoms.push_back(
        {Severity::problem,
         fmt::format("{} ready in lane {} of target {}, and no running worker takes {}",
                     counted(count, "task is", "tasks are"), lane, target,
                     count == 1 ? "it" : "them"),
         worker_cure(served, target, lane)});
  }
}

/// Policies that will find no worker when they fire; with no worker at all that was said already.
void add_policy_place(const FleetSnapshot& fleet, const PolicyRow& row, const std::string& lane,
                      std::vector<Symptom>& symptoms) {
  const Served served = find_server(fleet, row.target, lane);
  if (served == Served::yes || !any_worker_runs(fleet)) return;
  const std::string what =
      served == Served::no_worker_of_lane
          ? fmt::format("policy {} uses lane {}, which no running worker of target {} takes",
                        row.name, lane, row.target)
          : fmt::format("policy {} is for target {}, which no running worker serves", row.name,
                        row.target);
  symptoms.push_back({Severity::problem, what, worker_cure(served, row.target, lane)});
}

void add_last_run(const PolicyRow& row, std::vector<Symptom>& symptoms) {
  const bool is_bad =
      row.last_state == "failed" || row.last_state == "expired" || row.last_state == "refused";
  if (is_bad)
    symptoms.push_back({Severity::warning,
                        fmt::format("the last run of policy {} is {}", row.name, row.last_state),
                        fmt::format("its reason: lethe run show {}", row.last_run)});
}

bool is_overdue(const FleetSnapshot& fleet, const PolicyRow& row) {
  if (row.paused || row.next_fire_at.empty()) return false;
  return row.next_fire_at < to_iso8601(fleet.now - firing_grace);  // both have the same form
}

void add_policies(const FleetSnapshot& fleet, std::vector<Symptom>& symptoms) {
  std::vector<std::string> overdue;
  for (const PolicyRow& row : fleet.policies) {
    if (!row.enabled) continue;
    add_last_run(row, symptoms);
    if (is_overdue(fleet, row)) overdue.push_back(row.name);
    try {
      add_policy_place(fleet, row, stored_policy(row).lane, symptoms);
    } catch (const UserError& error) {
      symptoms.push_back({Severity::problem, error.what(), "lethe policy apply -f FILE"});
    }
  }
  if (overdue.empty()) return;
  symptoms.push_back(
      {Severity::problem,
       fmt::format("policy {}{} was due and has not fired, so no scheduler is at work",
                   overdue.front(),
                   overdue.size() > 1 ? fmt::format(" (and {} more)", overdue.size() - 1) : ""),
       "start lethe-scheduler, or look at its log"});
}

void add_tenants(const FleetSnapshot& fleet, std::vector<Symptom>& symptoms) {
  for (const TenantLimits& tenant : fleet.tenants) {
    if (tenant.max_running == 0)
      symptoms.push_back(
          {Severity::warning,
           fmt::format("tenant {} of target {} may run nothing", tenant.tenant, tenant.target),
           fmt::format("lethe tenant set {} --target {} --max-running N", tenant.tenant,
                       tenant.target)});
    const bool has_lane = !tenant.lane.empty() && any_worker_runs(fleet);
    const Served served = has_lane ? find_server(fleet, tenant.target, tenant.lane) : Served::yes;
    if (served == Served::yes) continue;
    symptoms.push_back({Severity::warning,
                        fmt::format("tenant {} of target {} has lane {}, which no running worker "
                                    "of that target takes",
                                    tenant.tenant, tenant.target, tenant.lane),
                        worker_cure(served, tenant.target, tenant.lane)});
  }
}

void add_freeze(const FleetStore::PauseRow& row, std::vector<Symptom>& symptoms) {
  const bool is_all = row.pause.scope == PauseScope::all;
  symptoms.push_back(
      {Severity::problem,
       fmt::format("{} is frozen since {}: {}",
                   is_all ? "everything" : fmt::format("target {}", row.pause.name),
                   instant_text(row.paused_at), row.reason),
       is_all ? std::string("look at the clocks, then: lethe clock acknowledge")
              : fmt::format("look which database it is, then: lethe target acknowledge {}",
                            row.pause.name)});
}

void add_pauses(const FleetSnapshot& fleet, std::vector<Symptom>& symptoms) {
  for (const auto& row : fleet.pauses) {
    if (row.frozen) {
      add_freeze(row, symptoms);
      continue;
    }
    const bool is_all = row.pause.scope == PauseScope::all;
    const std::string scope = to_string(row.pause.scope);
    symptoms.push_back(
        {Severity::warning,
         fmt::format("{} is paused, by {} since {}{}",
                     is_all ? "everything" : fmt::format("{} {}", scope, row.pause.name),
                     row.paused_by, instant_text(row.paused_at),
                     row.reason.empty() ? "" : ": " + row.reason),
         fmt::format("lethe resume --{}{}", scope, is_all ? "" : " " + row.pause.name)});
  }
}

}  // namespace

const char* to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::problem: return "problem";
    case Severity::warning: return "warning";
  }
  return "unknown";
}

FleetSnapshot take_snapshot(Stores& stores) {
  return {.now = stores.policies.now(),
          .workers = stores.fleet.workers(false),
          .targets = stores.targets.list(),
          .policies = stores.policies.list(),
          .tenants = stores.tenants.list(""),
          .ready = stores.tasks.list(
              {.run = "", .target = "", .state = "ready", .rows_max = ready_rows}),
          .pauses = stores.fleet.pauses(),
          .dead = stores.dead.count({})};
}

std::vector<Symptom> fleet_symptoms(const FleetSnapshot& fleet) {
  std::vector<Symptom> symptoms;
  add_workers(fleet, symptoms);
  add_ready_tasks(fleet, symptoms);
  add_policies(fleet, symptoms);
  add_tenants(fleet, symptoms);
  add_pauses(fleet, symptoms);
  if (fleet.dead > 0)
    symptoms.push_back({Severity::warning,
                        fmt::format("{} will not be tried again without you",
                                    counted(fleet.dead, "task", "tasks")),
                        "their reasons: lethe dead list; then lethe dead retry or discard"});
  return symptoms;
}

std::vector<Symptom> target_symptoms(Services& services, const std::vector<TargetRow>& targets) {
  std::vector<Symptom> symptoms;
  for (const TargetRow& target : targets) {
    try {
      for (const Finding& finding : services.target(target.name, target.url)->check()) {
        if (finding.ok) continue;
        symptoms.push_back({Severity::problem,
                            fmt::format("target {}: {}", target.name, finding.what), finding.cure});
      }
    } catch (const UserError& error) {
      symptoms.push_back(
          {Severity::problem, error.what(), fmt::format("try lethe target check {}", target.name)});
    }
  }
  return symptoms;
}

namespace {

std::string totals_text(std::int64_t rows, std::int64_t batches) {
  return fmt::format("{} in {}", counted(rows, "row", "rows"),
                     counted(batches, "batch", "batches"));
}

/// Throws UserError when the target does not answer.
void compare(TargetDatabase& target, const Inspector::RunTotal& run, TotalsCheck& check) {
  const LedgerTotals ledger = target.ledger_totals(run.run);
  ++check.runs;
  if (ledger.rows == run.rows && ledger.batches == run.batches) return;
  check.symptoms.push_back(
      {Severity::problem,
       fmt::format("run {} counts {}, the ledger of target {} {}", run.run,
                   totals_text(run.rows, run.batches), run.target,
                   totals_text(ledger.rows, ledger.batches)),
       fmt::format("the ledger is right about what was deleted; look at the rows of lethe.ledger "
                   "in that target where run = '{}'",
                   run.run)});
}

}  // namespace

TotalsCheck check_totals(Services& services, std::int32_t runs_max) {
  Stores& stores = services.stores();
  std::map<std::string, std::vector<Inspector::RunTotal>> by_target;
  for (const auto& run : stores.inspector.run_totals(runs_max))
    by_target[run.target].push_back(run);
  TotalsCheck check;
  for (const auto& [name, runs] : by_target) {
    try {
      const TargetRow row = find_target(stores, name);
      const auto target = services.target(row.name, row.url);
      for (const auto& run : runs) compare(*target, run, check);
    } catch (const UserError& error) {
      const bool is_gone = error.code() == ExitCode::not_found;
      check.symptoms.push_back(
          {is_gone ? Severity::warning : Severity::problem,
           fmt::format("{}; not all of {} could be compared", error.what(),
                       counted(static_cast<std::int64_t>(runs.size()), "run", "runs")),
           is_gone ? "nothing, if it was removed on purpose"
                   : fmt::format("try lethe target check {}", name)});
    }
  }
  return check;
}

}  // namespace lethe::cli
