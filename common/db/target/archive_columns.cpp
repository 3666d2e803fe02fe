#include "common/db/target/archive_columns.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/db/queries.gen.hpp"
#include "common/policies/archive_rule.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

std::string create_table(const Policy& policy) {
  return fmt::format(
      "CREATE TABLE {0} (LIKE {1}, lethe_run text, lethe_at timestamptz); CREATE INDEX ON {0} "
      "(lethe_run, lethe_at)",
      to_text(policy.archive->table), to_text(policy.table));
}

/// What Lethe says about a table that it cannot copy rows into; "" when it can.
std::string refusal(const pqxx::row& row, const Policy& policy) {
  const std::string kind = text(row, "kind");
  if (kind != "r" && kind != "p") return "is not a table, to which rows are copied; name a table";
  if (flag(row, "related")) return "is the table of the policy or a part of it; name another table";
  if (flag(row, "system")) return "belongs to the system, to an extension or to Lethe itself";
  if (text(row, "persistence") != "p")
    return fmt::format("does not outlive a crash of the server; run: ALTER TABLE {} SET LOGGED",
                       text(row, "name"));
  if (const auto column = maybe<std::string>(row, "misfit"))
    return fmt::format("has no column {}; add it, or make a table for the copies: {}", *column,
                       create_table(policy));
  if (const auto column = maybe<std::string>(row, "extra"))
    return fmt::format(
        "has a column {} that must have a value, and a copy has none; run: ALTER "
        "TABLE {} ALTER COLUMN {} DROP NOT NULL",
        *column, text(row, "name"), *column);
  if (!flag(row, "may_insert"))
    return fmt::format("may not be written by this role; run: GRANT INSERT ON {} TO {}",
                       text(row, "name"), text(row, "role"));
  if (policy.archive->keep && !(flag(row, "has_run") && flag(row, "has_at")))
    return fmt::format(
        "cannot tell old copies from new ones, as keep must; run: ALTER TABLE {} "
        "ADD lethe_run text, ADD lethe_at timestamptz",
        text(row, "name"));
  return "";
}

/// What would make of a copy something else, or run somebody's code with our rights.
std::string hazard_of(Transaction& transaction, const Policy& policy, std::uint32_t archive) {
  const auto hazards = transaction.exec(
      queries::catalog_hazards, Params::of(archive, "INSERT", to_array(policy.trusted_owners)));
  return hazards.empty() ? "" : "cannot take copies: " + text(hazards.at(0), "hazard");
}

}  // namespace

ArchiveTable look_up_archive_table(Transaction& transaction, const Policy& policy,
                                   std::uint32_t relation) {
  const TableName& name = policy.archive->table;
  const auto rows =
      transaction.exec(queries::archives_table, Params::of(name.schema, name.table, relation));
  ArchiveTable table{.name = to_text(name)};
  if (rows.empty()) {
    table.obstacle = "does not exist; run: " + create_table(policy);
    return table;
  }
  const auto row = rows.at(0);
  table.name = text(row, "name");
  table.obstacle = refusal(row, policy);
  if (table.obstacle.empty())
    table.obstacle = hazard_of(transaction, policy, number<std::uint32_t>(row, "oid"));
  if (!table.obstacle.empty()) return table;
  table.columns = nlohmann::json::parse(text(row, "taken")).get<std::vector<std::string>>();
  table.has_run = flag(row, "has_run");
  table.has_at = flag(row, "has_at");
  return table;
}

void check_archive(Transaction& transaction, const Policy& policy, std::uint32_t relation,
                   const std::string& field) {
  if (!policy.archive) return;
  if (const std::string why = archive_obstacle(policy); !why.empty())
    throw UserError(ExitCode::bad_config, fmt::format("{}.archive: {}", field, why));
  if (!policy.archive->directory.empty()) return;
  const ArchiveTable table = look_up_archive_table(transaction, policy, relation);
  if (!table.obstacle.empty())
    throw UserError(ExitCode::bad_config,
                    fmt::format("{}.archive.table: {} {}", field, table.name, table.obstacle));
}

std::vector<FileColumn> look_up_file_columns(Transaction& transaction, std::uint32_t relation) {
  std::vector<FileColumn> columns;
  for (const auto& row : transaction.exec(queries::catalog_columns, Params::of(relation)))
    columns.push_back({.name = text(row, "name"),
                       .quoted = text(row, "quoted"),
                       .type = text(row, "stored_type")});
  return columns;
}

}  // namespace lethe::db
