#include "common/db/target/foreign_keys.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/logging.hpp"

namespace lethe::db {

namespace {

using Action = ForeignKeyFacts::Action;

Action action_from(const std::string& letter) {
  if (letter == "c") return Action::cascade;
  if (letter == "n") return Action::set_null;
  if (letter == "d") return Action::set_default;
  return letter == "r" ? Action::restrict : Action::no_action;
}

bool stays_out_of_children(Action action) {
  return action == Action::no_action || action == Action::restrict;
}

/// "orders_fk of public.orders (about 1200 rows) would delete rows there"
std::string loss(const ForeignKeyFacts& key) {
  const std::string rows =
      key.child_rows > 0 ? fmt::format(" (about {:.0f} rows)", key.child_rows) : std::string();
  return fmt::format("{} of {}{} would {} rows there", key.constraint, key.child, rows,
                     key.action == Action::cascade ? "delete" : "change");
}

}  // namespace

std::vector<ForeignKeyFacts> look_up_foreign_keys(Transaction& transaction,
                                                  std::uint32_t relation) {
  std::vector<ForeignKeyFacts> keys;
  for (const auto& row : transaction.exec(queries::catalog_foreign_keys, Params::of(relation)))
    keys.push_back(
        {.oid = number<std::uint32_t>(row, "oid"),
         .constraint = text(row, "name"),
         .child = text(row, "child"),
         .child_name = {.schema = text(row, "child_schema"), .table = text(row, "child_table")},
         .child_oid = number<std::uint32_t>(row, "child_oid"),
         .columns = text(row, "columns"),
         .action = action_from(text(row, "action")),
         .of_itself = flag(row, "of_itself"),
         .is_temporal = flag(row, "is_temporal"),
         .hides_rows = flag(row, "hides_rows"),
         .child_rows = number<double>(row, "child_rows"),
         .missing_grant = text(row, "missing_grant"),
         .missing_delete_grant = text(row, "missing_delete_grant"),
         .goes_along = false,
         .from_item = text(row, "from_item"),
         .match = text(row, "match")});
  return keys;
}

std::string foreign_key_problem(const TableFacts& table) {
  std::string losses;
  for (const auto& key : table.foreign_keys)
    if (!key.goes_along && !stays_out_of_children(key.action))
      losses += (losses.empty() ? "" : "; ") + loss(key);
  if (!losses.empty())
    return fmt::format(
        "foreign keys would reach into other tables when rows of {} are deleted: {}; list "
        "these tables under cascade if that is meant, or change the keys to ON DELETE NO ACTION or "
        "RESTRICT",
        table.name, losses);
  for (const auto& key : table.foreign_keys) {
    if (key.is_temporal)
      return fmt::format("foreign key {} of {} has a PERIOD; clean {} by hand", key.constraint,
                         key.child, table.name);
    if (!key.missing_grant.empty())
      return fmt::format(
          "foreign key {} of {} points here, and this role may not see which rows "
          "it needs; run: {}",
          key.constraint, key.child, key.missing_grant);
    if (key.hides_rows)
      return fmt::format(
          "foreign key {} of {} points here, and row-level security hides rows of "
          "that table from this role; run, for the worker's role: ALTER ROLE ... BYPASSRLS",
          key.constraint, key.child);
  }
  return "";
}

std::vector<std::string> look_up_missing_indexes(Transaction& transaction,
                                                 const ForeignKeyFacts& key) {
  std::vector<std::string> statements;
  for (const auto& row : transaction.exec(queries::catalog_missing_indexes, Params::of(key.oid)))
    statements.push_back(text(row, "sql"));
  return statements;
}

void warn_of_missing_indexes(Transaction& transaction, const TableFacts& table) {
  for (const auto* keys : {&table.foreign_keys, &table.deeper_keys})
    for (const auto& key : *keys)
      if (const auto missing = look_up_missing_indexes(transaction, key); !missing.empty())
        log_event(LogLevel::warn, "foreign_key_without_index",
                  {{"table", table.name},
                   {"foreign_key", key.constraint},
                   {"child", key.child},
                   {"child_rows", static_cast<std::int64_t>(key.child_rows)},
                   {"cure", fmt::format("{}", fmt::join(missing, "; "))}});
}

}  // namespace lethe::db
