#include "common/db/target/cascade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "common/db/queries.gen.hpp"
#include "common/db/target/foreign_keys.hpp"
#include "common/db/target/holds.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

using Action = ForeignKeyFacts::Action;

constexpr std::size_t depth_max = 8;
constexpr std::size_t steps_max = 100;

bool is_listed(const ForeignKeyFacts& key, const Policy& policy) {
  return std::find(policy.cascade.begin(), policy.cascade.end(), key.child_name) !=
         policy.cascade.end();
}

/// The server changes the child's rows instead of deleting them.
bool is_changed(const ForeignKeyFacts& key) {
  return key.action == Action::set_null || key.action == Action::set_default;
}

/// For the parents `tids`, which are the first parameter.
BuiltStatement statement_of(const CascadeStep& step, const std::vector<std::string>& tids) {
  BuiltStatement built;
  static_cast<void>(built.params.bind(to_array(tids)));
  std::string rows = fmt::format("FROM {} WHERE {}", step.key.from_item, step.which);
  if (!step.held.none())
    rows += fmt::format(" AND {} IS NOT TRUE", step.held.held("c", built.params));
  built.sql =
      step.changes
          ? "SELECT count(*) AS rows " + rows
          : fmt::format("WITH gone AS (DELETE {} RETURNING 1) SELECT count(*) AS rows FROM gone",
                        rows);
  return built;
}

std::map<std::string, std::int64_t>& counts_of(const CascadeStep& step, Cascaded& done) {
  return step.changes ? done.changed : done.deleted;
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
  Planner(Transaction& transaction, const CascadeQuestion& question, const std::string& field)
      : transaction_(transaction),
        policy_(question.policy),
        has_holds_(question.has_holds),
        field_(field) {}

  /// Returns the children of which holds keep rows.
  std::vector<HeldDependent> follow(const std::vector<ForeignKeyFacts>& keys,
                                    const Doomed& parents);
  void require_all_reached() const;

  std::vector<CascadeStep> steps;

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw UserError(ExitCode::bad_config, fmt::format("{}.cascade: {}", field_, why));
  }
  void check(const ForeignKeyFacts& key, const Doomed& parents) const;
  HeldDependent take(const ForeignKeyFacts& key, const Doomed& parents);

  Transaction& transaction_;
  const Policy& policy_;
  const bool has_holds_;
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
  if (steps.size() >= steps_max)
    refuse(fmt::format("foreign keys lead to {} in more than {} ways; shorten the list", key.child,
                       steps_max));
  if (key.is_temporal)
    refuse(fmt::format("foreign key {} of {} has a PERIOD; take {} off the list", key.constraint,
                       key.child, key.child));
  if (key.hides_rows)
    refuse(
        fmt::format("row-level security hides rows of {} from this role; run, for the worker's "
                    "role: ALTER ROLE ... BYPASSRLS",
                    key.child));
  const std::string& grant = is_changed(key) ? key.missing_grant : key.missing_delete_grant;
  if (!grant.empty())
    refuse(fmt::format("rows of {} may not be {} by this role; run: {}", key.child,
                       is_changed(key) ? "counted" : "deleted", grant));
  const auto hazards = transaction_.exec(
      queries::catalog_hazards, Params::of(key.child_oid, is_changed(key) ? "UPDATE" : "DELETE",
                                           to_array(policy_.trusted_owners)));
  if (!hazards.empty()) refuse(text(hazards.at(0), "hazard"));
}

HeldDependent Planner::take(const ForeignKeyFacts& key, const Doomed& parents) {
  reached_.insert(key.child_oid);
  check(key, parents);
  CascadeStep step{
      .key = key,
      .changes = is_changed(key),
      .which = fmt::format("EXISTS (SELECT 1 FROM {} AS x WHERE {})", parents.from, key.match)};
  if (has_holds_)
    step.held = look_up_held_rows(
        transaction_, {.relation = key.child_oid, .tenant_column = tenant_column_of(policy_)});
  HeldDependent dependent{.key = key, .held = step.held, .below = {}};
  if (!step.changes) {
    Doomed children{.from = fmt::format("(SELECT c.* FROM {} WHERE {})", key.from_item, step.which),
                    .path = parents.path,
                    .name = key.child};
    children.path.push_back(key.child_oid);
    dependent.below = follow(look_up_foreign_keys(transaction_, key.child_oid), children);
  }
  steps.push_back(std::move(step));
  return dependent;
}

