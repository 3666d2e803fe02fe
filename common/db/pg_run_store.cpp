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

std::optional<Space> to_space(const pqxx::row& row) {
  if (!flag(row, "has_space")) return std::nullopt;
  return Space{.table_bytes = number(row, "table_bytes"),
               .index_bytes = number(row, "index_bytes"),
               .dead_bytes = maybe<std::int64_t>(row, "dead_bytes"),
               .reusable_bytes = maybe<std::int64_t>(row, "reusable_bytes"),
               .returnable_bytes = maybe<std::int64_t>(row, "returnable_bytes"),
               .returned_bytes = number(row, "returned_bytes"),
               .quarantined_bytes = number(row, "quarantined_bytes")};
}

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
          .spec_sha256 = text(row, "spec_sha256"),
          .space = to_space(row),
          .vacuum = text(row, "vacuum")};
}

void refuse_open_run(Transaction& transaction, const std::string& policy) {
  const auto open = transaction.exec(queries::policies_open_runs, Params::of(policy));
  if (open.empty()) return;
  const std::string id = text(open.at(0), "id");
  throw UserError(ExitCode::refused,
                  fmt::format("run {} of policy '{}' is still open; watch it with `lethe run watch "
                              "{}` or cancel it first",
                              id, policy, id));
}

}  // namespace

StartedRun PgRunStore::start(const Policy& spec, const StartOptions& options,
                             const std::string& actor) {
  const std::string id = ids_.next();
  return transact(session_, "runs_start", [&](Transaction& transaction) -> StartedRun {
    lock_slots(transaction, {spec.target});
    const auto same =
        transaction.exec(queries::runs_open_with_source, Params::of(options.source_id));
    if (!same.empty()) return {.id = {text(same.at(0), "id")}, .is_new = false};
    if (!spec.name.empty()) refuse_open_run(transaction, spec.name);
    const bool made = insert_run(transaction, {.id = id,
                                               .spec = spec,
                                               .policy_epoch = options.policy_epoch,
                                               .scheduled_for = std::nullopt,
                                               .requested_by = actor,
                                               .skipped_because = "",
                                               .queued = false,
                                               .source_id = options.source_id,
                                               .acknowledged = options.acknowledged});
    assert(made);  // without scheduled_for there is nothing that it could collide with
    insert_tasks(transaction, id,
                 {{.id = ids_.next(), .source_id = id + "/plan/0", .kind = "plan", .payload = ""}},
                 options.not_before.empty() ? std::nullopt : std::optional(options.not_before));
    Touches touches;
    touches.add_waiting(spec.target, tenant_of(spec));
    touch(transaction, touches);
    admit_and_tell(transaction, {spec.target});
    audit(transaction, actor, "run.start", id, to_canonical_json(spec));
    return {.id = {id}, .is_new = true};
  });
}

std::vector<RunRow> PgRunStore::read(const std::optional<std::string>& id, const RunFilter& filter,
                                     bool with_spec) {
  const auto or_null = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional(value);
  };
  return transact(session_, "runs_list", [&](Transaction& transaction) {
    std::vector<RunRow> runs;
    for (const auto& row : transaction.exec(
             queries::runs_list, Params::of(id, or_null(filter.policy), or_null(filter.target),
                                            filter.open_only, filter.rows_max, with_spec)))
      runs.push_back(to_run_row(row));
    return runs;
  });
}

std::vector<RunRow> PgRunStore::list(const RunFilter& filter) {
  return read(std::nullopt, filter, false);
}

std::optional<RunRow> PgRunStore::one(const std::string& id, bool with_spec) {
  auto rows = read(id, {}, with_spec);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::optional<RunRow> PgRunStore::find(const std::string& id) { return one(id, true); }

std::optional<RunRow> PgRunStore::glance(const std::string& id) { return one(id, false); }

RunEffort PgRunStore::effort(const std::string& id) {
  return transact(session_, "runs_effort", [&](Transaction& transaction) {
    const auto row = transaction.exec(queries::runs_effort, Params::of(id)).at(0);
    return RunEffort{.tasks = number(row, "tasks"), .workers = number(row, "workers")};
  });
}

void PgRunStore::keep_preview(const Policy& spec, const NewPreview& preview,
                              const std::string& actor) {
  transact(session_, "previews_insert", [&](Transaction& transaction) {
    transaction.exec(queries::previews_prune);
    transaction.exec(queries::previews_insert,
                     Params::of(spec.name, spec.target, to_canonical_json(spec), preview.cutoff,
                                preview.eligible, preview.total, preview.census, actor));
  });
}

std::optional<PreviewRow> PgRunStore::preview_of(const std::string& run) {
  return transact(session_, "previews_of_run",
                  [&](Transaction& transaction) -> std::optional<PreviewRow> {
                    const auto rows = transaction.exec(queries::previews_of_run, Params::of(run));
                    if (rows.empty()) return std::nullopt;
                    const auto row = rows.at(0);
                    return PreviewRow{.id = number(row, "id"),
                                      .made_by = text(row, "made_by"),
                                      .at = text(row, "at"),
                                      .cutoff = text(row, "cutoff"),
                                      .eligible = number(row, "eligible"),
                                      .total = number(row, "total")};
                  });
}

std::optional<std::int64_t> PgRunStore::pace_of(const std::string& policy) {
  return transact(session_, "runs_pace",
                  [&](Transaction& transaction) -> std::optional<std::int64_t> {
                    const auto rows = transaction.exec(queries::runs_pace, Params::of(policy));
                    if (rows.empty()) return std::nullopt;
                    return number(rows.at(0), "ms");
                  });
}

void PgRunStore::cancel(const std::string& id, const std::string& actor) {
  const auto run = glance(id);
  if (!run.has_value()) throw UserError(ExitCode::not_found, fmt::format("no run '{}'", id));
  transact(session_, "runs_cancel", [&](Transaction& transaction) {
    lock_slots(transaction, {run->target});
    // Tasks before runs, as everybody locks them. What a plan adds meanwhile, the scheduler finds.
    transaction.exec(queries::items_cancel, Params::of(id, std::nullopt));
    if (transaction.exec(queries::runs_request_cancel, Params::of(id)).empty())
      throw UserError(ExitCode::refused,
                      fmt::format("run '{}' has ended already: {}", id, run->state));
    Touches touches;
    advance_run(transaction, id, ids_, touches);
    rebalance(transaction, {run->target});
    audit(transaction, actor, "run.cancel", id, "");
  });
}

}  // namespace lethe::db
