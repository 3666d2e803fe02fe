#include "cli/hold_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/parsed.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe::cli {

namespace {

constexpr std::size_t match_max = 8;
constexpr std::size_t bytes_max = 1'000;

void check_text(const char* flag, const std::string& value) {
  if (value.size() > bytes_max)
    throw UserError(ExitCode::usage,
                    fmt::format("{}: is longer than {} bytes; shorten it", flag, bytes_max));
  if (!is_utf8(value))
    throw UserError(ExitCode::usage, fmt::format("{}: is not UTF-8; write it in UTF-8", flag));
}

void check_filled(const char* flag, const std::string& value, const char* cure) {
  check_text(flag, value);
  if (value.empty())
    throw UserError(ExitCode::usage, fmt::format("{}: must not be empty; {}", flag, cure));
}

std::map<std::string, std::string> parse_matches(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> match;
  for (const auto& text : texts) {
    check_text("--match", text);
    const auto at = text.find('=');
    if (at == std::string::npos || at == 0)
      throw UserError(ExitCode::usage,
                      fmt::format("--match: '{}' is not COLUMN=VALUE; write the column's exact "
                                  "name, = and the value",
                                  text));
    const std::string column = text.substr(0, at);
    if (!match.emplace(column, text.substr(at + 1)).second)
      throw UserError(ExitCode::usage,
                      fmt::format("--match: column '{}' is given twice; place a hold for each of "
                                  "the values",
                                  column));
  }
  if (match.size() > match_max)
    throw UserError(ExitCode::usage,
                    fmt::format("--match: more than {} columns; name fewer", match_max));
  return match;
}

/// The columns by which policies tell tenants apart: of this table, or of any.
std::vector<std::string> tenant_columns(const std::vector<Policy>& policies,
                                        const std::optional<TableName>& table) {
  std::set<std::string> columns;
  for (const auto& policy : policies)
    if (policy.tenant && (!table || policy.table == *table)) columns.insert(policy.tenant->column);
  return {columns.begin(), columns.end()};
}

void check_tenant(const NewHold& hold, const std::string& target) {
  const std::size_t found = hold.tenant_columns.size();
  if (found == 1 || (found > 1 && !hold.table)) return;
  if (!hold.table)
    throw UserError(ExitCode::bad_config,
                    fmt::format("--tenant: no policy of target '{}' names a tenant column; say "
                                "which rows are the tenant's: --table S.T --match COLUMN={}",
                                target, *hold.tenant));
  throw UserError(
      ExitCode::bad_config,
      fmt::format("--tenant: {} policy of target '{}' names {} tenant column of {}; say which one "
                  "is meant: --match COLUMN={}",
                  found == 0 ? "no" : "more than one", target, found == 0 ? "a" : "another",
                  to_text(*hold.table), *hold.tenant));
}

}  // namespace

NewHold hold_from(const HoldOptions& options, const std::vector<Policy>& policies) {
  NewHold hold;
  check_filled("--reason", options.reason, "say who asks for it and why");
  hold.reason = options.reason;
  if (options.table) {
    check_text("--table", *options.table);
    hold.table = parsed("--table", *options.table, parse_table_name);
  }
  hold.match = parse_matches(options.matches);
  if (!hold.match.empty() && !hold.table)
    throw UserError(ExitCode::usage, "--match: whose column? Add --table S.T");
  if (!options.tenant) return hold;
  check_filled("--tenant", *options.tenant, "give the tenant as its column has it");
  hold.tenant = options.tenant;
  hold.tenant_columns = tenant_columns(policies, hold.table);
  check_tenant(hold, options.target);
  return hold;
}

std::string hold_text(const Hold& hold) {
  std::vector<std::string> parts;
  if (hold.tenant) parts.push_back("tenant " + *hold.tenant);
  for (const auto& [column, value] : hold.match)
    parts.push_back(fmt::format("{} = {}", column, value));
  const std::string of = hold.relation.empty() ? "every table" : hold.relation;
  return fmt::format("rows of {}{}{}", of, parts.empty() ? "" : " with ",
                     fmt::join(parts, " and "));
}

std::vector<std::string> policies_without_tenant(const std::vector<Policy>& policies) {
  std::vector<std::string> names;
  for (const auto& policy : policies)
    if (!policy.tenant && !policy.timestamp.empty()) names.push_back(policy.name);
  return names;
}

}  // namespace lethe::cli
