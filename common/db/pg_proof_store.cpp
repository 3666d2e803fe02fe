#include "common/db/pg_proof_store.hpp"

#include "common/db/queries.gen.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

namespace {

pqxx::result read(Session& session, const Query& query, const Params& params = {}) {
  return run_once(session, query.name, query, params, Effect::reads);
}

std::vector<AuditRow> to_entries(const pqxx::result& rows) {
  std::vector<AuditRow> entries;
  for (const auto& row : rows)
    entries.push_back({.id = number(row, "id"),
                       .at = text(row, "at"),
                       .actor = text(row, "actor"),
                       .action = text(row, "action"),
                       .object = text(row, "object"),
                       .detail = text(row, "detail"),
                       .hash = text(row, "hash")});
  return entries;
}

}  // namespace

std::vector<AuditRow> PgProofStore::audit_entries(const AuditFilter& filter) {
  return to_entries(read(session_, queries::audit_list,
                         Params::of(filter.action, filter.object, filter.rows_max)));
}

std::vector<AuditRow> PgProofStore::audit_of_run(const std::string& run) {
  return to_entries(read(session_, queries::audit_of_run, Params::of(run)));
}

std::vector<AuditLink> PgProofStore::audit_links(std::int64_t after, std::int32_t rows_max) {
  std::vector<AuditLink> links;
  for (const auto& row : read(session_, queries::audit_links, Params::of(after, rows_max)))
    links.push_back({.id = number(row, "id"),
                     .prev_hash = text(row, "prev_hash"),
                     .hash = text(row, "hash"),
                     .computed = text(row, "computed")});
  return links;
}

std::optional<AuditHead> PgProofStore::audit_head() {
  const auto rows = read(session_, queries::audit_head);
  if (rows.empty()) return std::nullopt;
  return AuditHead{.id = number(rows.at(0), "id"), .hash = text(rows.at(0), "hash")};
}

std::vector<LedgerHead> PgProofStore::ledger_heads(const std::string& target,
                                                   const ProofPage& page) {
  std::vector<LedgerHead> heads;
  for (const auto& row : read(session_, queries::ledger_heads_list,
                              Params::of(target, page.after, page.run, page.rows_max)))
    heads.push_back({.task = text(row, "task"),
                     .run = text(row, "run"),
                     .batches = number(row, "batches"),
                     .rows = number(row, "rows"),
                     .hash = maybe<std::string>(row, "hash")});
  return heads;
}

std::vector<std::string> PgProofStore::unknown_tasks(const std::string& target,
                                                     const std::vector<std::string>& tasks) {
  std::vector<std::string> unknown;
  for (const auto& row :
       read(session_, queries::ledger_heads_unknown, Params::of(target, to_array(tasks))))
    unknown.push_back(text(row, "task"));
  return unknown;
}

std::vector<RunSums> PgProofStore::ended_runs(const std::string& target, const ProofPage& page) {
  std::vector<RunSums> runs;
  for (const auto& row :
       read(session_, queries::runs_ended, Params::of(target, page.after, page.run, page.rows_max)))
    runs.push_back(
        {.run = text(row, "id"), .batches = number(row, "batches"), .rows = number(row, "rows")});
  return runs;
}

std::optional<RunOrigin> PgProofStore::run_origin(const std::string& run) {
  const auto rows = read(session_, queries::runs_origin, Params::of(run));
  if (rows.empty()) return std::nullopt;
  const auto row = rows.at(0);
  return RunOrigin{.as_of = text(row, "as_of"),
                   .expire_at = text(row, "expire_at"),
                   .policy_epoch = number(row, "policy_epoch"),
                   .verify_payload = from_bytea(text(row, "verify_payload"))};
}

}  // namespace lethe::db
