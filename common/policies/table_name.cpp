#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe {
namespace {

constexpr const char* cure = "write schema.table, with double quotes around a name that needs them";

/// The words that PostgreSQL does not take as a bare name everywhere, sorted.
constexpr std::array<std::string_view, 100> keywords{
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
};

[[noreturn]] void refuse(std::string_view text, std::string_view problem) {
  throw std::invalid_argument(fmt::format("{} {}; {}", shown(text), problem, cure));
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Takes a name in double quotes from the front of `rest`, which starts with one.
std::string take_quoted(std::string_view text, std::string_view& rest) {
  std::string name;
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (rest[at] != '"') {
      name += rest[at];
    } else if (at + 1 < rest.size() && rest[at + 1] == '"') {
      name += '"';
      ++at;
    } else {
      rest.remove_prefix(at + 1);
      return name;
    }
  }
  refuse(text, "lacks a closing double quote");
}

std::string take_bare(std::string_view text, std::string_view& rest) {
  const std::string_view name = rest.substr(0, rest.find('.'));
  if (name.find('"') != std::string_view::npos) {
    refuse(text, "has a double quote inside a name");
  }
  if (!name.empty() && (is_blank(name.front()) || is_blank(name.back()))) {
    refuse(text, "has a space at the edge of a name");
  }
  rest.remove_prefix(name.size());
  return std::string(name);
}

std::string take_name(std::string_view text, std::string_view& rest) {
  const bool starts_quoted = !rest.empty() && rest.front() == '"';
  std::string name = starts_quoted ? take_quoted(text, rest) : take_bare(text, rest);
  if (name.empty()) refuse(text, "has an empty name");
  if (const std::string problem = identifier_problem(name); !problem.empty()) {
    throw std::invalid_argument(problem);
  }
  return name;
}

bool is_bare_in_sql(const std::string& name) {
  const auto is_start = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto is_rest = [&](char c) { return is_start(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_start(name.front()) &&
         std::all_of(name.begin(), name.end(), is_rest) &&
         !std::binary_search(keywords.begin(), keywords.end(), std::string_view(name));
}

std::string as_in_sql(const std::string& name) {
  if (is_bare_in_sql(name)) return name;
  std::string result = "\"";
  for (const char c : name) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

}  // namespace

TableName parse_table_name(std::string_view text) {
  std::string_view rest = text;
  std::vector<std::string> names{take_name(text, rest)};
  while (!rest.empty()) {
    if (rest.front() != '.') refuse(text, "has text after a closing double quote");
    if (names.size() == 2) refuse(text, "has more than two parts");
    rest.remove_prefix(1);
    names.push_back(take_name(text, rest));
  }
  if (names.size() == 1) return {.schema = "public", .table = std::move(names[0])};
  return {.schema = std::move(names[0]), .table = std::move(names[1])};
}

std::string to_text(const TableName& name) {
  return as_in_sql(name.schema) + '.' + as_in_sql(name.table);
}

}  // namespace lethe
