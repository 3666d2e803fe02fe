#include "common/db/target/quarantine.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/target/holds.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

constexpr std::int64_t listed_max = 1'000;

/// A row of lethe.quarantine, locked. `name` needs no quotes, the others have them.
struct Quarantined {
  std::string name;
  std::string relation;
  std::string parent;
  std::string schema;
  std::string table;
  std::string bounds;
  std::string members;    ///< JSON
  HoldQuestion question;  ///< its relation is 0
};

/// Nothing when its quarantine has ended already, or there never was one.
std::optional<Quarantined> take_quarantined(Transaction& transaction, std::int64_t id) {
  const auto rows = transaction.exec(queries::quarantine_take, Params::of(id));
  if (rows.empty() || flag(rows.at(0), "ended")) return std::nullopt;
  const auto row = rows.at(0);
  return Quarantined{.name = text(row, "name"),
                     .relation = text(row, "relation"),
                     .parent = text(row, "parent"),
                     .schema = text(row, "table_schema"),
                     .table = text(row, "table_name"),
                     .bounds = text(row, "bounds"),
                     .members = text(row, "members"),
                     .question = {.relation = 0,
                                  .tenant_column = text(row, "tenant_column"),
                                  .parents = text(row, "parents"),
                                  .old_schemas = text(row, "old_schemas"),
                                  .old_tables = text(row, "old_tables")}};
}

/// The table if it is where it was put, else nothing. Throws UserError (refused) when it is in use
/// again.
std::optional<std::uint32_t> find_quarantined(Transaction& transaction, const Quarantined& entry) {
  const auto rows = transaction.exec(queries::quarantine_find, Params::of(entry.name));
  if (rows.empty()) return std::nullopt;
  if (flag(rows.at(0), "is_partition"))
    throw UserError(ExitCode::refused,
                    fmt::format("lethe_quarantine.{} is attached to a table again; detach it, or "
                                "give it another name and place",
                                entry.name));
  return number<std::uint32_t>(rows.at(0), "oid");
}

/// The same with the table locked, so that the answer stays true.
std::optional<std::uint32_t> lock_quarantined(Transaction& transaction, const Quarantined& entry) {
  if (!find_quarantined(transaction, entry)) return std::nullopt;
  transaction.exec_built(
      fmt::format("LOCK TABLE ONLY lethe_quarantine.{} IN ACCESS EXCLUSIVE MODE", entry.name));
  return find_quarantined(transaction, entry);
}

/// By what it is now, and by what it and the tables above it were called.
void refuse_held(Transaction& transaction, const Quarantined& entry, std::uint32_t table) {
  if (!has_holds(transaction)) return;
  HoldQuestion question = entry.question;
  question.relation = table;
  const auto hold = find_held(transaction, "lethe_quarantine." + entry.name,
                              look_up_held_rows(transaction, question));
  if (hold)
    throw UserError(ExitCode::refused,
                    fmt::format("hold {} keeps rows of {}; it can be purged when that is released, "
                                "or restored",
                                *hold, entry.relation));
}

void end_quarantine(Transaction& transaction, std::int64_t id, bool restored,
                    const std::string& by) {
  transaction.exec(queries::quarantine_end, Params::of(id, restored, by));
}

}  // namespace

