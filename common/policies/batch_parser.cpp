#include "common/policies/batch_parser.hpp"

#include <array>

namespace lethe {

namespace {

constexpr std::array<std::string_view, 3> batch_keys{"target_ms", "duty_percent",
                                                     "rows_per_second"};

}  // namespace

BatchRule read_batch(const YamlValue& value) {
  const YamlMap map = value.map(batch_keys.size());
  map.check_keys(batch_keys, "batch");
  if (map.members().empty())
    value.fail("changes nothing; write target_ms, duty_percent or rows_per_second, or remove it");
  BatchRule rule;
  if (const YamlValue* target = map.find("target_ms")) rule.target_ms = target->integer(10, 30'000);
  if (const YamlValue* duty = map.find("duty_percent")) rule.duty_percent = duty->integer(1, 100);
  if (const YamlValue* rows = map.find("rows_per_second"))
    rule.rows_per_second = rows->integer(1, rows_per_second_max);
  return rule;
}

}  // namespace lethe