std::vector<HeldDependent> Planner::follow(const std::vector<ForeignKeyFacts>& keys,
                                           const Doomed& parents) {
  std::vector<HeldDependent> held;
  const bool is_top = parents.path.size() == 1;
  for (const auto& key : keys) {
    if (is_listed(key, policy_)) {
      HeldDependent dependent = take(key, parents);
      if (!dependent.held.none() || !dependent.below.empty()) held.push_back(std::move(dependent));
    } else if (!is_top) {
      refuse(
          fmt::format("rows of {} would go along, and foreign key {} of {} points at them; list "
                      "{} too, or take {} off the list",
                      parents.name, key.constraint, key.child, key.child, parents.name));
    }
  }
  return held;
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

std::string picked_rows(const std::string& relation) {
  return fmt::format(
      "(SELECT x.* FROM ONLY {} AS x WHERE x.ctid OPERATOR(pg_catalog.=) ANY ($1::tid[]))",
      relation);
}

CascadePlan plan_cascade(Transaction& transaction, const CascadeQuestion& question,
                         const std::string& field) {
  if (question.policy.cascade.empty()) return {};
  const TableFacts& table = question.table;
  Planner planner(transaction, question, field);
  CascadePlan plan;
  plan.held = planner.follow(table.foreign_keys,
                             {.from = question.rows, .path = {table.oid}, .name = table.name});
  planner.require_all_reached();
  plan.steps = std::move(planner.steps);
  return plan;
}

Held look_up_held(Transaction& transaction, bool has_holds, const Policy& policy,
                  const TableFacts& table) {
  Held held;
  if (!has_holds) return held;
  held.rows = look_up_held_rows(transaction,
                                {.relation = table.oid, .tenant_column = tenant_column_of(policy)});
  const std::string rows = picked_rows(table.name);
  held.dependents =
      plan_cascade(transaction, {.table = table, .policy = policy, .rows = rows, .has_holds = true},
                   "policy " + policy.name)
          .held;
  return held;
}

void cascade(Transaction& transaction, const std::vector<CascadeStep>& steps,
             const std::vector<std::string>& tids, Cascaded& done) {
  if (tids.empty()) return;
  for (const auto& step : steps) {
    const BuiltStatement built = statement_of(step, tids);
    const auto rows = number(transaction.exec_built(built.sql, built.params).at(0), "rows");
    if (rows > 0) counts_of(step, done)[step.key.child] += rows;
  }
}

Cascaded count_children(Transaction& transaction, const std::vector<CascadeStep>& steps,
                        const BuiltStatement& ctes) {
  std::string counts;
  Cascaded done;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const CascadeStep& step = steps[i];
    if (!counts_of(step, done).emplace(step.key.child, 0).second) continue;
    std::string rows;
    for (const auto& other : steps)
      if (other.key.child_oid == step.key.child_oid && other.changes == step.changes)
        rows += fmt::format("{}SELECT c.tableoid, c.ctid FROM {} WHERE {}",
                            rows.empty() ? "" : " UNION ", step.key.from_item, other.which);
    counts += fmt::format("{}SELECT {} AS step, count(*) AS rows FROM ({}) AS r",
                          counts.empty() ? "" : " UNION ALL ", i, rows);
  }
  const std::string sql = fmt::format("WITH {} {}", ctes.sql, counts);
  for (const auto& row : transaction.exec_built(sql, ctes.params)) {
    const CascadeStep& step = steps.at(number<std::size_t>(row, "step"));
    counts_of(step, done)[step.key.child] = number(row, "rows");
  }
  return done;
}

std::optional<std::string> to_json(const Cascaded& done) {
  if (done.deleted.empty() && done.changed.empty()) return std::nullopt;
  nlohmann::json json;
  for (const auto& [child, rows] : done.deleted) json[child]["deleted"] = rows;
  for (const auto& [child, rows] : done.changed) json[child]["changed"] = rows;
  return json.dump();
}

}  // namespace lethe::db
