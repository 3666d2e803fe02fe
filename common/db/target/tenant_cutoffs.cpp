#include "common/db/target/tenant_cutoffs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/db/target/time_column.hpp"
#include "common/policies/policy_json.hpp"

namespace lethe::db {

namespace {

/// The policy's overrides as a JSON array, so that 100,000 of them are one parameter.
std::string overrides_json(const TenantRule& tenant) {
  auto list = nlohmann::json::array();
  for (const auto& [name, own] : tenant.overrides) {
    nlohmann::json entry{{"tenant", name}, {"enabled", own.enabled}};
    if (own.retain) entry["retain"] = to_interval(*own.retain);
    if (own.keep_min) entry["keep_min"] = *own.keep_min;
    list.push_back(std::move(entry));
  }
  return list.dump();
}

bool any_keep_min(const TenantRule& tenant) {
  return tenant.keep_min.value_or(0) > 0 ||
         std::any_of(tenant.overrides.begin(), tenant.overrides.end(),
                     [](const auto& entry) { return entry.second.keep_min.value_or(0) > 0; });
}

/// The overrides as a FROM item `o`.
std::string overrides_from(const TenantRule& tenant, Params& params) {
  return fmt::format(
      "pg_catalog.jsonb_to_recordset({}::jsonb) AS o (tenant text, retain interval, keep_min "
      "bigint, "
      "enabled boolean)",
      params.bind(overrides_json(tenant)));
}

/// The tenant of an override as the column writes it: through the column's type, so that an
/// override for 007 or for an upper-case UUID is not missed.
std::string override_tenant(const ColumnFacts& column) {
  return fmt::format("((o.tenant::{})::text COLLATE pg_catalog.\"C\")", column.type);
}

/// Rows that keep_min counts and that may ever expire: those that match `where` and have a time.
std::string countable(const Policy& policy, const TableFacts& table, Params& params) {
  const std::string instant = row_instant_sql(policy, table);
  return fmt::format("pg_catalog.isfinite({}) AND {}", instant,
                     condition_sql(policy.where, table, params));
}

/// Restricts a pass to the one tenant that was asked for.
std::string only_tenant(const Policy& policy, const TableFacts& table, Params& params) {
  if (!policy.tenant->only) return "";
  const ColumnFacts& tenant = table.columns.at(policy.tenant->column);
  return fmt::format(" AND x.{} OPERATOR(pg_catalog.=) {}::{}", tenant.quoted,
                     params.bind(*policy.tenant->only), tenant.type);
}

/// CTEs `ages`, `short` and `boundaries` of exceptions_ctes.
std::string keep_min_ctes(const Policy& policy, const TableFacts& table, const std::string& as_of,
                          const std::string& retain, Params& params) {
  const std::string tenant = tenant_sql(table.columns.at(policy.tenant->column));
  const std::string instant = row_instant_sql(policy, table);
  const std::string counts = countable(policy, table, params);
  const std::string only = only_tenant(policy, table, params);
  const std::string keep = params.bind(policy.tenant->keep_min.value_or(0)) + "::bigint";
  return fmt::format(
      ", ages AS (SELECT {tenant} AS tenant, coalesce(o.retain, {retain}) AS retain, "
      "coalesce(o.keep_min, {keep}) AS need, count(*) FILTER (WHERE {instant} >= {as_of} - "
      "coalesce(o.retain, {retain})) AS young FROM {table} AS x LEFT JOIN overrides o ON o.tenant "
      "= "
      "{tenant} WHERE {counts}{only} AND {tenant} IS NOT NULL GROUP BY 1, 2, 3), "
      "short AS (SELECT a.tenant, a.retain, a.need FROM ages a WHERE a.young < a.need), "
      "boundaries AS (SELECT r.tenant, r.ts FROM (SELECT s.tenant, s.need, {instant} AS ts, "
      "pg_catalog.row_number() OVER (PARTITION BY s.tenant ORDER BY {instant} DESC) AS rank FROM "
      "{table} AS x JOIN short s ON s.tenant = {tenant} WHERE {counts}{only}) r WHERE r.rank = "
      "r.need)",
      fmt::arg("tenant", tenant), fmt::arg("retain", retain), fmt::arg("keep", keep),
      fmt::arg("instant", instant), fmt::arg("as_of", as_of), fmt::arg("table", table.name),
      fmt::arg("counts", counts), fmt::arg("only", only));
}

}  // namespace

bool has_own_cutoffs(const Policy& policy) {
  return policy.tenant.has_value() &&
         (!policy.tenant->overrides.empty() || any_keep_min(*policy.tenant));
}

std::string exceptions_ctes(const Policy& policy, const TableFacts& table, const std::string& as_of,
                            Params& params) {
  const std::string retain = params.bind(to_interval(policy.retain)) + "::interval";
  std::string ctes =
      fmt::format("overrides AS (SELECT {} AS tenant, o.retain, o.keep_min, o.enabled FROM {})",
                  override_tenant(table.columns.at(policy.tenant->column)),
                  overrides_from(*policy.tenant, params));
  const bool keep_min = any_keep_min(*policy.tenant);
  if (keep_min)
    ctes += keep_min_ctes(policy, table, params.bind(as_of) + "::timestamptz", retain, params);
  // A tenant that is both overridden and short gets one row: the boundary of the second, the
  // retention of the first (`short` carries it).
  ctes += keep_min
              ? fmt::format(
                    ", exceptions AS (SELECT coalesce(s.tenant, o.tenant) AS tenant, "
                    "coalesce(s.retain, o.retain, {}) AS retain, CASE WHEN NOT "
                    "coalesce(o.enabled, true) THEN '-infinity'::timestamptz WHEN s.tenant IS "
                    "NULL THEN 'infinity' ELSE coalesce(b.ts, '-infinity') END AS not_after, "
                    "coalesce(o.enabled, true) AS enabled FROM overrides o FULL JOIN short s ON "
                    "s.tenant = o.tenant LEFT JOIN boundaries b ON b.tenant = s.tenant)",
                    retain)
              : fmt::format(
                    ", exceptions AS (SELECT o.tenant, coalesce(o.retain, {}) AS retain, CASE "
                    "WHEN o.enabled THEN 'infinity'::timestamptz ELSE '-infinity' END AS "
                    "not_after, o.enabled FROM overrides o)",
                    retain);
  return ctes;
}

BuiltStatement count_tenants(const Policy& policy, const TableFacts& table) {
  BuiltStatement built;
  const ColumnFacts& column = table.columns.at(policy.tenant->column);
  const std::string only =
      policy.tenant->only
          ? fmt::format("{}::{}", built.params.bind(*policy.tenant->only), column.type)
          : std::string("NULL");
  built.sql = fmt::format(
      "SELECT count(*) AS given, count(DISTINCT {0}) AS tenants, pg_catalog.min({1}::text) AS one "
      "FROM {2}",
      override_tenant(column), only, overrides_from(*policy.tenant, built.params));
  return built;
}

BuiltStatement store_cutoffs(const Policy& policy, const TableFacts& table, const std::string& run,
                             const std::string& as_of) {
  BuiltStatement built;
  const std::string ctes = exceptions_ctes(policy, table, as_of, built.params);
  built.sql = fmt::format(
      "WITH {} INSERT INTO lethe.cutoffs (run, tenant, retain, not_after) SELECT {}::text, "
      "e.tenant, "
      "e.retain, e.not_after FROM exceptions e ON CONFLICT (run, tenant) DO UPDATE SET retain = "
      "excluded.retain, not_after = least(lethe.cutoffs.not_after, excluded.not_after)",
      ctes, built.params.bind(run));
  return built;
}

BuiltStatement table_boundary(const Policy& policy, const TableFacts& table) {
  BuiltStatement built;
  const std::string instant = row_instant_sql(policy, table);
  const std::string counts = countable(policy, table, built.params);
  // The order of instants is that of the bare column, which an index may have.
  const std::string order = policy.timestamp.size() == 1
                                ? "x." + table.columns.at(policy.timestamp.at(0)).quoted
                                : instant;
  built.sql = fmt::format(
      "SELECT coalesce((SELECT {0} FROM {1} AS x WHERE {2} ORDER BY {4} DESC OFFSET {3}::bigint - "
      "1 "
      "LIMIT 1), '-infinity')::text AS boundary",
      instant, table.name, counts, built.params.bind(policy.keep_min.value_or(0)), order);
  return built;
}

BuiltStatement census(const Policy& policy, const TableFacts& table, const std::string& as_of,
                      const std::string& boundary) {
  BuiltStatement built;
  Params& params = built.params;
  const bool by_tenant = policy.tenant.has_value();
  const bool exceptions = has_own_cutoffs(policy);
  const std::string ctes =
      exceptions ? exceptions_ctes(policy, table, as_of, params) + ", " : std::string();
  const std::string now = params.bind(as_of) + "::timestamptz";
  const std::string retain = params.bind(to_interval(policy.retain)) + "::interval";
  const std::string instant = row_instant_sql(policy, table);
  const std::string tenant =
      by_tenant ? tenant_sql(table.columns.at(policy.tenant->column)) : "NULL::text";
  std::string off = "false";
  if (by_tenant) off = tenant + " IS NULL";
  if (by_tenant && policy.tenant->only)
    off += fmt::format(
        " OR x.{} OPERATOR(pg_catalog.<>) {}::{}", table.columns.at(policy.tenant->column).quoted,
        params.bind(*policy.tenant->only), table.columns.at(policy.tenant->column).type);
  if (exceptions) off += " OR NOT coalesce(e.enabled, true)";
  const std::string not_after =
      exceptions ? "coalesce(e.not_after, 'infinity')"
                 : params.bind(boundary.empty() ? "infinity" : boundary) + "::timestamptz";
  built.sql = fmt::format(
      "WITH {ctes}judged AS (SELECT {tenant} AS tenant, {instant} AS ts, CASE WHEN ({where}) IS "
      "NOT "
      "TRUE THEN 'condition' WHEN ({off}) THEN 'tenant_off' WHEN {instant} IS NULL OR NOT "
      "pg_catalog.isfinite({instant}) THEN 'no_timestamp' WHEN {instant} >= {now} - {age} THEN "
      "'too_young' WHEN {instant} >= {not_after} THEN 'keep_min' WHEN {undone} THEN 'eligible' "
      "ELSE 'done' END AS verdict "
      "FROM "
      "{table} AS x{join}) SELECT verdict, tenant, GROUPING(tenant) = 1 AS is_sum, count(*) AS "
      "rows, "
      "{iso_min} AS oldest, {iso_max} AS newest FROM judged GROUP BY GROUPING SETS ((verdict), "
      "(verdict, tenant))",
      fmt::arg("ctes", ctes), fmt::arg("tenant", tenant), fmt::arg("instant", instant),
      fmt::arg("where", condition_sql(policy.where, table, params)), fmt::arg("off", off),
      fmt::arg("now", now),
      fmt::arg("age", exceptions ? fmt::format("coalesce(e.retain, {})", retain) : retain),
      fmt::arg("undone", undone_sql(policy, table, params)), fmt::arg("not_after", not_after),
      fmt::arg("table", table.name),
      fmt::arg("join", exceptions ? fmt::format(" LEFT JOIN exceptions e ON e.tenant = {}", tenant)
                                  : std::string()),
      fmt::arg("iso_min",
               "pg_catalog.to_char(pg_catalog.min(ts) AT TIME ZONE 'UTC', "
               "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"),
      fmt::arg("iso_max",
               "pg_catalog.to_char(pg_catalog.max(ts) AT TIME ZONE 'UTC', "
               "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"));
  return built;
}

}  // namespace lethe::db
