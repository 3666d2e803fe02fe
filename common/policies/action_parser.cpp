#include "common/policies/action_parser.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "common/policies/action.hpp"
#include "common/policies/condition_parser.hpp"
#include "common/policies/not_yet.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe {
namespace {

constexpr std::size_t max_keys = 100;
constexpr const char* wanted =
    "must be delete, {set: {column: value}} or {call: schema.function}; write one of them or "
    "remove the key";

FunctionName read_function(const YamlValue& value) {
  const std::string& text = value.text();
  if (text.find('(') != std::string::npos)
    value.fail("has parentheses; write schema.function alone, its parameters are found out");
  try {
    TableName name = parse_table_name(text);
    return {.schema = std::move(name.schema), .name = std::move(name.table)};
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

std::map<std::string, std::optional<std::string>> read_values(const YamlValue& value) {
  const YamlMap columns = value.map(set_columns_max);
  if (columns.members().empty()) value.fail("must not be empty; write for example {email: null}");
  std::map<std::string, std::optional<std::string>> values;
  for (const auto& [column, item] : columns.members()) {
    if (const std::string problem = identifier_problem(column); !problem.empty())
      item.fail("the column " + problem);
    values.emplace(column, item.is_null() ? std::nullopt : std::optional(value_text(item)));
  }
  return values;
}

}  // namespace

Action parse_action(const YamlValue& value) {
  Action action;
  if (value.is_scalar()) {
    if (value.text() == "delete") return action;
    if (is_not_yet("action", value.text())) value.fail(not_yet_message);
    value.fail(wanted);
  }
  if (!value.is_map()) value.fail(wanted);
  const YamlMap map = value.map(max_keys);
  const YamlValue* set = map.find("set");
  const YamlValue* call = map.find("call");
  if (map.members().size() != 1 || (set == nullptr && call == nullptr)) value.fail(wanted);
  if (set != nullptr) {
    action.kind = Action::Kind::set;
    action.values = read_values(*set);
  } else {
    action.kind = Action::Kind::call;
    action.function = read_function(*call);
  }
  return action;
}

void check_action(const YamlMap& map, const Policy& policy) {
  if (policy.action.kind == Action::Kind::set) {
    const YamlMap columns = map.find("action")->map(max_keys).find("set")->map(set_columns_max);
    for (const auto& [column, value] : columns.members()) {
      if (const std::string problem = set_problem(policy, column); !problem.empty())
        value.fail(problem);
    }
  }
  if (policy.action.kind != Action::Kind::call) return;
  if (const YamlValue* vacuum = map.find("vacuum"))
    vacuum->fail("needs to know the tables, which only the function does; remove it");
  for (const char* key : {"where", "keep_min", "tenant"}) {
    if (const YamlValue* value = map.find(key))
      value->fail(
          "has no effect on a function that is called, which chooses its rows itself; "
          "remove it");
  }
}

}  // namespace lethe
