#include "common/db/target/predicate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <vector>

#include "common/db/target/time_column.hpp"

namespace lethe::db {

namespace {

std::string joined(const std::vector<std::string>& parts, std::string_view word) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : fmt::format(" {} ", word)) + part;
  return parts.size() > 1 ? "(" + text + ")" : text;
}

/// The parameter cast to the column's type, so that the server reads the value by that type's own
/// rules and an index on the column stays usable.
std::string bound(const std::string& value, const std::string& type, Params& params) {
  return params.bind(value) + "::" + type;
}

std::string comparison_sql(const Condition& condition, const ColumnFacts& column, Params& params) {
  const std::string name = "x." + column.quoted;
  const auto simple = [&](std::string_view op) {
    return fmt::format("{} OPERATOR(pg_catalog.{}) {}", name, op,
                       bound(condition.values.at(0), column.type, params));
  };
  const auto list = [&] { return bound(to_array(condition.values), column.type + "[]", params); };
  switch (condition.comparison) {
    case Comparison::eq: return simple("=");
    case Comparison::ne: return simple("<>");
    case Comparison::lt: return simple("<");
    case Comparison::lte: return simple("<=");
    case Comparison::gt: return simple(">");
    case Comparison::gte: return simple(">=");
    case Comparison::in: return fmt::format("{} OPERATOR(pg_catalog.=) ANY ({})", name, list());
    case Comparison::not_in:
      return fmt::format("{} OPERATOR(pg_catalog.<>) ALL ({})", name, list());
    case Comparison::is_null:
      return name + (condition.values.at(0) == "true" ? " IS NULL" : " IS NOT NULL");
    case Comparison::like_prefix:
      // In bytes, as it always compares: of a collation that folds it would refuse.
      return fmt::format("pg_catalog.starts_with({}::text COLLATE pg_catalog.\"C\", {}::text)",
                         name, params.bind(condition.values.at(0)));
  }
  return "false";
}

/// A new value as the column stores it; for NULL without a type, so that the server looks at the
/// column alone and needs no equality of its type.
std::string new_value(const std::optional<std::string>& value, const ColumnFacts& column,
                      Params& params) {
  return value ? bound(*value, column.stored_type, params) : "NULL";
}

}  // namespace

std::string undone_sql(const Policy& policy, const TableFacts& table, Params& params) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : policy.action.values) {
    const ColumnFacts& column = table.columns.at(name);
    parts.push_back(
        fmt::format("x.{} IS DISTINCT FROM {}", column.quoted, new_value(value, column, params)));
  }
  return parts.empty() ? "true" : joined(parts, "OR");
}

std::string condition_sql(const Condition& condition, const TableFacts& table, Params& params) {
  switch (condition.kind) {
    case Condition::Kind::comparison:
      return comparison_sql(condition, table.columns.at(condition.column), params);
    case Condition::Kind::negation:
      return fmt::format("(NOT {})", condition_sql(condition.children.at(0), table, params));
    case Condition::Kind::all:
    case Condition::Kind::any: break;
  }
  if (condition.children.empty()) return "true";
  std::vector<std::string> parts;
  parts.reserve(condition.children.size());
  for (const auto& child : condition.children) parts.push_back(condition_sql(child, table, params));
  return joined(parts, condition.kind == Condition::Kind::all ? "AND" : "OR");
}

std::string row_instant_sql(const Policy& policy, const TableFacts& table) {
  std::string list;
  for (const auto& column : policy.timestamp)
    list += (list.empty() ? "" : ", ") + instant_sql(table.columns.at(column));
  return policy.timestamp.size() > 1 ? fmt::format("coalesce({})", list) : list;
}

std::string tenant_sql(const ColumnFacts& column) {
  return fmt::format("(x.{}::text COLLATE pg_catalog.\"C\")", column.quoted);
}

std::string one_tenant_sql(const Policy& policy, const TableFacts& table, Params& params) {
  const ColumnFacts& tenant = table.columns.at(policy.tenant->column);
  const std::string value = bound(*policy.tenant->only, tenant.type, params);
  std::string same = fmt::format("x.{} OPERATOR(pg_catalog.=) {}", tenant.quoted, value);
  if (!tenant.folds) return same;
  return fmt::format("({} AND {} OPERATOR(pg_catalog.=) {}::text)", same, tenant_sql(tenant),
                     value);
}

std::optional<TenantKeys> tenant_keys(const ColumnFacts& column) {
  if (column.type == "smallint" || column.type == "integer" || column.type == "bigint")
    return TenantKeys{.column = "numbers", .type = "bigint"};
  if (column.type == "uuid") return TenantKeys{.column = "uuids", .type = "uuid"};
  return std::nullopt;
}

std::string referenced_sql(const ForeignKeyFacts& key) {
  return fmt::format("EXISTS (SELECT 1 FROM {} WHERE {})", key.from_item, key.match);
}

std::string Predicate::instant() const { return row_instant_sql(policy_, table_); }

std::string Predicate::limit(std::size_t phase) const {
  return limit_text(has_cutoffs_ ? limits_.reach : limits_.cutoff, column(phase).time);
}

std::string Predicate::in_front(bool of_tenant, Params& params) const {
  const ColumnFacts& time = column(0);
  const std::string age =
      fmt::format("x.{0} OPERATOR(pg_catalog.>) {1} AND x.{0} OPERATOR(pg_catalog.<) {2}",
                  time.quoted, floor_sql(time), bound(limit(0), limit_type(time), params));
  return of_tenant ? fmt::format("{} AND {}", age, only_tenant(params)) : age;
}

std::string Predicate::only_tenant(Params& params) const {
  return one_tenant_sql(policy_, table_, params);
}