void quarantine_leaf(Transaction& transaction, const Leaf& leaf, const QuarantineEntry& entry) {
  std::vector<std::string> names;
  std::vector<std::string> quoted;
  for (const auto& row : transaction.exec(queries::quarantine_members, Params::of(leaf.oid))) {
    names.push_back(text(row, "name"));
    quoted.push_back(text(row, "quoted"));
  }
  const auto row =
      transaction
          .exec(queries::quarantine_insert,
                Params::of(leaf.schema, leaf.table, leaf.parent_schema, leaf.parent_table,
                           leaf.bounds, to_array(names), entry.policy, entry.run, entry.task,
                           entry.rows, entry.estimated, leaf.bytes, entry.seconds, leaf.parent_oid,
                           entry.tenant_column))
          .at(0);
  const std::string name = text(row, "name");
  // The move first: renaming asks for CREATE on the schema, which we need in ours alone.
  std::string sql = fmt::format(
      "ALTER TABLE {} SET SCHEMA lethe_quarantine; ALTER TABLE lethe_quarantine.{} RENAME TO {}",
      leaf.name, leaf.table_quoted, name);
  for (std::size_t i = 0; i < quoted.size(); ++i)
    sql += fmt::format("; ALTER TABLE lethe_quarantine.{} RENAME TO {}_{}", quoted[i], name, i + 1);
  transaction.exec_text(sql);
}

std::vector<QuarantinedTable> list_quarantine(Transaction& transaction, bool all,
                                              std::optional<std::int64_t> id) {
  std::vector<QuarantinedTable> tables;
  for (const auto& row :
       transaction.exec(queries::quarantine_list, Params::of(all, id, listed_max)))
    tables.push_back({.id = number(row, "id"),
                      .relation = text(row, "relation"),
                      .parent = text(row, "parent"),
                      .bounds = text(row, "bounds"),
                      .state = text(row, "state"),
                      .policy = text(row, "policy"),
                      .run = text(row, "run"),
                      .task = text(row, "task"),
                      .rows = number(row, "rows"),
                      .estimated = flag(row, "estimated"),
                      .bytes = number(row, "bytes"),
                      .quarantined_at = text(row, "quarantined_at"),
                      .purge_after = text(row, "purge_after"),
                      .ended_at = text(row, "ended_at"),
                      .ended_by = text(row, "ended_by")});
  return tables;
}

std::optional<std::int64_t> next_due(Transaction& transaction,
                                     const std::optional<std::string>& policy, std::int64_t id) {
  const auto rows = transaction.exec(queries::quarantine_next_due, Params::of(policy, id));
  if (rows.empty()) return std::nullopt;
  return number(rows.at(0), "id");
}

bool purge_quarantined(Transaction& transaction, std::int64_t id, const std::string& by) {
  const auto entry = take_quarantined(transaction, id);
  if (!entry) return false;
  const auto table = lock_quarantined(transaction, *entry);
  const bool is_there = table.has_value();
  if (is_there) refuse_held(transaction, *entry, *table);
  if (is_there) transaction.exec_built(fmt::format("DROP TABLE lethe_quarantine.{}", entry->name));
  end_quarantine(transaction, id, false, is_there ? by : "somebody else, before " + by);
  return is_there;
}

void restore_quarantined(Transaction& transaction, std::int64_t id, const std::string& by) {
  const auto entry = take_quarantined(transaction, id);
  if (!entry || !lock_quarantined(transaction, *entry))
    throw UserError(
        ExitCode::refused,
        fmt::format("{} is not in quarantine any more; see lethe quarantine list --all", id));
  std::string sql =
      fmt::format("ALTER TABLE lethe_quarantine.{} SET SCHEMA {}; ", entry->name, entry->schema);
  const auto names = transaction.exec(queries::quarantine_names,
                                      Params::of(entry->name, entry->schema, entry->members));
  for (const auto& row : names)
    sql += fmt::format("ALTER TABLE {}.{} RENAME TO {}; ", entry->schema, text(row, "now"),
                       text(row, "before"));
  sql += fmt::format("ALTER TABLE {}.{} RENAME TO {}", entry->schema, entry->name, entry->table);
  transaction.exec_text(sql);
  // Alone, so that text from the table can be no more than the one statement that it should be.
  transaction.exec_built(fmt::format("ALTER TABLE ONLY {} ATTACH PARTITION {} {}", entry->parent,
                                     entry->relation, entry->bounds));
  end_quarantine(transaction, id, true, by);
}

}  // namespace lethe::db
