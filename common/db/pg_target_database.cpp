#include "common/db/pg_target_database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/db/migrator.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/cascade.hpp"
#include "common/db/target/catalog.hpp"
#include "common/db/target/explain_step.hpp"
#include "common/db/target/foreign_keys.hpp"
#include "common/db/target/functions.hpp"
#include "common/db/target/gate.hpp"
#include "common/db/target/hold_rows.hpp"
#include "common/db/target/holds.hpp"
#include "common/db/target/partitions.hpp"
#include "common/db/target/quarantine.hpp"
#include "common/db/target/row_step.hpp"
#include "common/db/target/set_columns.hpp"
#include "common/db/target/tenant_cutoffs.hpp"
#include "common/db/target/unit_proof.hpp"
#include "common/db/target/value_check.hpp"
#include "common/db/transact.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

constexpr std::int32_t oldest_server = 130'000;
constexpr std::size_t tenants_shown = 20;

/// Whoever changes a gate row waits for the batches in flight, each of which is shorter than this.
constexpr std::chrono::milliseconds gate_patience{60'000};

/// A census reads the whole table; an explanation a few blocks of it, for keep_min perhaps more.
constexpr std::string_view census_settings =
    "SET LOCAL statement_timeout = '10min'; SET TRANSACTION READ ONLY";

/// Whoever waits for a table that others use makes them wait as well. Attaching a partition reads
/// it and the default partition.
constexpr std::string_view table_settings =
    "SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '10min'";

void check_values(Transaction& transaction, const Policy& policy, const TableFacts& table,
                  const std::string& field) {
  BuiltStatement built;
  const std::string condition = condition_sql(policy.where, table, built.params);
  built.sql = fmt::format("SELECT 1 FROM ONLY {} AS x WHERE {} LIMIT 0", table.name, condition);
  read_values(transaction, built, field + ".where", table.name);
}

void check_tenants(Transaction& transaction, const Policy& policy, const TableFacts& table,
                   const std::string& field) {
  const OverrideColumns overrides = override_columns(policy);
  const OwnCutoffs own{.policy = policy, .overrides = overrides, .table = table};
  const auto row =
      read_values(transaction, own.count_tenants(), field + ".tenant", table.name).at(0);
  if (number(row, "tenants") == number(row, "given")) return;
  throw UserError(ExitCode::bad_config,
                  fmt::format("{}.tenant.overrides: two of them are the same tenant to column '{}' "
                              "of {}; keep one",
                              field, policy.tenant->column, table.name));
}

constexpr std::string_view referenced_verdict = "referenced ";
constexpr std::string_view held_verdict = "held ";

/// The keys that point at the table and at what goes along, before anything is counted.
std::vector<Census::Reference> references_of(Transaction& transaction, const TableFacts& table) {
  std::vector<Census::Reference> references;
  for (const auto* keys : {&table.foreign_keys, &table.deeper_keys})
    for (const auto& key : *keys)
      references.push_back({.constraint = key.constraint,
                            .child = key.child,
                            .rows = 0,
                            .create_index = fmt::format(
                                "{}", fmt::join(look_up_missing_indexes(transaction, key), "; "))});
  return references;
}

/// What would become of rows of other tables.
std::vector<ChildRows> children_of(Transaction& transaction, const OwnCutoffs& own,
                                   const std::string& as_of, const std::string& boundary) {
  BuiltStatement eligible = eligible_ctes(own, as_of, boundary);
  const std::string going = eligible_rows(own.table);
  const auto steps =
      plan_cascade(transaction, {.table = own.table, .policy = own.policy, .rows = going},
                   "policy " + own.policy.name)
          .steps;
  if (steps.empty()) return {};
  const Cascaded counted = count_children(transaction, steps, eligible);
  std::vector<ChildRows> children;
  for (const auto& [child, rows] : counted.deleted)
    children.push_back({.child = child, .rows = rows, .changed = false});
  for (const auto& [child, rows] : counted.changed)
    children.push_back({.child = child, .rows = rows, .changed = true});
  return children;
}

std::vector<std::string> samples_of(Transaction& transaction, const OwnCutoffs& own,
                                    const std::string& as_of, const std::string& boundary) {
  const auto key = transaction.exec(queries::catalog_row_key, Params::of(own.table.oid)).at(0);
  if (own.table.by_columns && !flag(key, "readable")) return {};
  const BuiltStatement built =
      eligible_samples(own, as_of, boundary, text(key, "key"), census_samples_max);
  std::vector<std::string> samples;
  for (const auto& row : transaction.exec_built(built.sql, built.params))
    samples.push_back(text(row, "key"));
  return samples;
}

/// What a run would write to the log, by rule of thumb: an image of each page that it touches, and
/// a record for each row, which for a changed one holds the row.
std::int64_t wal_estimate(const Census& census, std::int64_t blocks) {
  constexpr std::int64_t page = 8'192;
  constexpr std::int64_t record = 64;
  const std::int64_t rows =
      census.eligible * record + (census.action == Action::Kind::set ? census.bytes : 0);
  return rows + std::min(blocks, census.eligible) * page;
}

/// The number at the end of a verdict that begins with `word`.
std::int64_t number_after(std::string_view word, const std::string& verdict) {
  std::int64_t number = 0;
  std::from_chars(verdict.data() + word.size(), verdict.data() + verdict.size(), number);
  return number;
}

void add_referenced(Census& census, const std::string& verdict, std::int64_t rows) {
  const std::int64_t key = number_after(referenced_verdict, verdict);
  census.references.at(static_cast<std::size_t>(key)).rows += rows;
  census.referenced += rows;
}

void add_held(Census& census, const std::string& verdict, std::int64_t rows) {
  census.holds.push_back({.hold = number_after(held_verdict, verdict), .rows = rows});
  census.held += rows;
}

/// Sums and, for tables with tenants, one entry per tenant.
void add_verdict(Census& census, const pqxx::row& row) {
  const std::string verdict = text(row, "verdict");
  const auto rows = number(row, "rows");
  if (!flag(row, "is_sum")) {
    const std::string tenant = text(row, "tenant");
    auto entry = std::find_if(census.tenants.begin(), census.tenants.end(),
                              [&](const auto& known) { return known.tenant == tenant; });
    if (entry == census.tenants.end())
      entry = census.tenants.insert(census.tenants.end(), {.tenant = tenant});
    entry->total += rows;
    if (verdict == "eligible") entry->eligible += rows;
    return;
  }
  census.total += rows;
  if (verdict == "too_young") census.too_young += rows;
  if (verdict == "no_timestamp") census.no_timestamp += rows;
  if (verdict == "condition") census.condition += rows;
  if (verdict == "tenant_off") census.tenant_off += rows;
  if (verdict == "keep_min") census.keep_min += rows;
  if (verdict.starts_with(referenced_verdict)) add_referenced(census, verdict, rows);
  if (verdict.starts_with(held_verdict)) add_held(census, verdict, rows);
  if (verdict == "done") census.done += rows;
  if (verdict != "eligible") return;
  census.eligible += rows;
  census.oldest = text(row, "oldest");
  census.newest = text(row, "newest");
}

Finding server_finding(std::int32_t version, const std::string& shown) {
  return {.ok = version >= oldest_server,
          .what = "PostgreSQL " + shown,
          .cure = version >= oldest_server ? "" : "Lethe needs PostgreSQL 13 or later"};
}

}  // namespace

