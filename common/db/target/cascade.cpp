#include "common/db/target/cascade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "common/db/queries.gen.hpp"
#include "common/db/target/foreign_keys.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

using Action = ForeignKeyFacts::Action;

constexpr std::size_t depth_max = 8;

bool is_listed(const ForeignKeyFacts& key, const Policy& policy) {
  return std::find(policy.cascade.begin(), policy.cascade.end(), key.child_name) !=
         policy.cascade.end();
}

/// Rows that go, as a FROM item, and where they are.
struct Doomed {
  std::string from;
  std::vector<std::uint32_t> path;  ///< tables from the policy's own to theirs
  std::string name;                 ///< of their table
};

/// Follows the foreign keys down from the policy's table.
class Planner {
 public:
  Planner(Transaction& transaction, const Policy& policy, const std::string& field)
      : transaction_(transaction), policy_(policy), field_(field) {}

  void follow(const std::vector<ForeignKeyFacts>& keys, const Doomed& parents);
  void require_all_reached() const;

  std::vector<CascadeStep> steps;

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw UserError(ExitCode::bad_config, fmt::format("{}.cascade: {}", field_, why));
  }
  void check(const ForeignKeyFacts& key, const Doomed& parents) const;
  void take(const ForeignKeyFacts& key, const Doomed& parents);

  Transaction& transaction_;
  const Policy& policy_;
  const std::string& field_;
  std::set<std::uint32_t> reached_;
};

void Planner::check(const ForeignKeyFacts& key, const Doomed& parents) const {
  const auto& path = parents.path;
  if (key.of_itself || std::find(path.begin(), path.end(), key.child_oid) != path.end())
    refuse(
        fmt::format("foreign key {} of {} closes a ring of tables; delete such rows by hand, or "
                    "change the key to ON DELETE NO ACTION and take {} off the list",
                    key.constraint, key.child, key.child));
  if (path.size() > depth_max)
    refuse(fmt::format("{} is more than {} foreign keys away; shorten the list", key.child,
                       depth_max));
  if (!key.missing_delete_grant.empty())
    refuse(fmt::format("rows of {} may not be deleted by this role; run: {}", key.child,
                       key.missing_delete_grant));
  const auto hazards =
      transaction_.exec(queries::catalog_hazards, Params::of(key.child_oid, "DELETE"));
  if (!hazards.empty()) refuse(text(hazards.at(0), "hazard"));
}

void Planner::take(const ForeignKeyFacts& key, const Doomed& parents) {
  reached_.insert(key.child_oid);
  check(key, parents);
  const std::string which = fmt::format("FROM {} WHERE EXISTS (SELECT 1 FROM {} AS x WHERE {})",
                                        key.from_item, parents.from, key.match);
  const bool changes = key.action == Action::set_null || key.action == Action::set_default;
  if (changes) {
    steps.push_back(
        {.child = key.child, .changes = true, .sql = "SELECT count(*) AS rows " + which});
    return;
  }
  Doomed children{
      .from = fmt::format("(SELECT c.* {})", which), .path = parents.path, .name = key.child};
  children.path.push_back(key.child_oid);
  follow(look_up_foreign_keys(transaction_, key.child_oid), children);
  steps.push_back({.child = key.child,
                   .changes = false,
                   .sql = fmt::format("WITH gone AS (DELETE {} RETURNING 1) SELECT count(*) AS "
                                      "rows FROM gone",
                                      which)});
}

void Planner::follow(const std::vector<ForeignKeyFacts>& keys, const Doomed& parents) {
  const bool is_top = parents.path.size() == 1;
  for (const auto& key : keys) {
    if (is_listed(key, policy_)) {
      take(key, parents);
    } else if (!is_top) {
      refuse(
          fmt::format("rows of {} would go along, and foreign key {} of {} points at them; list "
                      "{} too, or take {} off the list",
                      parents.name, key.constraint, key.child, key.child, parents.name));
    }
  }
}

void Planner::require_all_reached() const {
  for (const auto& name : policy_.cascade) {
    const auto row = transaction_.exec(queries::catalog_table, Params::of(name.schema, name.table));
    if (row.empty() || !reached_.contains(number<std::uint32_t>(row.at(0), "oid")))
      refuse(fmt::format("{} has no foreign key that leads to {}; take it off the list",
                         to_text(name), to_text(policy_.table)));
  }
}

}  // namespace

void mark_declared(TableFacts& table, const Policy& policy) {
  for (auto& key : table.foreign_keys) key.goes_along = is_listed(key, policy);
}

std::vector<CascadeStep> plan_cascade(Transaction& transaction, const TableFacts& table,
                                      const Policy& policy, const std::string& relation,
                                      const std::string& field) {
  if (policy.cascade.empty()) return {};
  Planner planner(transaction, policy, field);
  planner.follow(table.foreign_keys,
                 {.from = fmt::format("(SELECT x.* FROM ONLY {} AS x WHERE x.ctid "
                                      "OPERATOR(pg_catalog.=) ANY ($1::tid[]))",
                                      relation),
                  .path = {table.oid},
                  .name = table.name});
  planner.require_all_reached();
  return std::move(planner.steps);
}

void cascade(Transaction& transaction, const std::vector<CascadeStep>& steps,
             const std::vector<std::string>& tids, Cascaded& done) {
  if (tids.empty()) return;
  const Params parents = Params::of(to_array(tids));
  for (const auto& step : steps) {
    const auto rows = number(transaction.exec_built(step.sql, parents).at(0), "rows");
    if (rows > 0) (step.changes ? done.changed : done.deleted)[step.child] += rows;
  }
}

std::optional<std::string> to_json(const Cascaded& done) {
  if (done.deleted.empty() && done.changed.empty()) return std::nullopt;
  nlohmann::json json;
  for (const auto& [child, rows] : done.deleted) json[child]["deleted"] = rows;
  for (const auto& [child, rows] : done.changed) json[child]["changed"] = rows;
  return json.dump();
}

}  // namespace lethe::db
