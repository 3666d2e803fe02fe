#include "common/db/target/function_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lethe::db {

namespace {

/// What a parameter is for.
enum class Meaning { unknown, cutoff, retain, size, count, out };

constexpr std::string_view cure =
    "Lethe passes a timestamptz (the cutoff), an interval (the retention) and an integer or bigint "
    "whose name has batch or chunk in it, or is limit or max_rows (rows per call)";

bool is_number(const std::string& type) {
  constexpr std::array<std::string_view, 4> numbers{"smallint", "integer", "bigint", "numeric"};
  return std::find(numbers.begin(), numbers.end(), type) != numbers.end();
}

bool comes_back(const FunctionParameter& parameter) {
  return parameter.mode == 'o' || parameter.mode == 'b' || parameter.mode == 't';
}

bool goes_in(const FunctionParameter& parameter) {
  return parameter.mode == 'i' || parameter.mode == 'b';
}

/// Whether a name says that the number is how many rows to take. By its type alone it might as well
/// be days, and a batch size that shrinks would then delete more.
bool names_a_size(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  if (name.find("batch") != std::string::npos || name.find("chunk") != std::string::npos)
    return true;
  for (const std::string_view prefix : {"p_", "in_", "_"}) {
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  }
  return name == "limit" || name == "row_limit" || name == "max_rows";
}

Meaning meaning_of(const FunctionParameter& parameter) {
  if (parameter.mode == 'v') return Meaning::unknown;
  if (!goes_in(parameter)) return Meaning::out;
  if (parameter.type == "timestamp with time zone") return Meaning::cutoff;
  if (parameter.type == "interval") return Meaning::retain;
  // What comes back changed is a count, as procedures had to return it before PostgreSQL 14.
  if (parameter.mode == 'b' && is_number(parameter.type)) return Meaning::count;
  const bool whole = parameter.type == "integer" || parameter.type == "bigint";
  return whole && names_a_size(parameter.name) ? Meaning::size : Meaning::unknown;
}

/// The types of the columns that come back, in their order; empty: a plain result.
std::vector<std::string> columns_back(const FunctionFacts& function) {
  std::vector<std::string> types;
  for (const auto& parameter : function.parameters)
    if (comes_back(parameter)) types.push_back(parameter.type);
  return types;
}

std::string shown(const FunctionParameter& parameter) {
  return fmt::format("parameter {} of type {}",
                     parameter.name.empty() ? "without a name" : parameter.name, parameter.type);
}

std::string value_of(const FunctionParameter& parameter, const CallValues& values, Params& params) {
  const auto typed = [&](const std::string& value) {
    return params.bind(value) + "::" + parameter.type;
  };
  switch (meaning_of(parameter)) {
    case Meaning::cutoff: return typed(values.cutoff);
    case Meaning::retain: return typed(values.retain);
    case Meaning::size: return typed(std::to_string(values.size));
    case Meaning::count: return typed("0");
    case Meaning::out:
    case Meaning::unknown: break;
  }
  return "NULL::" + parameter.type;
}

std::string parameters_problem(const FunctionFacts& function) {
  std::vector<Meaning> seen;
  for (const auto& parameter : function.parameters) {
    const Meaning meaning = meaning_of(parameter);
    if (meaning == Meaning::unknown)
      return fmt::format("{}: nobody knows what to pass for its {}; {}", function.signature,
                         shown(parameter), cure);
    if (meaning == Meaning::out || meaning == Meaning::count) continue;
    if (std::find(seen.begin(), seen.end(), meaning) != seen.end())
      return fmt::format("{}: its {} means the same as one before; {}, each once",
                         function.signature, shown(parameter), cure);
    seen.push_back(meaning);
  }
  return "";
}

}  // namespace

bool has_count(const FunctionFacts& function) {
  const auto types = columns_back(function);
  if (types.empty()) return is_number(function.result);
  return std::any_of(types.begin(), types.end(), is_number);
}

std::size_t count_column(const FunctionFacts& function) {
  const auto types = columns_back(function);
  const auto found = std::find_if(types.begin(), types.end(), is_number);
  return found == types.end() ? 0 : static_cast<std::size_t>(found - types.begin());
}

std::string call_problem(const FunctionFacts& function) {
  if (function.kind != 'f' && function.kind != 'p')
    return fmt::format("{} is an aggregate or window function; name a function or procedure",
                       function.signature);
  if (std::string problem = parameters_problem(function); !problem.empty()) return problem;
  const bool nothing =
      columns_back(function).empty() && (function.result == "void" || function.kind == 'p');
  if (nothing || has_count(function)) return "";
  return fmt::format(
      "{} returns {}; let it return the number of rows that it dealt with (integer, bigint, "
      "numeric, or a column of these types), or void to be called once",
      function.signature, function.result);
}

BuiltStatement call_statement(const FunctionFacts& function, const CallValues& values) {
  BuiltStatement built;
  std::string arguments;
  for (const auto& parameter : function.parameters) {
    // CALL has a place for what comes back, a query has none.
    if (!goes_in(parameter) && function.kind != 'p') continue;
    if (!arguments.empty()) arguments += ", ";
    arguments += value_of(parameter, values, built.params);
  }
  const std::string call = fmt::format("{}({})", function.name, arguments);
  if (function.kind == 'p') {
    built.sql = "CALL " + call;
    return built;
  }
  if (!has_count(function)) {
    built.sql = "SELECT " + call;
    return built;
  }
  std::string columns;
  const std::size_t count = std::max<std::size_t>(1, columns_back(function).size());
  for (std::size_t i = 0; i < count; ++i) columns += fmt::format("{}c{}", i > 0 ? ", " : "", i);
  built.sql = fmt::format(
      "SELECT pg_catalog.count(*) AS answers, pg_catalog.count(r.c{0}) AS numbers, "
      "coalesce(pg_catalog.min(r.c{0}), 0)::bigint AS lowest, "
      "coalesce(pg_catalog.sum(r.c{0}), 0)::bigint AS rows FROM {1} AS r ({2})",
      count_column(function), call, columns);
  return built;
}

std::string call_error(const std::string& function, const std::string& message,
                       const std::string& sqlstate) {
  if (sqlstate == "2D000")
    return fmt::format(
        "{} ends its transaction itself (COMMIT or ROLLBACK), which a batch cannot allow: take "
        "that "
        "out and let it return after each batch with the number of rows; it is called until that "
        "is 0, each time in a transaction of its own (SQLSTATE 2D000)",
        function);
  return fmt::format("{}: {} (SQLSTATE {})", function, message, sqlstate);
}

}  // namespace lethe::db
