#include "common/db/target/row_verdict.hpp"

#include <fmt/format.h>

#include <charconv>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/cascade.hpp"
#include "common/db/target/holds.hpp"
#include "common/db/target/relation_look.hpp"
#include "common/db/target/tenant_cutoffs.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

[[noreturn]] void refuse(const char* field, const std::string& why) {
  throw UserError(ExitCode::bad_config, fmt::format("{}: {}", field, why));
}

/// A version of a row.
struct RowPlace {
  std::uint32_t relation = 0;
  std::string name;  ///< of the relation, quoted
  std::string tid;
  std::string xmin;
};

RowVerdict gone() {
  RowVerdict verdict;
  verdict.is_gone = true;
  return verdict;
}

/// "x.a = $1 AND x.b = $2", each by its type's own operator.
std::string key_sql(Transaction& transaction, const TableName& table, std::uint32_t relation,
                    const RowKey& key, Params& params) {
  std::string sql;
  for (const auto& [name, value] : key) {
    const auto columns = look_up_compared(transaction, relation, {name});
    if (columns.empty())
      refuse("--key",
             fmt::format("{} has no column '{}' (names are taken exactly, with their case)",
                         to_text(table), name));
    const ComparedColumn& column = columns.front();
    if (column.equals.empty())
      refuse("--key", fmt::format("column '{}' is {}, of which no two values are equal; name "
                                  "another column",
                                  name, column.type));
    if (const auto why = reading_error(transaction, column.type, {value}))
      refuse("--key", fmt::format("column '{}' does not take '{}': {}; write a value of type {}",
                                  name, value, *why, column.type));
    sql += fmt::format("{}x.{} {} {}::{}", sql.empty() ? "" : " AND ", column.quoted, column.equals,
                       params.bind(value), column.type);
  }
  return sql;
}

std::optional<RowPlace> find_place(Transaction& transaction, const TableName& table,
                                   const RowKey& key) {
  const auto rows = transaction.exec(queries::catalog_table, Params::of(table.schema, table.table));
  if (rows.empty())
    refuse("--table", fmt::format("{} does not exist in target NAME (names are taken exactly, with "
                                  "their case)",
                                  to_text(table)));
  const std::string kind = text(rows.at(0), "kind");
  if (kind != "r" && kind != "p")
    refuse("--table", fmt::format("{} is no table that holds rows", to_text(table)));
  BuiltStatement built;
  const std::string where =
      key_sql(transaction, table, number<std::uint32_t>(rows.at(0), "oid"), key, built.params);
  built.sql = fmt::format(
      "SELECT x.tableoid::bigint AS relation, x.ctid::text AS tid, x.xmin::text AS row_xmin, "
      "x.tableoid::pg_catalog.regclass::text AS name FROM {} AS x WHERE {} LIMIT 2",
      text(rows.at(0), "name"), where);
  const auto found = transaction.exec_built(built.sql, built.params);
  if (found.empty()) return std::nullopt;
  if (found.size() > 1)
    throw UserError(ExitCode::usage,
                    fmt::format("--key: several rows of {} have these values; name all columns of "
                                "a key",
                                to_text(table)));
  return RowPlace{.relation = number<std::uint32_t>(found.at(0), "relation"),
                  .name = text(found.at(0), "name"),
                  .tid = text(found.at(0), "tid"),
                  .xmin = text(found.at(0), "row_xmin")};
}

std::string iso_sql(const std::string& instant) {
  return fmt::format(
      "CASE WHEN pg_catalog.isfinite({0}) THEN pg_catalog.to_char({0} AT TIME ZONE 'UTC', "
      "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') ELSE {0}::text END",
      instant);
}

/// The census's own verdict of one row, with the limits that it was made by.
BuiltStatement judge_sql(const OwnCutoffs& own, const std::string& as_of,
                         const std::string& boundary, const RowPlace& place) {
  BuiltStatement built;
  const std::string ctes = judged_ctes(own, as_of, boundary, built.params);
  const std::string policy_retain =
      built.params.bind(to_interval(own.policy.retain)) + "::interval";
  const std::string table_boundary =
      built.params.bind(boundary.empty() ? "infinity" : boundary) + "::timestamptz";
  const auto own_or = [&](std::string_view column, const std::string& other) {
    if (!own.possible()) return other;
    return fmt::format("coalesce((SELECT e.{} FROM exceptions e WHERE e.tenant = j.tenant), {})",
                       column, other);
  };
  // The boundary of keep_min counts only where it is what keeps the row.
  built.sql = fmt::format(
      "WITH {ctes}, one AS (SELECT j.verdict, j.tenant, j.ts, {retain} AS retain, {not_after} AS "
      "not_after FROM judged j WHERE j.relation OPERATOR(pg_catalog.=) {relation}::oid AND j.tid "
      "OPERATOR(pg_catalog.=) {tid}::tid), ends AS (SELECT r.*, CASE WHEN r.verdict = 'keep_min' "
      "THEN r.not_after ELSE {as_of}::timestamptz - r.retain END AS cutoff, CASE WHEN r.verdict = "
      "'too_young' THEN r.ts + r.retain END AS due FROM one r) SELECT e.verdict, e.tenant, {ts} AS "
      "instant, {cutoff} AS cutoff, {due} AS due FROM ends e",
      fmt::arg("ctes", ctes), fmt::arg("retain", own_or("retain", policy_retain)),
      fmt::arg("not_after", own_or("not_after", table_boundary)),
      fmt::arg("relation", built.params.bind(place.relation)),
      fmt::arg("tid", built.params.bind(place.tid)), fmt::arg("as_of", built.params.bind(as_of)),
      fmt::arg("ts", iso_sql("e.ts")), fmt::arg("cutoff", iso_sql("e.cutoff")),
      fmt::arg("due", iso_sql("e.due")));
  return built;
}

