#include "common/db/target/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/db/queries.gen.hpp"
#include "common/db/target/archive_columns.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/cascade.hpp"
#include "common/db/target/foreign_keys.hpp"
#include "common/db/target/set_columns.hpp"
#include "common/db/target/time_column.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

UserError bad(const std::string& field, std::string_view key, const std::string& what) {
  return {ExitCode::bad_config, fmt::format("{}.{}: {}", field, key, what)};
}

std::optional<TimeUnit> unit_of(const TimeUnits& units, const std::string& column) {
  const auto unit = units.find(column);
  return unit == units.end() ? std::nullopt : std::optional(unit->second);
}

/// Why a column of this type cannot tell a row's time as the policy says, and the cure.
std::string time_problem(const std::string& type, const std::string& column,
                         std::optional<TimeUnit> unit) {
  if (type == "bigint" || type == "integer")
    return fmt::format("is {}; say what it counts with unit s, ms or us: {{column: {}, unit: ms}}",
                       type, column);
  if (type == "uuid")
    return fmt::format("is uuid; if its values are of version 7 write {{column: {}, unit: uuidv7}}",
                       column);
  if (unit && time_type(type, std::nullopt) != TimeType::none)
    return fmt::format("is {}, which has no unit; remove unit: {}", type, to_string(*unit));
  return fmt::format(
      "is {}; use a column of type timestamptz, timestamp, date, bigint, integer or "
      "uuid",
      type);
}

/// Rows that go one way and alone can be told apart by a key instead of by where they stand.
bool can_do_with_columns(const Policy& policy) {
  return policy.action.kind == Action::Kind::remove && policy.cascade.empty();
}

/// What Lethe says about a table that it cannot clean; "" when it can.
std::string refusal(const pqxx::row& row, const Policy& policy) {
  const std::string kind = text(row, "kind");
  if (kind == "v" || kind == "m") return "is a view; name the table that holds the rows";
  if (kind == "f") return "is a foreign table; register its own database as a target";
  if (kind != "r" && kind != "p") return "is not a table";
  if (flag(row, "temporary")) return "is a temporary table; nobody else can see its rows";
  if (flag(row, "system")) return "belongs to the system, to an extension or to Lethe itself";
  if (flag(row, "has_children"))
    return "has inheritance children; write one policy for each of the tables, or use partitions";
  if (flag(row, "rls"))
    return fmt::format(
        "has row-level security that hides rows from this role; run, for the worker's role: ALTER "
        "ROLE {} BYPASSRLS",
        text(row, "role"));
  const bool deletes = policy.action.kind == Action::Kind::remove;
  const bool may_read =
      flag(row, "may_read") || (flag(row, "may_read_columns") && can_do_with_columns(policy));
  if (!may_read || (deletes && !flag(row, "may_delete")))
    return fmt::format("may not be read{} by this role; run: GRANT SELECT{} ON {} TO {}",
                       deletes ? " or deleted from" : "", deletes ? ", DELETE" : "",
                       text(row, "name"), text(row, "role"));
  return "";
}

/// What happens to the rows of a table, in SQL's word for it.
const char* verb(const TableFacts& table) { return table.updated ? "UPDATE" : "DELETE"; }

void refuse_foreign_keys(Transaction& transaction, TableFacts& table, const Policy& policy,
                         const std::string& field) {
  table.foreign_keys = look_up_foreign_keys(transaction, table.oid);
  mark_declared(table, policy);
  const std::string problem = foreign_key_problem(table);
  if (!problem.empty()) throw bad(field, "table", problem);
  const auto is_known = [&](const ForeignKeyFacts& key) {
    const auto same = [&](const ForeignKeyFacts& other) {
      return other.child_oid == key.child_oid && other.constraint == key.constraint;
    };
    return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), same) ||
           std::any_of(table.deeper_keys.begin(), table.deeper_keys.end(), same);
  };
  const std::string rows = picked_rows(table.name);
  auto plan = plan_cascade(transaction, {.table = table, .policy = policy, .rows = rows}, field);
  for (auto& step : plan.steps)
    if (!is_known(step.key)) table.deeper_keys.push_back(std::move(step.key));
}

