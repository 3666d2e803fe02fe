#include "common/db/target/holds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "common/db/queries.gen.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

/// 1 GiB: read in a few seconds.
constexpr std::int64_t looked_blocks_max = 131'072;

/// A hold as the target has it.
struct FoundHold {
  std::int64_t id = 0;
  bool of_everything = false;
  std::optional<std::string> tenant;
  std::vector<std::string> tenant_columns;
  std::map<std::string, std::string> match;
  std::string parts;
};

std::vector<FoundHold> find_holds(Transaction& transaction, const std::string& relations,
                                  const HoldQuestion& question) {
  std::vector<FoundHold> holds;
  for (const auto& row :
       transaction.exec(queries::holds_covering,
                        Params::of(relations, question.old_schemas, question.old_tables)))
    holds.push_back({.id = number(row, "id"),
                     .of_everything = flag(row, "of_everything"),
                     .tenant = maybe<std::string>(row, "tenant"),
                     .tenant_columns = nlohmann::json::parse(text(row, "tenant_columns")),
                     .match = nlohmann::json::parse(text(row, "match")),
                     .parts = text(row, "parts")});
  return holds;
}

/// `relation` as one more element of an oid[].
std::string with(const std::string& relations, std::uint32_t relation) {
  const bool is_empty = relations == "{}";
  return relations.substr(0, relations.size() - 1) +
         fmt::format("{}{}}}", is_empty ? "" : ",", relation);
}

/// Makes conditions of holds for one table.
class Compiler {
 public:
  Compiler(Transaction& transaction, std::uint32_t relation, std::string tenant_column)
      : transaction_(transaction), relation_(relation), tenant_column_(std::move(tenant_column)) {}

  void look_up_columns(const std::vector<FoundHold>& holds);
  void add(const FoundHold& hold);

  std::vector<HeldBy> holds;

 private:
  [[nodiscard]] std::vector<std::string> tenant_columns(const FoundHold& hold) const;
  [[noreturn]] void refuse(const FoundHold& hold, const std::string& why) const;
  const ComparedColumn& comparable(const FoundHold& hold, const std::string& name) const;
  HeldBy::Equal equal(const FoundHold& hold, const std::string& name, const std::string& value);
  [[nodiscard]] bool can_read(const std::string& type, const std::string& value) const;
  void add_tenant(const FoundHold& hold, const HeldBy& matched);

  Transaction& transaction_;
  std::uint32_t relation_;
  std::string tenant_column_;
  std::map<std::string, ComparedColumn> columns_;
  std::map<std::string, std::set<std::string>> unreadable_;  // values by type
};

std::vector<std::string> Compiler::tenant_columns(const FoundHold& hold) const {
  std::vector<std::string> names = hold.tenant_columns;
  // A hold on one table names its column itself.
  const bool is_new = std::find(names.begin(), names.end(), tenant_column_) == names.end();
  if (hold.of_everything && !tenant_column_.empty() && is_new) names.push_back(tenant_column_);
  return names;
}

void Compiler::look_up_columns(const std::vector<FoundHold>& holds_found) {
  std::map<std::string, std::set<std::string>> values;  // by column
  for (const auto& hold : holds_found) {
    for (const auto& [column, value] : hold.match) values[column].insert(value);
    if (hold.tenant)
      for (const auto& column : tenant_columns(hold)) values[column].insert(*hold.tenant);
  }
  if (values.empty()) return;
  std::vector<std::string> names;
  for (const auto& [name, of_column] : values) names.push_back(name);
  for (auto& column : look_up_compared(transaction_, relation_, names)) {
    const auto& of_column = values.at(column.name);
    unreadable_[column.type].merge(
        find_unreadable(transaction_, column.type, {of_column.begin(), of_column.end()}));
    columns_[column.name] = column;
  }
}

void Compiler::refuse(const FoundHold& hold, const std::string& why) const {
  throw UserError(ExitCode::refused,
                  fmt::format("hold {} cannot be applied: {}; so that no row goes which it keeps, "
                              "none does until it is released (and placed anew)",
                              hold.id, why));
}

const ComparedColumn& Compiler::comparable(const FoundHold& hold, const std::string& name) const {
  const auto found = columns_.find(name);
  if (found == columns_.end())
    refuse(hold, fmt::format("its table has no column '{}' any more", name));
  if (found->second.equals.empty())
    refuse(hold, fmt::format("column '{}' is {} now, of which no two values are equal", name,
                             found->second.type));
  return found->second;
}

bool Compiler::can_read(const std::string& type, const std::string& value) const {
  const auto bad = unreadable_.find(type);
  return bad == unreadable_.end() || !bad->second.contains(value);
}

HeldBy::Equal Compiler::equal(const FoundHold& hold, const std::string& name,
                              const std::string& value) {
  const ComparedColumn& column = comparable(hold, name);
  if (!can_read(column.type, value))
    refuse(hold,
           fmt::format("column '{}' is {} now, which has no value '{}'", name, column.type, value));
  return {.column = column.quoted, .equals = column.equals, .type = column.type, .value = value};
}

/// In every column that may hold the tenant. A tenant of the whole target is none of a table whose
/// column cannot read its name.
void Compiler::add_tenant(const FoundHold& hold, const HeldBy& matched) {
  for (const auto& name : tenant_columns(hold)) {
    if (hold.of_everything) {
      const auto column = columns_.find(name);
      if (column == columns_.end()) continue;
      if (!can_read(column->second.type, *hold.tenant)) continue;
    }
    HeldBy held = matched;
    held.equals.insert(held.equals.begin(), equal(hold, name, *hold.tenant));
    holds.push_back(std::move(held));
  }
}

