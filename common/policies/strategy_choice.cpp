#include "common/policies/strategy_choice.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "common/policies/timing_parser.hpp"

namespace lethe {

namespace {

constexpr std::int64_t quarantine_seconds_min = 60;
constexpr std::int64_t quarantine_seconds_max = std::int64_t{3'650} * 86'400;

template <typename Parse>
auto read_word(const YamlValue& value, Parse parse) {
  try {
    return parse(value.text());
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

/// Refuses a strategy that the other keys of the policy rule out.
void check_strategy(const YamlValue& value, const Policy& policy) {
  if (policy.strategy == StrategyChoice::partition) {
    if (const auto why = drop_obstacle(policy); !why.empty())
      value.fail(fmt::format("partitions cannot go as a whole: {}; write strategy: auto", why));
    if (!drops_partitions(policy))
      value.fail(
          "does not say what becomes of a partition; add partitions: quarantine or partitions: "
          "drop");
    return;
  }
  if (policy.strategy != StrategyChoice::automatic && drops_partitions(policy))
    value.fail(fmt::format("{} deletes rows and partitions: {} drops them together; remove one",
                           to_string(policy.strategy), to_string(policy.partitions)));
}

}  // namespace

void read_strategy(const YamlMap& map, Policy& policy) {
  if (const YamlValue* partitions = map.find("partitions")) {
    policy.partitions = read_word(*partitions, parse_partitions);
    if (drops_partitions(policy) && policy.action.kind != Action::Kind::remove)
      partitions->fail("needs action: delete; remove one of them");
  }
  if (const YamlValue* strategy = map.find("strategy")) {
    if (policy.action.kind == Action::Kind::call)
      strategy->fail("means nothing beside action: {call: ...}; remove it");
    policy.strategy = read_word(*strategy, parse_strategy);
    check_strategy(*strategy, policy);
  }
  if (const YamlValue* quarantine = map.find("quarantine")) {
    if (policy.partitions != Partitions::quarantine)
      quarantine->fail("means nothing without partitions: quarantine; add it or remove the key");
    policy.quarantine_seconds = read_seconds(*quarantine, quarantine_seconds_min,
                                             quarantine_seconds_max, "from 1 minute to 3650 days");
  }
}

bool drops_partitions(const Policy& policy) noexcept {
  return policy.partitions != Partitions::rows;
}

std::string_view drop_obstacle(const Policy& policy) noexcept {
  if (policy.action.kind != Action::Kind::remove) return "the policy's action keeps the rows";
  if (!policy.cascade.empty()) return "the children under cascade are deleted with their rows";
  if (policy.timestamp.size() != 1)
    return "a row's age is in more than one column, and bounds tell of one";
  const auto unit = policy.units.find(policy.timestamp.at(0));
  if (unit != policy.units.end() && unit->second == TimeUnit::uuidv7)
    return "bounds do not tell whether every UUID between them is of version 7, and others stay";
  if (policy.where != Condition{}) return "where keeps the rows that it does not match";
  if (policy.tenant && policy.tenant->only) return "the rows of the other tenants stay";
  return "";
}

StrategyChoice parse_strategy(std::string_view text) {
  for (const StrategyChoice choice :
       {StrategyChoice::automatic, StrategyChoice::partition, StrategyChoice::sweep,
        StrategyChoice::index, StrategyChoice::key})
    if (text == to_string(choice)) return choice;
  throw std::invalid_argument(
      "must be auto, partition, sweep, index or key; write one of them or remove the key");
}

Partitions parse_partitions(std::string_view text) {
  for (const Partitions choice : {Partitions::rows, Partitions::drop, Partitions::quarantine})
    if (text == to_string(choice)) return choice;
  throw std::invalid_argument(
      "must be rows, drop or quarantine; write one of them or remove the key");
}

const char* to_string(StrategyChoice strategy) noexcept {
  switch (strategy) {
    case StrategyChoice::automatic: return "auto";
    case StrategyChoice::partition: return "partition";
    case StrategyChoice::sweep: return "sweep";
    case StrategyChoice::index: return "index";
    case StrategyChoice::key: return "key";
  }
  return "unknown";
}

const char* to_string(Partitions partitions) noexcept {
  switch (partitions) {
    case Partitions::rows: return "rows";
    case Partitions::drop: return "drop";
    case Partitions::quarantine: return "quarantine";
  }
  return "unknown";
}

}  // namespace lethe