void require_column(const TableFacts& table, const std::string& column, const std::string& field,
                    const std::string& key) {
  if (table.columns.contains(column)) return;
  std::string known;
  for (const auto& [name, facts] : table.columns) known += (known.empty() ? "" : ", ") + name;
  throw bad(field, key,
            fmt::format("{} has no column '{}'; it has: {}", table.name, column, known));
}

void check_condition_columns(const TableFacts& table, const Condition& condition,
                             const std::string& field) {
  if (condition.kind == Condition::Kind::comparison)
    require_column(table, condition.column, field, "where");
  for (const auto& child : condition.children) check_condition_columns(table, child, field);
}

void check_columns(const TableFacts& table, const Policy& policy, const std::string& field) {
  for (const auto& column : policy.timestamp) {
    require_column(table, column, field, "timestamp");
    const auto& facts = table.columns.at(column);
    if (facts.time == TimeType::none)
      throw bad(field, "timestamp",
                fmt::format("column '{}' of {} {}", column, table.name,
                            time_problem(facts.type, column, unit_of(policy.units, column))));
  }
  if (policy.tenant.has_value())
    require_column(table, policy.tenant->column, field, "tenant.column");
  check_condition_columns(table, policy.where, field);
}

void add_condition_columns(const Condition& condition, std::vector<std::string>& columns) {
  if (condition.kind == Condition::Kind::comparison) columns.push_back(condition.column);
  for (const auto& child : condition.children) add_condition_columns(child, columns);
}

/// For a role that may read single columns alone.
void require_readable(Transaction& transaction, const TableFacts& table, const Policy& policy,
                      const std::string& field) {
  const auto hidden = transaction.exec(queries::catalog_unreadable_columns,
                                       Params::of(table.oid, to_array(columns_of(policy))));
  if (hidden.empty()) return;
  throw bad(field, "table",
            fmt::format("{} may be read by this role in single columns alone, and the policy needs "
                        "more of them; run: GRANT SELECT ({}), DELETE ON {} TO {}",
                        table.name, text(hidden.at(0), "columns"), text(hidden.at(0), "relation"),
                        table.role));
}

}  // namespace

std::vector<std::string> columns_of(const Policy& policy) {
  std::vector<std::string> columns = policy.timestamp;
  if (policy.tenant) columns.push_back(policy.tenant->column);
  add_condition_columns(policy.where, columns);
  return columns;
}

void refuse_hazards(Transaction& transaction, const Policy& policy, TableFacts& table,
                    const std::string& field) {
  if (policy.action.kind == Action::Kind::call) return;  // only looked at
  if (table.updated) check_set_columns(transaction, policy, table, field);
  const auto hazards =
      transaction.exec(queries::catalog_hazards,
                       Params::of(table.oid, verb(table), to_array(policy.trusted_owners)));
  if (!hazards.empty()) throw bad(field, "table", text(hazards.at(0), "hazard"));
  const auto leaves =
      transaction.exec(queries::catalog_leaf_hazards, Params::of(table.oid, verb(table)));
  if (!leaves.empty()) throw bad(field, "table", text(leaves.at(0), "hazard"));
  check_archive(transaction, policy, table.oid, field);
  if (policy.action.kind == Action::Kind::remove)
    refuse_foreign_keys(transaction, table, policy, field);
}

TableFacts look_up_table(Transaction& transaction, const Policy& policy, const std::string& field) {
  TableFacts table = look_up_shape(transaction, policy, field);
  refuse_hazards(transaction, policy, table, field);
  return table;
}

