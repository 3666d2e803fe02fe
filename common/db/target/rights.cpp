#include "common/db/target/rights.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/db/queries.gen.hpp"
#include "common/db/target/catalog.hpp"
#include "common/db/target/functions.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

std::optional<std::string> or_ours(const std::string& role) {
  return role.empty() ? std::nullopt : std::optional(role);
}

Params wants_of(const Policy& policy, const std::string& role) {
  std::vector<std::string> columns;
  for (const auto& [name, value] : policy.action.values) columns.push_back(name);
  auto along = nlohmann::json::array();
  for (const auto& child : policy.cascade) along.push_back({child.schema, child.table});
  return Params::of(or_ours(role), policy.table.schema, policy.table.table,
                    policy.action.kind == Action::Kind::set ? "UPDATE" : "DELETE",
                    to_array(columns), along.dump(), drops_partitions(policy),
                    to_array(columns_of(policy)));
}

}  // namespace

Finding look_up_role(Transaction& transaction, const std::string& role) {
  const auto rows = transaction.exec(queries::catalog_role_facts, Params::of(or_ours(role)));
  if (rows.empty())
    throw UserError(ExitCode::not_found,
                    fmt::format("--role: there is no role '{}' in target NAME", role));
  const std::string name = text(rows.at(0), "name");
  if (!flag(rows.at(0), "is_superuser"))
    return {.ok = true, .what = fmt::format("role {} is no superuser", name), .cure = ""};
  return {.ok = false,
          .what = fmt::format("role {} is a superuser or may become one: code in triggers of a "
                              "cleaned table would run with all rights",
                              name),
          .cure = "let workers connect as a role of their own (deploy/postgres/roles.sql)"};
}

std::vector<Finding> look_up_rights(Transaction& transaction, const Policy& policy,
                                    const std::string& role) {
  // The function of a call does what it does with rights of its own, or with its caller's.
  if (policy.action.kind == Action::Kind::call) {
    if (role.empty()) static_cast<void>(look_up_function(transaction, policy, "policy"));
    return {{.ok = true,
             .what = fmt::format("policy {}: what its function needs, it alone knows", policy.name),
             .cure = ""}};
  }
  std::vector<Finding> findings;
  if (transaction.exec(queries::catalog_table, Params::of(policy.table.schema, policy.table.table))
          .empty())
    return {
        {.ok = false,
         .what = fmt::format("policy {}: there is no table {}", policy.name, to_text(policy.table)),
         .cure = "make it, or change the policy (names are taken exactly, with their case)"}};
  for (const auto& row : transaction.exec(queries::catalog_lacking_rights, wants_of(policy, role)))
    findings.push_back({.ok = false,
                        .what = fmt::format("policy {}: lacks {} on {}", policy.name,
                                            text(row, "lacks"), text(row, "what")),
                        .cure = fmt::format("run: {};", text(row, "cure"))});
  if (findings.empty())
    findings.push_back({.ok = true,
                        .what = fmt::format("policy {}: may do what it asks of {}", policy.name,
                                            to_text(policy.table)),
                        .cure = ""});
  return findings;
}

}  // namespace lethe::db
