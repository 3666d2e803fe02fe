#include "common/policies/action.hpp"

#include <algorithm>

#include "common/policies/policy_json.hpp"

namespace lethe {

std::string set_problem(const Policy& policy, const std::string& column) {
  const auto& times = policy.timestamp;
  if (std::find(times.begin(), times.end(), column) != times.end())
    return "is a timestamp column of this policy, by which rows are judged; set another column";
  if (policy.tenant && policy.tenant->column == column)
    return "is the tenant's column, by which rows are judged; set another column";
  return "";
}

std::string to_text(const FunctionName& name) {
  return to_text(TableName{.schema = name.schema, .table = name.name});
}

}  // namespace lethe