PgTargetDatabase::PgTargetDatabase(const std::string& url, const std::string& application_name)
    : session_({.connection = url,
                .application_name = application_name,
                .statement_timeout = gate_patience,
                .lock_timeout = gate_patience}) {}

bool PgTargetDatabase::install() { return !target_migrator(session_).up().empty(); }

std::string PgTargetDatabase::install_sql() {
  auto migrator = target_migrator(session_);
  return migrator.sql_of(migrator.status());
}

std::vector<Finding> PgTargetDatabase::check() {
  std::vector<Finding> findings;
  const bool installed = transact(session_, "target_check", [&](Transaction& transaction) {
    const auto row = transaction.exec(queries::catalog_check).at(0);
    findings.push_back(server_finding(number<std::int32_t>(row, "server_version"),
                                      text(row, "server_version_text")));
    const bool standby = flag(row, "in_recovery");
    findings.push_back({.ok = !standby,
                        .what = standby ? "this server is a standby" : "this server takes writes",
                        .cure = standby ? "add target_session_attrs=read-write to the URL" : ""});
    findings.push_back(
        {.ok = true, .what = fmt::format("connected as role {}", text(row, "role")), .cure = ""});
    return flag(row, "installed");
  });
  if (!installed) {
    findings.push_back({.ok = false,
                        .what = "schema lethe is not installed",
                        .cure = "run: lethe target install NAME"});
    return findings;
  }
  const auto steps = target_migrator(session_).status();
  const bool pending = std::any_of(steps.begin(), steps.end(),
                                   [](const auto& step) { return step.applied_at.empty(); });
  findings.push_back({.ok = !pending,
                      .what = fmt::format("schema lethe is {}", pending ? "outdated" : "installed"),
                      .cure = pending ? "run: lethe target install NAME" : ""});
  if (pending) return findings;
  const std::string frozen = transact(session_, "gate_state", [](Transaction& transaction) {
    const auto rows = transaction.exec(queries::gate_state);
    return rows.empty() ? std::string() : text(rows.at(0), "frozen");
  });
  if (!frozen.empty())
    findings.push_back({.ok = false, .what = "frozen: " + frozen, .cure = "see docs/freezes.md"});
  return findings;
}