/// Which parts of the policy's `where` the row fits.
std::vector<bool> find_matches(Transaction& transaction, const Policy& policy,
                               const TableFacts& table, const RowPlace& place) {
  const bool is_list = policy.where.kind == Condition::Kind::all && !policy.where.children.empty();
  const std::vector<Condition> parts =
      is_list ? policy.where.children : std::vector<Condition>{policy.where};
  BuiltStatement built;
  for (const auto& part : parts)
    built.sql += fmt::format("{}({}) IS TRUE", built.sql.empty() ? "SELECT " : ", ",
                             condition_sql(part, table, built.params));
  built.sql += fmt::format(" FROM ONLY {} AS x WHERE x.ctid OPERATOR(pg_catalog.=) {}::tid",
                           place.name, built.params.bind(place.tid));
  std::vector<bool> matches;
  for (const auto& row : transaction.exec_built(built.sql, built.params))
    for (const auto& field : row) matches.push_back(field.as<bool>());
  return matches;
}

std::size_t number_after(std::string_view word, const std::string& verdict) {
  std::size_t number = 0;
  std::from_chars(verdict.data() + word.size(), verdict.data() + verdict.size(), number);
  return number;
}

/// "held 7" and "referenced 0" in words of their own.
void sort_out(const TableFacts& table, RowVerdict& verdict) {
  constexpr std::string_view held = "held ";
  constexpr std::string_view referenced = "referenced ";
  if (verdict.verdict.starts_with(held)) {
    verdict.hold = static_cast<std::int64_t>(number_after(held, verdict.verdict));
    verdict.verdict = "held";
  } else if (verdict.verdict.starts_with(referenced)) {
    const ForeignKeyFacts& key = table.foreign_keys.at(number_after(referenced, verdict.verdict));
    verdict.constraint = key.constraint;
    verdict.child = key.child;
    verdict.verdict = "referenced";
  }
}

void add_bookkeeping(Transaction& transaction, const Policy& policy, const RowPlace& place,
                     RowVerdict& verdict) {
  const auto parked =
      transaction.exec(queries::parked_of_row, Params::of(place.relation, place.tid, place.xmin));
  if (!parked.empty()) {
    const auto row = parked.at(0);
    verdict.parked = ParkedRow{.run = text(row, "run"),
                               .task = text(row, "task"),
                               .relation = text(row, "relation"),
                               .key = text(row, "key"),
                               .sqlstate = text(row, "sqlstate"),
                               .message = text(row, "message"),
                               .at = text(row, "at")};
  }
  const auto halted = transaction.exec(queries::gate_halted, Params::of(policy.name));
  if (!halted.empty()) verdict.halted = text(halted.at(0), "reason");
}

RowVerdict judge(Transaction& transaction, const Policy& policy, const RowPlace& place) {
  RowVerdict verdict;
  const TableFacts table = look_up_table(transaction, policy, "policy " + policy.name);
  const PreviewLimits now = preview_limits(transaction, policy, {});
  const OverrideColumns overrides = override_columns(policy);
  const Held held = look_up_held(transaction, has_holds(transaction), policy, table);
  const OwnCutoffs own{.policy = policy, .overrides = overrides, .table = table, .held = &held};
  const BuiltStatement built =
      judge_sql(own, now.limits.as_of, find_boundary(transaction, policy, table), place);
  const auto rows = transaction.exec_built(built.sql, built.params);
  if (rows.empty()) return gone();  // it has another place now
  const auto row = rows.at(0);
  verdict.verdict = text(row, "verdict");
  verdict.tenant = maybe<std::string>(row, "tenant");
  verdict.instant = text(row, "instant");
  verdict.cutoff = text(row, "cutoff");
  verdict.due = text(row, "due");
  sort_out(table, verdict);
  if (verdict.verdict == "condition")
    verdict.matches = find_matches(transaction, policy, table, place);
  return verdict;
}

}  // namespace

std::optional<FoundRow> find_row(Transaction& transaction, const TableName& table,
                                 const RowKey& key) {
  const auto place = find_place(transaction, table, key);
  if (!place) return std::nullopt;
  FoundRow found;
  for (const auto& row :
       transaction.exec(queries::catalog_row_tables, Params::of(place->relation))) {
    if (found.relation.empty()) found.relation = text(row, "quoted");
    found.tables.push_back({.schema = text(row, "schema"), .table = text(row, "name")});
  }
  return found;
}

RowVerdict judge_row(Transaction& transaction, const Policy& policy, const TableName& table,
                     const RowKey& key) {
  const auto place = find_place(transaction, table, key);
  if (!place) return gone();
  RowVerdict verdict;
  if (policy.action.kind == Action::Kind::call) {
    verdict.verdict = "call";
  } else {
    try {
      verdict = judge(transaction, policy, *place);
    } catch (const UserError& error) {
      verdict.problem = error.what();
    }
  }
  if (!verdict.is_gone) add_bookkeeping(transaction, policy, *place, verdict);
  return verdict;
}

}  // namespace lethe::db