TableFacts look_up_shape(Transaction& transaction, const Policy& policy, const std::string& field) {
  const auto rows =
      transaction.exec(queries::catalog_table, Params::of(policy.table.schema, policy.table.table));
  if (rows.empty())
    throw bad(field, "table",
              fmt::format("{} does not exist in target '{}' (names are taken exactly, with their "
                          "case)",
                          to_text(policy.table), policy.target));
  const auto row = rows.at(0);
  TableFacts table{.oid = number<std::uint32_t>(row, "oid"),
                   .name = text(row, "name"),
                   .role = text(row, "role"),
                   .partitioned = text(row, "kind") == "p",
                   .by_columns = !flag(row, "may_read"),
                   .updated = policy.action.kind == Action::Kind::set,
                   .server_version = number<std::int32_t>(row, "server_version"),
                   .columns = {},
                   .foreign_keys = {},
                   .deeper_keys = {}};
  const std::string problem = refusal(row, policy);
  if (!problem.empty()) throw bad(field, "table", table.name + " " + problem);
  table.columns = look_up_columns(transaction, table.oid, policy.units).columns;
  check_columns(table, policy, field);
  if (table.by_columns) require_readable(transaction, table, policy, field);
  return table;
}

TableFacts look_up_columns(Transaction& transaction, std::uint32_t relation,
                           const TimeUnits& units) {
  TableFacts table;
  table.oid = relation;
  for (const auto& column : transaction.exec(queries::catalog_columns, Params::of(relation))) {
    const std::string type = text(column, "type");
    const std::string name = text(column, "name");
    table.columns[name] = {.quoted = text(column, "quoted"),
                           .type = type,
                           .time = time_type(type, unit_of(units, name)),
                           .stored_type = text(column, "stored_type"),
                           .folds = flag(column, "folds")};
  }
  return table;
}

std::vector<RelationRow> look_up_relations(Transaction& transaction, const TableFacts& table,
                                           const std::string& field) {
  std::vector<RelationRow> relations;
  for (const auto& row :
       transaction.exec(queries::catalog_relations, Params::of(table.oid, verb(table)))) {
    if (text(row, "kind") != "r")
      throw bad(field, "table",
                fmt::format("its partition {} is a foreign table; register its own database as a "
                            "target",
                            text(row, "name")));
    relations.push_back({.oid = number<std::uint32_t>(row, "oid"),
                         .name = text(row, "name"),
                         .blocks = number(row, "blocks"),
                         .rows = number<double>(row, "rows"),
                         .may_read = flag(row, "may_read"),
                         .may_lock = flag(row, "may_lock"),
                         .has_triggers = flag(row, "has_triggers")});
  }
  return relations;
}

void require_locks(const std::vector<RelationRow>& relations, const Policy& policy,
                   const std::string& field) {
  for (const auto& relation : relations)
    if (!policy.cascade.empty() && !relation.may_lock)
      throw bad(field, "cascade",
                fmt::format("rows of {0} must be locked while their children go, which takes the "
                            "right to update them; grant UPDATE on {0} to the worker's role",
                            relation.name));
}

Identity look_up_identity(Transaction& transaction, std::uint32_t relation) {
  const auto rows = transaction.exec(queries::catalog_fingerprint, Params::of(relation));
  if (rows.empty()) return {};
  return {.name = text(rows.at(0), "name"),
          .fingerprint = text(rows.at(0), "fingerprint"),
          .has_keys = flag(rows.at(0), "has_keys")};
}

IndexLead index_lead(Transaction& transaction, std::uint32_t relation, const Policy& policy,
                     std::size_t phase) {
  const std::string one_tenant =
      policy.tenant && policy.tenant->only ? policy.tenant->column : std::string();
  const std::string must_be_null =
      phase == 1 && policy.timestamp.size() == 2 ? policy.timestamp.at(0) : std::string();
  const auto rows =
      transaction.exec(queries::catalog_index_leads,
                       Params::of(relation, policy.timestamp.at(phase), one_tenant, must_be_null));
  if (flag(rows.at(0), "by_tenant")) return IndexLead::by_tenant;
  return flag(rows.at(0), "leads") ? IndexLead::by_time : IndexLead::none;
}

double estimate_rows(Transaction& transaction, const BuiltStatement& built) {
  const auto plan = transaction.exec_built("EXPLAIN (FORMAT JSON) " + built.sql, built.params);
  const auto json = nlohmann::json::parse(plan.at(0).at(0).c_str());
  return json.at(0).at("Plan").at("Plan Rows").get<double>();
}

}  // namespace lethe::db