void PgTargetDatabase::require_installed(const std::string& target) {
  const auto steps = target_migrator(session_).status();
  if (std::any_of(steps.begin(), steps.end(),
                  [](const auto& step) { return step.applied_at.empty(); }))
    throw UserError(ExitCode::bad_config,
                    fmt::format("the schema lethe of target {0} is missing or older than this "
                                "program; run: lethe target install {0} (after lethe target add, "
                                "if it is new)",
                                target));
}

void PgTargetDatabase::check_policy(const Policy& policy, const std::string& field) {
  require_installed(policy.target);
  transact(session_, "policy_check", [&](Transaction& transaction) {
    if (policy.action.kind == Action::Kind::call)
      static_cast<void>(look_up_function(transaction, policy, field));
    if (policy.timestamp.empty()) return;  // a function may do without a table
    const TableFacts table = look_up_table(transaction, policy, field);
    const auto relations = look_up_relations(transaction, table, field);
    require_locks(relations, policy, field);
    prove_units(transaction, policy, table, relations, field);
    check_values(transaction, policy, table, field);
    if (drops_partitions(policy)) check_partitions(transaction, policy, table, field);
    if (policy.tenant.has_value()) check_tenants(transaction, policy, table, field);
    check_set_values(transaction, policy, table, field);
  });
}

Census PgTargetDatabase::census(const Policy& policy) {
  if (policy.timestamp.empty())
    throw UserError(ExitCode::refused,
                    fmt::format("policy {} names no table, and a function cannot be asked what it "
                                "would do; add table and timestamp to see how many rows are older "
                                "than the cutoff",
                                policy.name));
  return transact(
      session_, "policy_census",
      [&](Transaction& transaction) {
        const TableFacts table = look_up_table(transaction, policy, "policy");
        const PreviewLimits now = preview_limits(transaction, policy, {});
        std::string boundary;
        if (policy.keep_min.value_or(0) > 0) {
          const BuiltStatement built = table_boundary(policy, table);
          boundary = text(transaction.exec_built(built.sql, built.params).at(0), "boundary");
        }
        Census census;
        census.action = policy.action.kind;
        census.cutoff = now.age_cutoff;
        const OverrideColumns overrides = override_columns(policy);
        const Held held = look_up_held(transaction, has_holds(transaction), policy, table);
        const OwnCutoffs own{
            .policy = policy, .overrides = overrides, .table = table, .held = &held};
        census.references = references_of(transaction, table);
        const BuiltStatement built = db::census(own, now.limits.as_of, boundary);
        for (const auto& row : transaction.exec_built(built.sql, built.params))
          add_verdict(census, row);
        census.children = children_of(transaction, own, now.limits.as_of, boundary);
        std::int64_t blocks = 0;
        for (const auto& relation : look_up_relations(transaction, table, "policy"))
          blocks += relation.blocks;
        if (census.total > 0)
          census.bytes = static_cast<std::int64_t>(static_cast<double>(blocks) * 8192.0 *
                                                   static_cast<double>(census.eligible) /
                                                   static_cast<double>(census.total));
        census.wal_bytes = wal_estimate(census, blocks);
        if (census.eligible > 0)
          census.samples = samples_of(transaction, own, now.limits.as_of, boundary);
        if (!policy.tenant.has_value()) census.tenants.clear();
        std::sort(census.holds.begin(), census.holds.end(),
                  [](const auto& a, const auto& b) { return a.hold < b.hold; });
        std::stable_sort(census.tenants.begin(), census.tenants.end(),
                         [](const auto& a, const auto& b) { return a.eligible > b.eligible; });
        if (census.tenants.size() > tenants_shown) census.tenants.resize(tenants_shown);
        return census;
      },
      std::string(census_settings));
}

Explanation PgTargetDatabase::explain(const Policy& policy) {
  Explanation explanation = transact(
      session_, "policy_explain",
      [&](Transaction& transaction) { return explain_step(transaction, policy); },
      std::string(census_settings));
  if (!explanation.refusal.empty()) return explanation;
  try {
    require_installed(policy.target);
  } catch (const UserError& error) {
    explanation.refusal = error.what();
  }
  return explanation;
}

