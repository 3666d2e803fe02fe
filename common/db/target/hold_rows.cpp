#include "common/db/target/hold_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/db/queries.gen.hpp"
#include "common/db/target/holds.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

constexpr std::int32_t listed_max = 10'000;

[[noreturn]] void refuse(const char* field, const std::string& why) {
  throw UserError(ExitCode::bad_config, fmt::format("{}: {}", field, why));
}

/// What Lethe says about a thing in which no row can be held; "" when one can.
std::string refusal(const pqxx::row& row) {
  const std::string kind = text(row, "kind");
  if (kind == "v" || kind == "m") return "is a view; name the table that holds the rows";
  if (kind == "f") return "is a foreign table; place the hold in its own database";
  if (kind != "r" && kind != "p") return "is not a table";
  if (flag(row, "temporary")) return "is a temporary table, from which Lethe deletes nothing";
  if (flag(row, "system")) return "belongs to the system, to an extension or to Lethe itself";
  return "";
}

std::uint32_t look_up_relation(Transaction& transaction, const TableName& name) {
  const auto rows = transaction.exec(queries::catalog_table, Params::of(name.schema, name.table));
  if (rows.empty())
    refuse("--table", fmt::format("{} does not exist in target NAME (names are taken exactly, "
                                  "with their case)",
                                  to_text(name)));
  if (const std::string why = refusal(rows.at(0)); !why.empty())
    refuse("--table", fmt::format("{} {}", to_text(name), why));
  return number<std::uint32_t>(rows.at(0), "oid");
}

void check_column(Transaction& transaction, const NewHold& hold, std::uint32_t relation,
                  const std::pair<std::string, std::string>& wanted, const char* field) {
  const auto& [name, value] = wanted;
  const auto columns = look_up_compared(transaction, relation, {name});
  if (columns.empty())
    refuse(field, fmt::format("{} has no column '{}' (names are taken exactly, with their case)",
                              to_text(*hold.table), name));
  const ComparedColumn& column = columns.front();
  if (column.equals.empty())
    refuse(field, fmt::format("column '{}' is {}, of which no two values are equal; name another "
                              "column",
                              name, column.type));
  if (const auto why = reading_error(transaction, column.type, {value}))
    refuse(field, fmt::format("column '{}' does not take '{}': {}; write a value of type {}", name,
                              value, *why, column.type));
}

std::string to_json(const std::map<std::string, std::string>& match) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [column, value] : match) json[column] = value;
  return json.dump();
}

}  // namespace

std::int64_t place_hold(Transaction& transaction, const NewHold& hold, const std::string& actor) {
  std::optional<std::uint32_t> relation;
  if (hold.table) {
    relation = look_up_relation(transaction, *hold.table);
    for (const auto& wanted : hold.match)
      check_column(transaction, hold, *relation, wanted, "--match");
    for (const auto& column : hold.tenant_columns)
      check_column(transaction, hold, *relation, {column, *hold.tenant}, "--tenant");
  }
  const auto part = [&](std::string TableName::*name) {
    return hold.table ? std::optional((*hold.table).*name) : std::nullopt;
  };
  const auto placed = transaction.exec(
      queries::holds_insert, Params::of(part(&TableName::schema), part(&TableName::table), relation,
                                        hold.tenant, to_array(hold.tenant_columns),
                                        to_json(hold.match), hold.reason, actor, holds_max));
  if (placed.empty())
    throw UserError(ExitCode::refused,
                    fmt::format("{} holds are in force in target NAME, which is as many as there "
                                "may be; release some, or hold a whole table or tenant in place of "
                                "single rows",
                                holds_max));
  return number(placed.at(0), "id");
}

std::vector<Hold> list_holds(Transaction& transaction, bool all, std::optional<std::int64_t> id) {
  std::vector<Hold> holds;
  for (const auto& row : transaction.exec(queries::holds_list, Params::of(all, id, listed_max)))
    holds.push_back({.id = number(row, "id"),
                     .relation = flag(row, "of_everything") ? "" : text(row, "relation"),
                     .is_missing = flag(row, "is_missing"),
                     .tenant = maybe<std::string>(row, "tenant"),
                     .tenant_columns = nlohmann::json::parse(text(row, "tenant_columns")),
                     .match = nlohmann::json::parse(text(row, "match")),
                     .reason = text(row, "reason"),
                     .placed_by = text(row, "placed_by"),
                     .placed_at = text(row, "placed_at"),
                     .released_at = text(row, "released_at"),
                     .released_by = text(row, "released_by"),
                     .release_reason = text(row, "release_reason")});
  return holds;
}

}  // namespace lethe::db
