#include "cli/policy_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include "cli/lookup.hpp"
#include "cli/nearest.hpp"
#include "cli/text.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/store_error.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {
namespace {

constexpr std::size_t file_bytes_max = 16U << 20U;

std::string read_all(std::istream& in, const std::string& name) {
  std::string text;
  char buffer[65'536];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(in.gcount()));
    if (text.size() > file_bytes_max)
      throw UserError(ExitCode::bad_config,
                      fmt::format("{}: longer than 16 MB; split the file", name));
  }
  if (in.bad()) throw UserError(ExitCode::bad_config, fmt::format("{}: cannot be read", name));
  return text;
}

PlannedTarget plan_target(Stores& stores, const TargetSpec& spec) {
  PlannedTarget planned{.spec = spec, .stored = stores.targets.find(spec.name)};
  if (!planned.stored) {
    planned.change = Change::added;
  } else if (planned.stored->url != spec.url || planned.stored->max_running != spec.max_running ||
             planned.stored->rows_per_second != spec.rows_per_second ||
             planned.stored->clock_skew_seconds != spec.clock_skew_seconds ||
             planned.stored->survives_failover != spec.survives_failover) {
    planned.change = Change::changed;
  }
  return planned;
}

/// A spec of an older or newer version that cannot be read differs from everything.
bool says_the_same(const PolicyRow& row, const Policy& policy) {
  try {
    return to_canonical_json(stored_policy(row)) == to_canonical_json(policy);
  } catch (const UserError&) {
    return false;
  }
}

void require_target(Stores& stores, const PolicyPlan& plan, const PlannedPolicy& planned) {
  std::vector<std::string> names;
  for (const PlannedTarget& target : plan.targets) names.push_back(target.spec.name);
  for (const TargetRow& target : stores.targets.list()) names.push_back(target.name);
  const std::string& wanted = planned.policy.target;
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return;
  const UserError reason = not_found("target", wanted, names, "lethe target list");
  throw UserError(ExitCode::not_found, fmt::format("{}.target: {}", planned.field, reason.what()));
}

}  // namespace

const char* to_string(Change change) noexcept {
  switch (change) {
    case Change::unchanged: return "unchanged";
    case Change::added: return "added";
    case Change::changed: return "changed";
  }
  return "unknown";
}

PolicyFile read_policy_file(Services& services, const std::string& name) {
  if (name == "-")
    return parse_policies(read_all(services.environment().in, "standard input"), "standard input");
  std::ifstream file(name, std::ios::binary);
  if (!file)
    throw UserError(
        ExitCode::bad_config,
        fmt::format("{}: {}; give -f the path of a policy file, or - for standard input", name,
                    std::generic_category().message(errno)));
  return parse_policies(read_all(file, name), name);
}

PolicyPlan compare_policies(Stores& stores, const PolicyFile& file) {
  PolicyPlan plan;
  for (const TargetSpec& spec : file.targets) plan.targets.push_back(plan_target(stores, spec));
  for (const Policy& policy : file.policies) {
    PlannedPolicy planned{.policy = policy,
                          .field = fmt::format("policies[{}]", plan.policies.size()),
                          .stored = stores.policies.find(policy.name)};
    require_target(stores, plan, planned);
    if (!planned.stored) {
      planned.change = Change::added;
    } else if (!says_the_same(*planned.stored, policy)) {
      planned.change = Change::changed;
    }
    plan.policies.push_back(std::move(planned));
  }
  return plan;
}

std::string PolicyApplier::url_of(const std::string& target) {
  for (const PlannedTarget& planned : plan_.targets) {
    if (planned.spec.name == target) return planned.spec.url;
  }
  return find_target(services_.stores(), target).url;
}

TargetDatabase& PolicyApplier::connect(const std::string& name, const std::string& url) {
  auto& target = connected_[fmt::format("{} {}", name, url)];
  if (target == nullptr) target = services_.target(name, url);
  return *target;
}

PolicyApplier::Step PolicyApplier::make_step(const PlannedPolicy& planned, Instant now) {
  const Policy& policy = planned.policy;
  Step step{.planned = &planned, .next = next_firing(policy, now, planned.field)};
  step.target = &connect(policy.target, url_of(policy.target));
  step.target->check_policy(policy, planned.field);
  if (!planned.stored) return step;
  const TargetRow old_target = find_target(services_.stores(), planned.stored->target);
  step.halted = !planned.stored->enabled || is_paused_itself(services_.stores(), *planned.stored);
  if (old_target.name != policy.target) step.left = &connect(old_target.name, old_target.url);
  return step;
}

void PolicyApplier::check() {
  TargetConnector& connector = services_.environment().connector;
  for (const PlannedTarget& target : plan_.targets)
    connector.check_url(target.spec.url, fmt::format("targets.{}.url", target.spec.name));
  const Instant now = services_.stores().policies.now();
  for (const PlannedPolicy& planned : plan_.policies) {
    const Step step = make_step(planned, now);
    if (planned.change != Change::unchanged) steps_.push_back(step);
  }
}

void PolicyApplier::carry_out(const Step& step) {
  const Policy& policy = step.planned->policy;
  PolicyStore& policies = services_.stores().policies;
  const PolicyVersion read =
      step.planned->stored ? PolicyVersion{.exists = true, .epoch = step.planned->stored->epoch}
                           : policies.version(policy.name);
  if (step.left != nullptr) step.left->set_gate(policy.name, read.epoch + 1, true, "moved");
  step.target->set_gate(policy.name, read.epoch + 1, step.halted,
                        step.halted ? "disabled or paused" : "");
  policies.apply(policy, read, step.next, services_.actor());
}

void PolicyApplier::apply() {
  for (const PlannedTarget& target : plan_.targets) {
    if (target.change != Change::unchanged)
      services_.stores().targets.put(target.spec, services_.actor());
  }
  std::size_t applied = 0;
  for (const Step& step : steps_) {
    try {
      carry_out(step);
    } catch (const UserError& error) {
      throw UserError(
          error.code(),
          fmt::format("{}: {}; {} of {} applied before it, apply the file again",
                      step.planned->policy.name, error.what(), applied,
                      counted(static_cast<std::int64_t>(steps_.size()), "policy", "policies")));
    }
    ++applied;
  }
}

}  // namespace lethe::cli
