#include "common/tasks/task.hpp"

namespace lethe {

const char* to_string(TaskKind kind) noexcept {
  switch (kind) {
    case TaskKind::plan: return "plan";
    case TaskKind::clean: return "clean";
    case TaskKind::verify: return "verify";
    case TaskKind::vacuum: return "vacuum";
  }
  return "unknown";
}

const char* to_string(Strategy strategy) noexcept {
  switch (strategy) {
    case Strategy::sweep: return "sweep";
    case Strategy::index: return "index";
    case Strategy::key: return "key";
    case Strategy::call: return "call";
    case Strategy::partition: return "partition";
  }
  return "unknown";
}

std::optional<Strategy> strategy_from(const std::string& text) noexcept {
  for (const Strategy strategy :
       {Strategy::sweep, Strategy::index, Strategy::key, Strategy::partition, Strategy::call})
    if (text == to_string(strategy)) return strategy;
  return std::nullopt;
}

}  // namespace lethe
