#include "common/db/pg_run_store.hpp"

#include <fmt/format.h>

#include <cassert>

#include "common/db/new_run.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

RunRow to_run_row(const pqxx::row& row) {
  return {.id = text(row, "id"),
          .policy = text(row, "policy"),
          .target = text(row, "target"),
          .state = text(row, "state"),
          .strategy = text(row, "strategy"),
          .cutoff = text(row, "cutoff"),
          .scheduled_for = text(row, "scheduled_for"),
          .started_at = text(row, "started_at"),
          .finished_at = text(row, "finished_at"),
          .rows = number(row, "rows"),
          .batches = number(row, "batches"),
          .passes = number<std::int32_t>(row, "passes"),
          .error = text(row, "error"),
          .created_at = text(row, "created_at"),
          .requested_by = text(row, "requested_by"),
          .estimated_rows = maybe<std::int64_t>(row, "estimated_rows"),
          .live_tasks = number(row, "live_tasks"),
          .elapsed_ms = number(row, "elapsed_ms"),
          .spec_text = text(row, "spec"),
          .spec_sha256 = text(row, "spec_sha256")};
}

}  // namespace

RunId PgRunStore::start(const Policy& spec, std::int64_t policy_epoch, const std::string& actor) {
  const std::string id = ids_.next();
  transact(session_, "runs_start", [&](Transaction& transaction) {
    lock_slots(transaction, {spec.target});
    const auto open = spec.name.empty()
                          ? pqxx::result()
                          : transaction.exec(queries::policies_open_run, Params::of(spec.name));
    if (!open.empty())
      throw UserError(ExitCode::refused,
                      fmt::format("run {} of policy '{}' is still open; watch it with `lethe run "
                                  "watch {}` or cancel it first",
                                  text(open.at(0), "id"), spec.name, text(open.at(0), "id")));
    const bool made = insert_run(transaction, {.id = id,
                                               .policy = spec.name,
                                               .policy_epoch = policy_epoch,
                                               .target = spec.target,
                                               .spec_text = to_canonical_json(spec),
                                               .retain = to_interval(spec.retain),
                                               .scheduled_for = std::nullopt,
                                               .requested_by = actor,
                                               .skipped_because = ""});
    assert(made);  // without scheduled_for there is nothing that it could collide with
    insert_tasks(transaction, id,
                 {{.id = ids_.next(), .source_id = id + "/plan/0", .kind = "plan", .payload = ""}});
    admit(transaction, {spec.target});
    audit(transaction, actor, "run.start", id, to_canonical_json(spec));
  });
  return RunId{id};
}

std::vector<RunRow> PgRunStore::read(const std::optional<std::string>& id,
                                     const RunFilter& filter) {
  const auto or_null = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional(value);
  };
  return transact(session_, "runs_list", [&](Transaction& transaction) {
    std::vector<RunRow> runs;
    for (const auto& row : transaction.exec(
             queries::runs_list, Params::of(id, or_null(filter.policy), or_null(filter.target),
                                            filter.open_only, filter.rows_max)))
      runs.push_back(to_run_row(row));
    return runs;
  });
}

std::vector<RunRow> PgRunStore::list(const RunFilter& filter) { return read(std::nullopt, filter); }

std::optional<RunRow> PgRunStore::find(const std::string& id) {
  auto rows = read(id, {});
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

RunEffort PgRunStore::effort(const std::string& id) {
  return transact(session_, "runs_effort", [&](Transaction& transaction) {
    const auto row = transaction.exec(queries::runs_effort, Params::of(id)).at(0);
    return RunEffort{.tasks = number(row, "tasks"), .workers = number(row, "workers")};
  });
}

void PgRunStore::cancel(const std::string& id, const std::string& actor) {
  const auto run = find(id);
  if (!run.has_value()) throw UserError(ExitCode::not_found, fmt::format("no run '{}'", id));
  transact(session_, "runs_cancel", [&](Transaction& transaction) {
    lock_slots(transaction, {run->target});
    if (transaction.exec(queries::runs_request_cancel, Params::of(id)).empty())
      throw UserError(ExitCode::refused,
                      fmt::format("run '{}' has ended already: {}", id, run->state));
    transaction.exec(queries::items_cancel, Params::of(id, std::nullopt));
    advance_run(transaction, id, ids_);
    admit(transaction, {run->target});
    audit(transaction, actor, "run.cancel", id, "");
  });
}

}  // namespace lethe::db
