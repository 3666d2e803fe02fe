#include "common/db/target/functions.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/db/queries.gen.hpp"
#include "common/policies/action.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

FunctionFacts to_facts(const pqxx::row& row) {
  FunctionFacts facts{.oid = number<std::uint32_t>(row, "oid"),
                      .name = text(row, "name"),
                      .signature = text(row, "signature"),
                      .search_path = text(row, "search_path"),
                      .fingerprint = text(row, "fingerprint"),
                      .kind = text(row, "kind").at(0),
                      .result = text(row, "result"),
                      .parameters = {}};
  for (const auto& one : nlohmann::json::parse(text(row, "parameters")))
    facts.parameters.push_back({.mode = one.at("mode").get<std::string>().at(0),
                                .name = one.at("name").get<std::string>(),
                                .type = one.at("type").get<std::string>()});
  return facts;
}

/// What Lethe says about a function that it may not call; "" when it may.
std::string refusal(const pqxx::row& row) {
  const std::string role = text(row, "role");
  const std::string signature = text(row, "signature");
  const std::string routine = text(row, "kind") == "p" ? "PROCEDURE" : "FUNCTION";
  if (const auto schema = maybe<std::string>(row, "open_schema"))
    return fmt::format(
        "everybody may create objects in schema {0}, which {1} would find in place of those that "
        "it means; run: REVOKE CREATE ON SCHEMA {0} FROM PUBLIC, or give it a search_path: ALTER "
        "{2} {1} SET search_path = ...",
        *schema, signature, routine);
  if (!flag(row, "trusted"))
    return fmt::format(
        "{0} would run the code of role {1} with the worker's rights; let the worker's role or a "
        "superuser own it, or list {1} under trusted_owners",
        signature, text(row, "owner"));
  if (!flag(row, "may_use"))
    return fmt::format("its schema is closed to this role; run: GRANT USAGE ON SCHEMA {} TO {}",
                       text(row, "schema"), role);
  if (!flag(row, "may_call"))
    return fmt::format("may not be called by this role; run: GRANT EXECUTE ON {} {} TO {}", routine,
                       signature, role);
  return "";
}

}  // namespace

FunctionFacts look_up_function(Transaction& transaction, const Policy& policy,
                               const std::string& field) {
  const FunctionName& name = policy.action.function;
  const auto refuse = [&](const std::string& problem) {
    throw UserError(ExitCode::bad_config, fmt::format("{}.action.call: {}", field, problem));
  };
  const auto rows = transaction.exec(
      queries::functions_find, Params::of(name.schema, name.name, to_array(policy.trusted_owners)));
  if (rows.empty())
    refuse(
        fmt::format("{} does not exist in target '{}' (names are taken exactly, with their case)",
                    to_text(name), policy.target));
  if (rows.size() > 1)
    refuse(
        fmt::format("there are {} functions called {}, and which one is meant depends on its "
                    "parameters; name one that is alone",
                    rows.size(), to_text(name)));
  if (const std::string problem = refusal(rows.at(0)); !problem.empty()) refuse(problem);
  FunctionFacts facts = to_facts(rows.at(0));
  if (const std::string problem = call_problem(facts); !problem.empty()) refuse(problem);
  return facts;
}

}  // namespace lethe::db
