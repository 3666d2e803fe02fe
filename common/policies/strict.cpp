#include "common/policies/strict.hpp"

#include <algorithm>
#include <stdexcept>

#include "common/policies/strategy_choice.hpp"

namespace lethe {

namespace {

bool keeps_rows_of_tenants(const TenantRule& rule) {
  return rule.keep_min.value_or(0) > 0 ||
         std::any_of(rule.overrides.begin(), rule.overrides.end(),
                     [](const auto& own) { return own.second.keep_min.value_or(0) > 0; });
}

}  // namespace

bool keeps_strictly(const Policy& policy) noexcept {
  return policy.strict || (policy.tenant && policy.tenant->strict);
}

std::string strict_problem(const Policy& policy) {
  if (!keeps_strictly(policy)) return "";
  if (policy.strict && policy.tenant) return "beside tenant is ambiguous; write tenant.strict";
  const bool keeps =
      policy.tenant ? keeps_rows_of_tenants(*policy.tenant) : policy.keep_min.value_or(0) > 0;
  if (!keeps) return "means nothing without keep_min; add it or remove the key";
  if (policy.action.kind != Action::Kind::remove) return "needs action: delete; remove one of them";
  if (drops_partitions(policy))
    return "would have to count the table while nobody may read it; write partitions: rows or "
           "remove the key";
  if (policy.tenant && policy.strategy == StrategyChoice::index)
    return "asks whose the rows of a range are before any of them goes; write strategy: auto";
  return "";
}

void check_strict(const YamlMap& map, const Policy& policy) {
  const std::string problem = strict_problem(policy);
  if (problem.empty()) return;
  if (const YamlValue* strict = map.find("strict"); strict != nullptr && policy.strict)
    strict->fail(problem);
  map.find("tenant")->map(100).find("strict")->fail(problem);
}

bool parse_on_failover(std::string_view text) {
  if (text == "continue") return true;
  if (text == "freeze") return false;
  throw std::invalid_argument("must be freeze or continue; write one of them or remove the key");
}

}  // namespace lethe
