#include "common/db/pg_target_proof.hpp"

#include "common/db/queries.gen.hpp"
#include "common/db/target/prove_step.hpp"
#include "common/db/target/rights.hpp"
#include "common/db/target/row_verdict.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

namespace {

/// Chains are followed page by page; a count or a keep_min reads the whole table.
constexpr std::chrono::milliseconds page_patience{60'000};
constexpr const char* page_settings = "SET TRANSACTION READ ONLY";
constexpr const char* table_settings =
    "SET LOCAL statement_timeout = '10min'; SET TRANSACTION READ ONLY";

template <class Body>
auto read(Session& session, std::string_view name, Body&& body,
          const char* settings = page_settings) {
  return transact(session, name, std::forward<Body>(body), settings);
}

LedgerLink to_link(const pqxx::row& row) {
  LedgerLink link{.id = number(row, "id"),
                  .task = text(row, "task"),
                  .batch = number(row, "batch"),
                  .run = text(row, "run"),
                  .rows = number(row, "rows"),
                  .prev_hash = text(row, "prev_hash"),
                  .hash = text(row, "hash"),
                  .computed = text(row, "computed"),
                  .fence = {}};
  if (!row["fence_batches"].is_null())
    link.fence = ChainEnd{.batches = number(row, "fence_batches"),
                          .rows = number(row, "fence_rows"),
                          .hash = text(row, "fence_hash")};
  return link;
}

LedgerRow to_ledger_row(const pqxx::row& row) {
  return {.id = number(row, "id"),
          .task = text(row, "task"),
          .epoch = number(row, "epoch"),
          .batch = number(row, "batch"),
          .run = text(row, "run"),
          .policy = text(row, "policy"),
          .policy_hash = text(row, "policy_hash"),
          .relation = text(row, "relation"),
          .cutoff = text(row, "cutoff"),
          .rows = number(row, "rows"),
          .oldest = text(row, "oldest"),
          .newest = text(row, "newest"),
          .at = text(row, "at"),
          .method = text(row, "method"),
          .estimated = flag(row, "estimated"),
          .bounds = text(row, "bounds"),
          .cascaded = text(row, "cascaded"),
          .bytes = maybe<std::int64_t>(row, "bytes"),
          .xid = text(row, "xid"),
          .system_identifier = text(row, "system_identifier"),
          .timeline = number(row, "timeline"),
          .hash = text(row, "hash")};
}

}  // namespace

PgTargetProof::PgTargetProof(const std::string& url, const std::string& application_name)
    : session_({.connection = url,
                .application_name = application_name,
                .statement_timeout = page_patience}) {}

std::vector<LedgerLink> PgTargetProof::ledger_links(const LinkRange& range) {
  return read(session_, "ledger_links", [&](Transaction& transaction) {
    std::vector<LedgerLink> links;
    for (const auto& row : transaction.exec(
             queries::ledger_links, Params::of(range.after_task, range.after_batch,
                                               range.until_task, range.run, range.rows_max)))
      links.push_back(to_link(row));
    return links;
  });
}

std::vector<LedgerHead> PgTargetProof::fences_without_ledger(const ProofPage& page) {
  return read(session_, "fence_without_ledger", [&](Transaction& transaction) {
    std::vector<LedgerHead> fences;
    for (const auto& row : transaction.exec(queries::fence_without_ledger,
                                            Params::of(page.after, page.run, page.rows_max)))
      fences.push_back({.task = text(row, "task"),
                        .run = text(row, "run"),
                        .batches = number(row, "batches"),
                        .rows = number(row, "rows"),
                        .hash = std::nullopt});
    return fences;
  });
}

std::vector<RunSums> PgTargetProof::run_sums(const std::vector<std::string>& runs) {
  return read(session_, "ledger_run_sums", [&](Transaction& transaction) {
    std::vector<RunSums> sums;
    for (const auto& row : transaction.exec(queries::ledger_run_sums, Params::of(to_array(runs))))
      sums.push_back({.run = text(row, "run"),
                      .batches = number(row, "batches"),
                      .rows = number(row, "rows")});
    return sums;
  });
}

std::vector<LedgerRow> PgTargetProof::ledger(const LedgerFilter& filter) {
  return read(session_, "ledger_list", [&](Transaction& transaction) {
    std::vector<LedgerRow> list;
    for (const auto& row : transaction.exec(queries::ledger_list,
                                            Params::of(filter.run, filter.task, filter.rows_max)))
      list.push_back(to_ledger_row(row));
    return list;
  });
}

RunEvidence PgTargetProof::evidence(const std::string& run) {
  return read(session_, "run_evidence", [&](Transaction& transaction) {
    const Params one = Params::of(run);
    const auto written = transaction.exec(queries::ledger_written_by, one).at(0);
    RunEvidence evidence{.database = text(written, "database"),
                         .server_version = text(written, "server_version"),
                         .system_identifier = text(written, "system_identifier"),
                         .written_by = text(written, "written_by"),
                         .oldest_cutoff = text(written, "oldest_cutoff"),
                         .newest_cutoff = text(written, "newest_cutoff"),
                         .relations = {},
                         .children = {},
                         .heads = {}};
    for (const auto& row : transaction.exec(queries::ledger_relations, one))
      evidence.relations.push_back({.relation = text(row, "relation"),
                                    .method = text(row, "method"),
                                    .rows = number(row, "rows"),
                                    .batches = number(row, "batches"),
                                    .estimated = flag(row, "estimated"),
                                    .oldest = text(row, "oldest"),
                                    .newest = text(row, "newest"),
                                    .bounds = text(row, "bounds"),
                                    .bytes = maybe<std::int64_t>(row, "bytes")});
    for (const auto& row : transaction.exec(queries::ledger_children, one))
      evidence.children.push_back({.child = text(row, "child"),
                                   .rows = number(row, "rows"),
                                   .changed = flag(row, "changed")});
    for (const auto& row : transaction.exec(queries::ledger_heads, one))
      evidence.heads.push_back({.task = text(row, "task"),
                                .run = run,
                                .batches = number(row, "batches"),
                                .rows = number(row, "rows"),
                                .hash = text(row, "hash")});
    return evidence;
  });
}

Verification PgTargetProof::verification(const RunToProve& run) {
  return read(
      session_, "run_verification",
      [&](Transaction& transaction) { return prove_step(transaction, run); }, table_settings);
}

std::optional<FoundRow> PgTargetProof::find_row(const TableName& table, const RowKey& key) {
  return read(
      session_, "row_find",
      [&](Transaction& transaction) { return db::find_row(transaction, table, key); },
      table_settings);
}

RowVerdict PgTargetProof::judge_row(const Policy& policy, const TableName& table,
                                    const RowKey& key) {
  return read(
      session_, "row_judge",
      [&](Transaction& transaction) { return db::judge_row(transaction, policy, table, key); },
      table_settings);
}

Finding PgTargetProof::check_role(const std::string& role) {
  return read(session_, "role_check",
              [&](Transaction& transaction) { return look_up_role(transaction, role); });
}

std::vector<Finding> PgTargetProof::check_rights(const Policy& policy, const std::string& role) {
  return read(session_, "rights_check",
              [&](Transaction& transaction) { return look_up_rights(transaction, policy, role); });
}

}  // namespace lethe::db