/// The tenant's own cutoff; NULL when it has none. The server reads what lethe.cutoffs has once for
/// each statement; joined with nothing it is a value in memory, else every look-up would fetch it
/// again.
std::string Predicate::own_cutoff(Params& params) const {
  const ColumnFacts& column = table_.columns.at(policy_.tenant->column);
  const std::string run = params.bind(run_);
  const auto stored = [&run](std::string_view name, std::string_view type) {
    return fmt::format(
        "(SELECT o.{0} OPERATOR(pg_catalog.||) '{{}}'::{1} FROM lethe.cutoffs o WHERE o.run = "
        "{2}::text)",
        name, type, run);
  };
  const auto keys = tenant_keys(column);
  if (!keys)
    return fmt::format("pg_catalog.to_timestamp(({} OPERATOR(pg_catalog.->>) {})::float8)",
                       stored("own", "jsonb"), tenant_sql(column));
  const std::string tenant = fmt::format("x.{}::{}", column.quoted, keys->type);
  const std::string sorted = stored(keys->column, fmt::format("{}[]", keys->type));
  const std::string place = fmt::format("pg_catalog.width_bucket({}, {})", tenant, sorted);
  return fmt::format("CASE WHEN ({0})[{1}] OPERATOR(pg_catalog.=) {2} THEN ({3})[{1}] END", sorted,
                     place, tenant, stored("cutoffs", "timestamptz[]"));
}

/// The tenant's own cutoff, or that of the others.
std::string Predicate::tenant_cutoff(TimeType type, Params& params) const {
  std::string instant = own_cutoff(params);
  if (!limits_.own_shift.empty())
    instant = fmt::format("({} - {}::interval)", instant, params.bind(limits_.own_shift));
  return limit_sql(fmt::format("coalesce({}, {}::timestamptz)", instant,
                               params.bind(limits_.cutoff.timestamptz)),
                   type);
}

std::string Predicate::old_enough(std::size_t phase, Params& params) const {
  std::vector<std::string> parts;
  for (std::size_t before = 0; before < phase; ++before)
    parts.push_back(fmt::format("x.{} IS NULL", column(before).quoted));
  const ColumnFacts& time = column(phase);
  const std::string name = "x." + time.quoted;
  const auto older_than = [&](const Limit& limit) {
    return fmt::format("{} OPERATOR(pg_catalog.<) {}", name,
                       bound(limit_text(limit, time.time), limit_type(time), params));
  };
  parts.push_back(fmt::format("{} OPERATOR(pg_catalog.>) {}", name, floor_sql(time)));
  if (const std::string has_time = has_time_sql(time); !has_time.empty()) parts.push_back(has_time);
  if (!has_cutoffs_) {
    parts.push_back(older_than(limits_.cutoff));
    return joined(parts, "AND");
  }
  // A row older than every cutoff, or newer than every one, needs no look-up.
  parts.push_back(older_than(limits_.reach));
  parts.push_back(fmt::format("({} OR {} OPERATOR(pg_catalog.<) {})", older_than(limits_.floor),
                              name, tenant_cutoff(time.time, params)));
  return joined(parts, "AND");
}

std::string Predicate::shared_part(Params& params) const {
  std::vector<std::string> parts;
  if (policy_.tenant.has_value())
    parts.push_back(
        policy_.tenant->only.has_value()
            ? only_tenant(params)
            : fmt::format("x.{} IS NOT NULL", table_.columns.at(policy_.tenant->column).quoted));
  parts.push_back(condition_sql(policy_.where, table_, params));
  if (sets()) parts.push_back(undone_sql(policy_, table_, params));
  for (const auto& key : table_.foreign_keys)
    if (!key.goes_along) parts.push_back("NOT " + referenced_sql(key));
  if (without_parked_)
    parts.push_back(fmt::format(
        "NOT EXISTS (SELECT 1 FROM lethe.parked k WHERE k.run OPERATOR(pg_catalog.=) {}::text AND "
        "k.relation_oid OPERATOR(pg_catalog.=) x.tableoid AND k.tid OPERATOR(pg_catalog.=) x.ctid "
        "AND k.row_xmin OPERATOR(pg_catalog.=) x.xmin)",
        params.bind(run_)));
  if (held_ != nullptr) parts.push_back(held_->free(params));
  return joined(parts, "AND");
}

std::string Predicate::assignments(Params& params) const {
  std::string text;
  for (const auto& [name, value] : policy_.action.values) {
    const ColumnFacts& column = table_.columns.at(name);
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", column.quoted,
                        new_value(value, column, params));
  }
  return text;
}

bool Predicate::judges_by_row() const {
  const bool searches_jsonb =
      has_cutoffs_ && !tenant_keys(table_.columns.at(policy_.tenant->column)).has_value();
  return !searches_jsonb && !asks_others();
}

bool Predicate::asks_others() const {
  if (held_ != nullptr && !held_->dependents.empty()) return true;
  return without_parked_ || std::any_of(table_.foreign_keys.begin(), table_.foreign_keys.end(),
                                        [](const ForeignKeyFacts& key) { return !key.goes_along; });
}

std::string Predicate::done(Params& params) const {
  return fmt::format("(NOT ({}))", undone_sql(policy_, table_, params));
}

std::string Predicate::one_phase(std::size_t phase, Params& params) const {
  const std::string age = old_enough(phase, params);
  return fmt::format("{} AND {}", age, shared_part(params));
}

std::string Predicate::aged(Params& params) const {
  std::vector<std::string> phases;
  for (std::size_t phase = 0; phase < policy_.timestamp.size(); ++phase)
    phases.push_back(old_enough(phase, params));
  return joined(phases, "OR");
}

std::string Predicate::all_phases(Params& params) const {
  const std::string age = aged(params);
  return fmt::format("{} AND {}", age, shared_part(params));
}

}  // namespace lethe::db