void PgTargetDatabase::set_gate(const std::string& policy, std::int64_t epoch, bool halted,
                                const std::string& reason) {
  require_installed("NAME");
  transact(session_, "gate_set", [&](Transaction& transaction) {
    transaction.exec(queries::gate_add, Params::of(policy));
    transaction.exec(queries::gate_lock_exclusive, Params::of(policy));
    transaction.exec(queries::gate_set, Params::of(policy, epoch, halted, reason));
  });
}

void PgTargetDatabase::close_gate(const std::string& policy, const std::string& reason) {
  require_installed("NAME");
  db::close_gate(session_, policy, reason);
}

Standstill PgTargetDatabase::await_standstill(const std::string& policy,
                                              std::chrono::milliseconds patience) {
  return db::await_standstill(session_, policy, patience);
}

void PgTargetDatabase::open_gate() {
  require_installed("NAME");
  db::open_gate(session_);
}

void PgTargetDatabase::thaw(Freeze::Kind kind) {
  require_installed("NAME");
  thaw_gate(session_, kind);
}

LedgerTotals PgTargetDatabase::ledger_totals(const std::string& run) {
  return transact(session_, "ledger_totals", [&](Transaction& transaction) {
    const auto row = transaction.exec(queries::ledger_totals, Params::of(run)).at(0);
    return LedgerTotals{.batches = number(row, "batches"), .rows = number(row, "rows")};
  });
}

std::vector<ParkedRow> PgTargetDatabase::parked(const std::string& run, std::int32_t rows_max) {
  require_installed("NAME");
  return transact(session_, "parked_list", [&](Transaction& transaction) {
    std::vector<ParkedRow> list;
    for (const auto& row : transaction.exec(queries::parked_list, Params::of(run, rows_max)))
      list.push_back({.run = text(row, "run"),
                      .task = text(row, "task"),
                      .relation = text(row, "relation"),
                      .key = text(row, "key"),
                      .sqlstate = text(row, "sqlstate"),
                      .message = text(row, "message"),
                      .at = text(row, "at")});
    return list;
  });
}

RunTraces PgTargetDatabase::traces(const std::string& run) {
  require_installed("NAME");
  return transact(session_, "run_traces", [&](Transaction& transaction) {
    RunTraces traces;
    traces.parked = count_parked(transaction, run).rows;
    for (const auto& row : transaction.exec(queries::ledger_children, Params::of(run)))
      traces.children.push_back({.child = text(row, "child"),
                                 .rows = number(row, "rows"),
                                 .changed = flag(row, "changed")});
    return traces;
  });
}

std::vector<QuarantinedTable> PgTargetDatabase::quarantine(bool all) {
  require_installed("NAME");
  return transact(session_, "quarantine_list",
                  [&](Transaction& transaction) { return list_quarantine(transaction, all); });
}

std::optional<QuarantinedTable> PgTargetDatabase::quarantined(std::int64_t id) {
  require_installed("NAME");
  const auto found = transact(session_, "quarantine_show", [&](Transaction& transaction) {
    return list_quarantine(transaction, true, id);
  });
  return found.empty() ? std::nullopt : std::optional(found.front());
}

bool PgTargetDatabase::purge(std::int64_t id, const std::string& actor) {
  require_installed("NAME");
  return transact(
      session_, "quarantine_purge",
      [&](Transaction& transaction) {
        pass_closed_gate(transaction);  // no hold is placed meanwhile
        return purge_quarantined(transaction, id, actor);
      },
      std::string(table_settings));
}

void PgTargetDatabase::restore(std::int64_t id, const std::string& actor) {
  transact(
      session_, "quarantine_restore",
      [&](Transaction& transaction) { restore_quarantined(transaction, id, actor); },
      std::string(table_settings));
}

std::int64_t PgTargetDatabase::place_hold(const NewHold& hold, const std::string& actor) {
  require_installed("NAME");
  return transact(session_, "hold_place", [&](Transaction& transaction) {
    transaction.exec(queries::gate_lock_exclusive, Params::of("*"));
    return db::place_hold(transaction, hold, actor);
  });
}

std::vector<Hold> PgTargetDatabase::holds(bool all) {
  require_installed("NAME");
  return transact(session_, "hold_list",
                  [&](Transaction& transaction) { return list_holds(transaction, all); });
}

std::optional<Hold> PgTargetDatabase::hold(std::int64_t id) {
  require_installed("NAME");
  auto found = transact(session_, "hold_show", [&](Transaction& transaction) {
    return list_holds(transaction, true, id);
  });
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

bool PgTargetDatabase::release_hold(std::int64_t id, const std::string& reason,
                                    const std::string& actor) {
  return transact(session_, "hold_release", [&](Transaction& transaction) {
    return transaction.exec(queries::holds_release, Params::of(id, actor, reason)).affected_rows() >
           0;
  });
}

}  // namespace lethe::db