void Compiler::add(const FoundHold& hold) {
  HeldBy held{.hold = hold.id, .parts = hold.parts, .equals = {}};
  for (const auto& [column, value] : hold.match) held.equals.push_back(equal(hold, column, value));
  if (hold.tenant) return add_tenant(hold, held);
  holds.push_back(std::move(held));
}

}  // namespace

std::string tenant_column_of(const Policy& policy) {
  return policy.tenant ? policy.tenant->column : std::string();
}

bool has_holds(Transaction& transaction) {
  if (!flag(transaction.exec(queries::holds_is_there).at(0), "is_there")) return false;
  return flag(transaction.exec(queries::holds_any).at(0), "is_any");
}

HeldRows look_up_held_rows(Transaction& transaction, const HoldQuestion& question) {
  const auto holds = find_holds(transaction, with(question.parents, question.relation), question);
  if (holds.empty()) return {};
  Compiler compiler(transaction, question.relation, question.tenant_column);
  compiler.look_up_columns(holds);
  for (const auto& hold : holds) compiler.add(hold);
  return HeldRows(std::move(compiler.holds));
}

std::optional<std::int64_t> find_held(Transaction& transaction, const std::string& relation,
                                      const HeldRows& held) {
  if (held.none()) return std::nullopt;
  Params params;
  const std::string number = held.number("x", params);
  const std::string sql = fmt::format("SELECT {} AS hold FROM ONLY {} AS x WHERE {} LIMIT 1",
                                      number, relation, held.held("x", params));
  const auto rows = transaction.exec_built(sql, params);
  if (rows.empty()) return std::nullopt;
  return db::number(rows.at(0), "hold");
}

void keep_held_partitions(Transaction& transaction, const std::vector<RelationRow>& relations,
                          const HeldRows& held, PartitionMap& partitions) {
  if (held.none()) return;
  std::int64_t looked = 0;
  for (const auto& relation : relations) {
    const auto found = partitions.find(relation.oid);
    if (found == partitions.end() || !held.may_cover(relation.oid)) continue;
    PartitionFacts& facts = found->second;
    if (!facts.expired || !facts.obstacle.empty()) continue;
    looked += relation.blocks;
    if (looked > looked_blocks_max) {
      facts.obstacle = "holds may keep rows of it, and it takes too long to look";
    } else if (const auto hold = find_held(transaction, relation.name, held)) {
      facts.obstacle = fmt::format("hold {} keeps rows of it", *hold);
    }
  }
}

void refuse_held_call(Transaction& transaction, const Policy& policy, const std::string& function) {
  std::string where = "anything";
  std::vector<FoundHold> holds;
  const auto table = policy.timestamp.empty()
                         ? pqxx::result()
                         : transaction.exec(queries::catalog_table,
                                            Params::of(policy.table.schema, policy.table.table));
  if (!table.empty()) {
    const auto reached =
        transaction.exec(queries::holds_reached, Params::of(number(table.at(0), "oid")));
    holds = find_holds(transaction, text(reached.at(0), "oids"), {});
    where = to_text(policy.table) + " and all that refers to it";
  } else if (has_holds(transaction)) {
    holds.push_back({});
  }
  if (holds.empty()) return;
  const std::string which =
      table.empty() ? "holds are in force" : fmt::format("hold {} is in force", holds.front().id);
  throw UserError(ExitCode::refused,
                  fmt::format("{}, and {} may delete from {}: nobody can keep held rows from a "
                              "function; run it again when the holds are released (lethe hold "
                              "list)",
                              which, function, where));
}

std::vector<ComparedColumn> look_up_compared(Transaction& transaction, std::uint32_t relation,
                                             const std::vector<std::string>& names) {
  std::vector<ComparedColumn> columns;
  for (const auto& row :
       transaction.exec(queries::holds_columns, Params::of(relation, to_array(names))))
    columns.push_back({.name = text(row, "name"),
                       .quoted = text(row, "quoted"),
                       .type = text(row, "type"),
                       .equals = text(row, "equals")});
  return columns;
}

std::set<std::string> find_unreadable(Transaction& transaction, const std::string& type,
                                      const std::vector<std::string>& values) {
  if (values.empty() || type == "text" || type == "character varying") return {};
  if (!reading_error(transaction, type, values)) return {};
  if (values.size() == 1) return {values.front()};
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  auto bad = find_unreadable(transaction, type, {values.begin(), middle});
  bad.merge(find_unreadable(transaction, type, {middle, values.end()}));
  return bad;
}

std::optional<std::string> reading_error(Transaction& transaction, const std::string& type,
                                         const std::vector<std::string>& values) {
  transaction.exec_text("SAVEPOINT lethe_hold");
  try {
    Params params;
    transaction.exec_built(fmt::format("SELECT {}::{}[]", params.bind(to_array(values)), type),
                           params);
    transaction.exec_text("RELEASE SAVEPOINT lethe_hold");
  } catch (const pqxx::sql_error& error) {
    const std::string& state = error.sqlstate();
    const bool is_about_value = state.starts_with("22") || state.starts_with("42");
    if (!is_about_value || state == "42501") throw;
    transaction.exec_text("ROLLBACK TO SAVEPOINT lethe_hold");
    return first_line(error.what());
  }
  return std::nullopt;
}

}  // namespace lethe::db
