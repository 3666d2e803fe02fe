#include "common/db/target/tenant_cutoffs.hpp"

#include <fmt/format.h>

#include "common/db/target/time_column.hpp"
#include "common/policies/policy_json.hpp"

namespace lethe::db {

namespace {

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

/// The order of instants is that of the bare column, which an index may have.
std::string order_of_instants(const Policy& policy, const TableFacts& table) {
  return policy.timestamp.size() == 1 ? "x." + table.columns.at(policy.timestamp.at(0)).quoted
                                      : row_instant_sql(policy, table);
}

/// Restricts a pass to the one tenant that was asked for.
std::string only_tenant(const Policy& policy, const TableFacts& table, Params& params) {
  if (!policy.tenant->only) return "";
  return " AND " + one_tenant_sql(policy, table, params);
}

/// How lethe.cutoffs holds the cutoffs of tenants of one type, as SQL.
struct StoredForm {
  std::string known;  ///< FROM item `k` (tenant, cutoff) of what row `c` has already
  /// Aggregates of rows `m` (tenant, cutoff).
  std::string own = "NULL";
  std::string numbers = "NULL";
  std::string uuids = "NULL";
  std::string cutoffs = "NULL";
};

StoredForm stored_form(const ColumnFacts& column) {
  StoredForm form;
  const auto keys = tenant_keys(column);
  if (!keys) {
    form.known =
        "(SELECT j.key COLLATE pg_catalog.\"C\" AS tenant, "
        "pg_catalog.to_timestamp(j.value::float8) AS cutoff FROM pg_catalog.jsonb_each_text(c.own) "
        "j) AS k";
    form.own = "pg_catalog.jsonb_object_agg(m.tenant, extract(epoch FROM m.cutoff)::float8::text)";
    return form;
  }
  form.known = fmt::format(
      "(SELECT u.tenant::text COLLATE pg_catalog.\"C\" AS tenant, u.cutoff FROM ROWS FROM "
      "(pg_catalog.unnest(c.{}), pg_catalog.unnest(c.cutoffs)) AS u (tenant, cutoff)) AS k",
      keys->column);
  const std::string sorted = fmt::format("m.tenant::{}", keys->type);
  std::string& list = keys->type == std::string_view("uuid") ? form.uuids : form.numbers;
  list = fmt::format("pg_catalog.array_agg({0} ORDER BY {0})", sorted);
  form.cutoffs = fmt::format("pg_catalog.array_agg(m.cutoff ORDER BY {})", sorted);
  return form;
}

/// A branch of the census's CASE: rows that would go if holds did not keep them.
std::string held_verdict(const Held* held, Params& params) {
  if (held == nullptr || held->none()) return "";
  const std::string hold = held->number(params);
  return fmt::format(" WHEN {0} IS NOT NULL THEN pg_catalog.concat('held ', {0})", hold);
}

/// Branches of the census's CASE, one per foreign key.
std::string referenced_verdicts(const TableFacts& table) {
  std::string branches;
  for (std::size_t i = 0; i < table.foreign_keys.size(); ++i)
    if (!table.foreign_keys[i].goes_along)
      branches +=
          fmt::format(" WHEN {} THEN 'referenced {}'", referenced_sql(table.foreign_keys[i]), i);
  return branches;
}

}  // namespace

OverrideColumns override_columns(const Policy& policy) {
  OverrideColumns columns;
  if (!policy.tenant || policy.tenant->overrides.empty()) return columns;
  std::vector<std::string> tenants;
  const auto add = [](std::string& list, const std::string& value) {
    list.back() = ',';
    list += value + '}';
  };
  const auto number_or_null = [](const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : std::string("NULL");
  };
  for (const auto& [tenant, own] : policy.tenant->overrides) {
    tenants.push_back(tenant);
    add(columns.months, own.retain ? std::to_string(own.retain->months) : "NULL");
    add(columns.seconds, own.retain ? std::to_string(own.retain->seconds) : "NULL");
    add(columns.keep_min, number_or_null(own.keep_min));
    add(columns.enabled, own.enabled ? "t" : "f");
    columns.any_keep_min = columns.any_keep_min || own.keep_min.value_or(0) > 0;
  }
  columns.tenants = to_array(tenants);
  for (auto* list : {&columns.months, &columns.seconds, &columns.keep_min, &columns.enabled})
    list->erase(1, 1);  // the comma before the first
  return columns;
}

bool OwnCutoffs::any_keep_min() const {
  return policy.tenant->keep_min.value_or(0) > 0 || overrides.any_keep_min;
}

bool OwnCutoffs::possible() const {
  return policy.tenant.has_value() && (!overrides.none() || any_keep_min());
}

/// The overrides as a FROM item `o`: five parameters, however many they are.
std::string OwnCutoffs::overrides_from(Params& params) const {
  return fmt::format(
      "(SELECT u.tenant, pg_catalog.make_interval(months => u.months, secs => u.seconds) AS "
      "retain, "
      "u.keep_min, u.enabled FROM ROWS FROM (pg_catalog.unnest({}::text[]), "
      "pg_catalog.unnest({}::integer[]), pg_catalog.unnest({}::float8[]), "
      "pg_catalog.unnest({}::bigint[]), pg_catalog.unnest({}::boolean[])) AS u (tenant, months, "
      "seconds, keep_min, enabled)) AS o",
      params.bind(overrides.tenants), params.bind(overrides.months), params.bind(overrides.seconds),
      params.bind(overrides.keep_min), params.bind(overrides.enabled));
}

/// CTEs `ages`, `short` and `boundaries` of exceptions_ctes.
std::string OwnCutoffs::keep_min_ctes(const std::string& as_of, const std::string& retain,
                                      Params& params) const {
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

std::string OwnCutoffs::exceptions_ctes(const std::string& as_of, Params& params) const {
  const std::string retain = params.bind(to_interval(policy.retain)) + "::interval";
  std::string ctes =
      fmt::format("overrides AS (SELECT {} AS tenant, o.retain, o.keep_min, o.enabled FROM {})",
                  override_tenant(table.columns.at(policy.tenant->column)), overrides_from(params));
  const bool keep_min = any_keep_min();
  if (keep_min) ctes += keep_min_ctes(params.bind(as_of) + "::timestamptz", retain, params);
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

BuiltStatement OwnCutoffs::count_tenants() const {
  BuiltStatement built;
  const ColumnFacts& column = table.columns.at(policy.tenant->column);
  const std::string only =
      policy.tenant->only
          ? fmt::format("{}::{}", built.params.bind(*policy.tenant->only), column.type)
          : std::string("NULL");
  built.sql = fmt::format(
      "SELECT count(*) AS given, count(DISTINCT {0}) AS tenants, pg_catalog.min({1}::text) AS one "
      "FROM {2}",
      override_tenant(column), only, overrides_from(built.params));
  return built;
}

BuiltStatement OwnCutoffs::store(const std::string& run, const std::string& as_of) const {
  BuiltStatement built;
  const std::string ctes = exceptions_ctes(as_of, built.params);
  const StoredForm form = stored_form(table.columns.at(policy.tenant->column));
  built.sql = fmt::format(
      "WITH {ctes}, found AS (SELECT e.tenant, least({as_of}::timestamptz - e.retain, e.not_after) "
      "AS cutoff FROM exceptions e), known AS (SELECT k.tenant, k.cutoff FROM lethe.cutoffs c "
      "CROSS JOIN LATERAL {known} WHERE c.run = {run}::text), merged AS (SELECT "
      "coalesce(f.tenant, k.tenant) AS tenant, least(f.cutoff, k.cutoff) AS cutoff FROM found f "
      "FULL JOIN known k ON k.tenant = f.tenant) INSERT INTO lethe.cutoffs AS c (run, as_of, "
      "floor, "
      "reach, own, numbers, uuids, cutoffs) SELECT {run}::text, {as_of}::timestamptz, "
      "pg_catalog.min(m.cutoff), pg_catalog.max(m.cutoff), {own}, {numbers}, {uuids}, {cutoffs} "
      "FROM merged m HAVING count(*) > 0 ON CONFLICT (run) DO UPDATE SET "
      "as_of = greatest(c.as_of, excluded.as_of), floor = excluded.floor, reach = excluded.reach, "
      "own = excluded.own, numbers = excluded.numbers, uuids = excluded.uuids, cutoffs = "
      "excluded.cutoffs",
      fmt::arg("ctes", ctes), fmt::arg("known", form.known), fmt::arg("own", form.own),
      fmt::arg("numbers", form.numbers), fmt::arg("uuids", form.uuids),
      fmt::arg("cutoffs", form.cutoffs), fmt::arg("as_of", built.params.bind(as_of)),
      fmt::arg("run", built.params.bind(run)));
  return built;
}

std::string OwnCutoffs::newest_of(const std::string& tenants, Params& params) const {
  const ColumnFacts& column = table.columns.at(policy.tenant->column);
  const std::string keep = params.bind(policy.tenant->keep_min.value_or(0)) + "::bigint";
  return fmt::format(
      "WITH taken AS MATERIALIZED ({tenants}), overrides AS (SELECT {override} AS tenant, "
      "o.keep_min FROM {overrides}), needed AS (SELECT t.value, t.tenant, coalesce(o.keep_min, "
      "{keep}) AS need FROM taken t LEFT JOIN overrides o ON o.tenant = t.tenant) "
      "SELECT coalesce(pg_catalog.jsonb_object_agg(n.tenant, CASE WHEN n.need = 0 THEN "
      "'infinity'::timestamptz ELSE b.ts END), '{{}}')::text AS newest FROM needed n LEFT JOIN "
      "LATERAL (SELECT {instant} AS ts FROM {table} AS x WHERE n.need > 0 AND x.{tenant} "
      "OPERATOR(pg_catalog.=) n.value AND {name} = n.tenant AND {counts} ORDER BY {order} DESC "
      "OFFSET greatest(n.need, 1) - 1 LIMIT 1) AS b ON true",
      fmt::arg("tenants", tenants), fmt::arg("override", override_tenant(column)),
      fmt::arg("overrides", overrides_from(params)), fmt::arg("keep", keep),
      fmt::arg("instant", row_instant_sql(policy, table)), fmt::arg("table", table.name),
      fmt::arg("tenant", column.quoted), fmt::arg("name", tenant_sql(column)),
      fmt::arg("counts", countable(policy, table, params)),
      fmt::arg("order", order_of_instants(policy, table)));
}

BuiltStatement table_boundary(const Policy& policy, const TableFacts& table) {
  BuiltStatement built;
  const std::string instant = row_instant_sql(policy, table);
  const std::string counts = countable(policy, table, built.params);
  const std::string order = order_of_instants(policy, table);
  built.sql = fmt::format(
      "SELECT coalesce((SELECT {0} FROM {1} AS x WHERE {2} ORDER BY {4} DESC OFFSET {3}::bigint - "
      "1 "
      "LIMIT 1), '-infinity')::text AS boundary",
      instant, table.name, counts, built.params.bind(policy.keep_min.value_or(0)), order);
  return built;
}

std::string judged_ctes(const OwnCutoffs& own, const std::string& as_of,
                        const std::string& boundary, Params& params, const std::string& key) {
  const Policy& policy = own.policy;
  const TableFacts& table = own.table;
  const bool by_tenant = policy.tenant.has_value();
  const bool exceptions = own.possible();
  const std::string ctes = exceptions ? own.exceptions_ctes(as_of, params) + ", " : std::string();
  const std::string now = params.bind(as_of) + "::timestamptz";
  const std::string retain = params.bind(to_interval(policy.retain)) + "::interval";
  const std::string instant = row_instant_sql(policy, table);
  const std::string tenant =
      by_tenant ? tenant_sql(table.columns.at(policy.tenant->column)) : "NULL::text";
  std::string off = "false";
  if (by_tenant) off = tenant + " IS NULL";
  if (by_tenant && policy.tenant->only)
    off += fmt::format(" OR NOT {}", one_tenant_sql(policy, table, params));
  if (exceptions) off += " OR NOT coalesce(e.enabled, true)";
  const std::string not_after =
      exceptions ? "coalesce(e.not_after, 'infinity')"
                 : params.bind(boundary.empty() ? "infinity" : boundary) + "::timestamptz";
  return fmt::format(
      "{ctes}judged AS (SELECT {tenant} AS tenant, {instant} AS ts, CASE WHEN ({where}) IS NOT "
      "TRUE THEN 'condition' WHEN ({off}) THEN 'tenant_off' WHEN {instant} IS NULL OR NOT "
      "pg_catalog.isfinite({instant}) THEN 'no_timestamp' WHEN {instant} >= {now} - {age} THEN "
      "'too_young' WHEN {instant} >= {not_after} THEN 'keep_min'{held}{referenced} WHEN {undone} "
      "THEN "
      "'eligible' ELSE 'done' END AS verdict, {place}, {key} AS key FROM {table} "
      "AS "
      "x{join})",
      fmt::arg("ctes", ctes), fmt::arg("tenant", tenant), fmt::arg("instant", instant),
      fmt::arg("where", condition_sql(policy.where, table, params)), fmt::arg("off", off),
      fmt::arg("now", now),
      fmt::arg("age", exceptions ? fmt::format("coalesce(e.retain, {})", retain) : retain),
      fmt::arg("undone", undone_sql(policy, table, params)), fmt::arg("not_after", not_after),
      fmt::arg("held", held_verdict(own.held, params)),
      fmt::arg("referenced", referenced_verdicts(table)), fmt::arg("table", table.name),
      fmt::arg("key", key),
      fmt::arg("place", table.by_columns ? "NULL::oid AS relation, NULL::tid AS tid"
                                         : "x.tableoid AS relation, x.ctid AS tid"),
      fmt::arg("join", exceptions ? fmt::format(" LEFT JOIN exceptions e ON e.tenant = {}", tenant)
                                  : std::string()));
}

BuiltStatement census(const OwnCutoffs& own, const std::string& as_of,
                      const std::string& boundary) {
  BuiltStatement built;
  const std::string ctes = judged_ctes(own, as_of, boundary, built.params);
  built.sql = fmt::format(
      "WITH {ctes} SELECT verdict, tenant, GROUPING(tenant) = 1 AS is_sum, count(*) AS rows, "
      "{iso_min} AS oldest, {iso_max} AS newest FROM judged GROUP BY GROUPING SETS ((verdict), "
      "(verdict, tenant))",
      fmt::arg("ctes", ctes),
      fmt::arg("iso_min",
               "pg_catalog.to_char(pg_catalog.min(ts) AT TIME ZONE 'UTC', "
               "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"),
      fmt::arg("iso_max",
               "pg_catalog.to_char(pg_catalog.max(ts) AT TIME ZONE 'UTC', "
               "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"));
  return built;
}

BuiltStatement eligible_samples(const OwnCutoffs& own, const std::string& as_of,
                                const std::string& boundary, const std::string& key,
                                std::int64_t rows_max) {
  BuiltStatement built;
  constexpr const char* eligible = "FROM judged j WHERE j.verdict = 'eligible' ORDER BY j.ts LIMIT";
  if (own.table.by_columns) {  // there is no way back from a row's place to the row
    const std::string ctes = judged_ctes(own, as_of, boundary, built.params, key);
    built.sql = fmt::format("WITH {} SELECT j.key {} {}::bigint", ctes, eligible,
                            built.params.bind(rows_max));
    return built;
  }
  const std::string ctes = judged_ctes(own, as_of, boundary, built.params);
  built.sql = fmt::format(
      "WITH {}, g AS MATERIALIZED (SELECT j.relation, j.tid, j.ts {} {}::bigint) SELECT {} AS key "
      "FROM g JOIN {} AS x ON g.relation OPERATOR(pg_catalog.=) x.tableoid AND g.tid "
      "OPERATOR(pg_catalog.=) x.ctid ORDER BY g.ts",
      ctes, eligible, built.params.bind(rows_max), key, own.table.name);
  return built;
}

std::string eligible_rows(const TableFacts& table) {
  return fmt::format(
      "(SELECT x.* FROM {} AS x JOIN eligible g ON g.relation OPERATOR(pg_catalog.=) x.tableoid "
      "AND g.tid OPERATOR(pg_catalog.=) x.ctid)",
      table.name);
}

BuiltStatement eligible_ctes(const OwnCutoffs& own, const std::string& as_of,
                             const std::string& boundary) {
  BuiltStatement built;
  built.sql = fmt::format(
      "{}, eligible AS MATERIALIZED (SELECT j.relation, j.tid FROM judged j WHERE j.verdict = "
      "'eligible')",
      judged_ctes(own, as_of, boundary, built.params));
  return built;
}

}  // namespace lethe::db
