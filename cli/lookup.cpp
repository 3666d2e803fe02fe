#include "cli/lookup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <vector>

#include "cli/nearest.hpp"
#include "common/policies/policy_json.hpp"
#include "common/schedule/jitter.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {
namespace {

template <class Row>
std::vector<std::string> names_of(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const Row& row : rows) names.push_back(row.name);
  return names;
}

}  // namespace

TargetRow find_target(Stores& stores, const std::string& name) {
  if (const auto row = stores.targets.find(name)) return *row;
  throw not_found("target", name, names_of(stores.targets.list()), "lethe target list");
}

PolicyRow find_policy(Stores& stores, const std::string& name) {
  if (const auto row = stores.policies.find(name)) return *row;
  throw not_found("policy", name, names_of(stores.policies.list()), "lethe policy list");
}

RunRow find_run(Stores& stores, const std::string& id) {
  if (const auto row = stores.runs.find(id)) return *row;
  throw not_found("run", id, {}, "lethe run list");
}

TaskRow find_task(Stores& stores, const std::string& id) {
  if (const auto row = stores.tasks.find(id)) return *row;
  throw not_found("task", id, {}, "lethe task list");
}

DeadRow find_dead(Stores& stores, const std::string& id) {
  if (const auto row = stores.dead.find(id)) return *row;
  throw not_found("dead letter", id, {}, "lethe dead list");
}

WorkerRow find_worker(Stores& stores, const std::string& id) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  const bool is_number = error == std::errc() && end == id.data() + id.size();
  if (is_number) {
    if (const auto row = stores.fleet.worker(number)) return *row;
  }
  throw not_found("worker", id, {}, "lethe worker list --all");
}

Policy stored_policy(const PolicyRow& row) {
  try {
    return policy_from_json(row.spec_text);
  } catch (const std::invalid_argument& error) {
    throw UserError(ExitCode::failed,
                    fmt::format("policy '{}': {}; apply it again with this version of lethe",
                                row.name, error.what()));
  }
}

std::optional<Instant> next_firing(const Policy& policy, Instant now, const std::string& field) {
  if (policy.schedule.empty()) return std::nullopt;
  try {
    const auto offset = jitter_offset(policy.name, policy.jitter_seconds);
    const auto next = Schedule::parse(policy.schedule, policy.timezone).next_after(now - offset);
    return next ? std::optional(*next + offset) : std::nullopt;
  } catch (const std::invalid_argument& error) {
    throw UserError(ExitCode::bad_config, fmt::format("{}.schedule: {}", field, error.what()));
  }
}

bool is_paused_itself(Stores& stores, const PolicyRow& policy) {
  const auto pauses = stores.fleet.pauses();
  return std::any_of(pauses.begin(), pauses.end(), [&](const FleetStore::PauseRow& row) {
    return row.pause.scope == PauseScope::policy && row.pause.name == policy.name;
  });
}

}  // namespace lethe::cli
