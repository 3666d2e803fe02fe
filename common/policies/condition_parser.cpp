#include "common/policies/condition_parser.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "common/policies/comparison.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe {
namespace {

constexpr std::size_t max_comparisons = 64;
constexpr std::size_t max_values = 1000;
constexpr std::size_t max_value_bytes = 65'536;
constexpr int max_depth = 16;

using Conditions = std::vector<Condition>;

std::string compared_text(const YamlValue& value) {
  if (value.is_null()) {
    value.fail("null is not compared; write {is_null: true}, or quotes if it is meant as text");
  }
  return value_text(value);
}

std::vector<std::string> comparison_values(Comparison comparison, const YamlValue& value) {
  switch (comparison) {
    case Comparison::in:
    case Comparison::not_in: {
      std::vector<std::string> values;
      for (const YamlValue& item : value.list(1, max_values)) values.push_back(compared_text(item));
      return values;
    }
    case Comparison::is_null: return {value.boolean() ? "true" : "false"};
    case Comparison::like_prefix:
      if (value.is_scalar() && value.text().empty()) {
        value.fail("must not be empty; every text starts so, write {is_null: false}");
      }
      return {compared_text(value)};
    case Comparison::eq:
    case Comparison::ne:
    case Comparison::lt:
    case Comparison::lte:
    case Comparison::gt:
    case Comparison::gte: break;
  }
  return {compared_text(value)};
}

Condition joined(Condition::Kind kind, Conditions parts) {
  if (parts.size() == 1) return std::move(parts.front());
  Condition result;
  result.kind = kind;
  result.children = std::move(parts);
  return result;
}

/// Reads one `where` and counts what it reads.
class ConditionReader {
 public:
  Condition read(const YamlValue& value, int depth) {
    if (depth > max_depth) {
      value.fail(fmt::format("is nested more than {} levels deep; flatten it", max_depth));
    }
    const YamlMap map = value.map(max_comparisons);
    if (map.members().empty()) {
      value.fail("must not be empty; name a column, or leave where out to mean every row");
    }
    Conditions parts;
    for (const auto& [key, member] : map.members()) {
      if (key == "all") {
        parts.push_back(read_branch(Condition::Kind::all, member, depth));
      } else if (key == "any") {
        parts.push_back(read_branch(Condition::Kind::any, member, depth));
      } else if (key == "not") {
        Condition negation;
        negation.kind = Condition::Kind::negation;
        negation.children.push_back(read(member, depth + 1));
        parts.push_back(std::move(negation));
      } else {
        read_column(key, member, parts);
      }
    }
    return joined(Condition::Kind::all, std::move(parts));
  }

 private:
  Condition read_branch(Condition::Kind kind, const YamlValue& value, int depth) {
    Conditions parts;
    for (const YamlValue& item : value.list(1, max_comparisons)) {
      parts.push_back(read(item, depth + 1));
    }
    return joined(kind, std::move(parts));
  }

  void read_column(const std::string& column, const YamlValue& value, Conditions& parts) {
    if (const std::string problem = identifier_problem(column); !problem.empty()) {
      value.fail("the column " + problem);
    }
    if (value.is_list()) {
      add(column, Comparison::in, value, parts);
    } else if (value.is_map()) {
      read_operators(column, value, parts);
    } else {
      add(column, Comparison::eq, value, parts);
    }
  }

  void read_operators(const std::string& column, const YamlValue& value, Conditions& parts) {
    const YamlMap operators = value.map(comparison_names.size());
    if (operators.members().empty()) {
      value.fail("must not be empty; write for example {eq: done}");
    }
    for (const auto& [name, operand] : operators.members()) {
      const std::optional<Comparison> comparison = find_comparison(name);
      if (!comparison) {
        operand.fail(
            fmt::format("unknown comparison; known are {}", fmt::join(comparison_names, ", ")));
      }
      add(column, *comparison, operand, parts);
    }
  }

  void add(const std::string& column, Comparison comparison, const YamlValue& value,
           Conditions& parts) {
    if (++comparisons_ > max_comparisons) {
      value.fail(fmt::format("more than {} comparisons; join values with in", max_comparisons));
    }
    Condition leaf;
    leaf.kind = Condition::Kind::comparison;
    leaf.column = column;
    leaf.comparison = comparison;
    leaf.values = comparison_values(comparison, value);
    parts.push_back(std::move(leaf));
  }

  std::size_t comparisons_ = 0;
};

}  // namespace

std::string value_text(const YamlValue& value) {
  const std::string& text = value.text();
  if (text.size() > max_value_bytes) {
    value.fail(fmt::format("is longer than {} bytes; shorten it", max_value_bytes));
  }
  if (text.find('\0') != std::string::npos) {
    value.fail("holds a zero byte, which PostgreSQL cannot store; remove it");
  }
  return text;
}

Condition parse_condition(const YamlValue& where) { return ConditionReader().read(where, 1); }

}  // namespace lethe
