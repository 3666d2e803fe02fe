#include "cli/commands/tenant.hpp"

#include <fmt/format.h>

#include "cli/lookup.hpp"
#include "cli/parsed.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

constexpr Command::Range weight_range{1, 10'000};
constexpr Command::Range max_running_range{0, 1000};

struct TenantOptions {
  std::string tenant;
  std::string target;
  std::optional<std::int64_t> weight;
  std::optional<std::int64_t> max_running;
  std::optional<std::string> lane;
};

/// "" is the lane of the policy.
std::string parse_lane_or_none(const std::string& text) {
  return text.empty() ? text : parse_lane(text);
}

ExitCode set(Services& services, const TenantOptions& options) {
  if (options.tenant.empty())
    throw UserError(ExitCode::usage, "TENANT: must not be empty; give the tenant's name");
  if (!options.weight && !options.max_running && !options.lane)
    throw UserError(ExitCode::usage, "give at least one of --weight, --max-running and --lane");
  const std::string lane = parsed("--lane", options.lane.value_or(""), parse_lane_or_none);
  Stores& stores = services.stores();
  const TargetRow target = find_target(stores, options.target);
  const TenantLimits usual{.target = target.name, .tenant = options.tenant, .lane = ""};
  TenantLimits limits = stores.tenants.find(target.name, options.tenant).value_or(usual);
  if (options.weight) limits.weight = static_cast<std::int32_t>(*options.weight);
  if (options.max_running) limits.max_running = static_cast<std::int32_t>(*options.max_running);
  if (options.lane) limits.lane = lane;
  const bool is_new = stores.tenants.set(limits, services.actor());
  Record record = tenant_record(limits);
  record.push_back({"change", std::string(is_new ? "added" : "changed")});
  services.output().result(
      record,
      fmt::format("tenant {} in target {}: weight {}, at most {} at once, {}", limits.tenant,
                  limits.target, limits.weight, counted(limits.max_running, "task", "tasks"),
                  limits.lane.empty() ? "lane of the policy" : "lane " + limits.lane));
  return ExitCode::done;
}

ExitCode list(Services& services, const TenantOptions& options) {
  Stores& stores = services.stores();
  if (!options.target.empty()) static_cast<void>(find_target(stores, options.target));
  services.output().list(records_of(stores.tenants.list(options.target), tenant_record),
                         {"target", "tenant", "weight", "max_running", "lane"},
                         "no tenant has limits of its own");
  return ExitCode::done;
}

ExitCode remove(Services& services, const TenantOptions& options) {
  Stores& stores = services.stores();
  const TargetRow target = find_target(stores, options.target);
  if (!stores.tenants.remove(target.name, options.tenant, services.actor()))
    throw UserError(ExitCode::not_found,
                    fmt::format("tenant '{}' has no limits of its own in target '{}'; see lethe "
                                "tenant list",
                                options.tenant, target.name));
  services.output().result(
      {{"target", target.name}, {"tenant", options.tenant}, {"change", std::string("removed")}},
      fmt::format("tenant {} in target {} has the usual limits again", options.tenant,
                  target.name));
  return ExitCode::done;
}

}  // namespace

void add_tenant(const Command& root) {
  const Command tenant =
      root.add("tenant", "What a tenant of a target may take of the fleet",
               "lethe tenant set acme --target app --max-running 16\nlethe tenant list");
  const auto options = std::make_shared<TenantOptions>();
  tenant
      .add("set", "Gives a tenant limits of its own; what is not said stays as it is",
           "lethe tenant set acme --target app --max-running 16 --weight 400 --lane whale\n"
           "lethe tenant set acme --target app --lane ''")
      .positional("TENANT", options->tenant, "value of the policies' tenant column")
      .required("--target", options->target, "where")
      .option("--weight", options->weight, weight_range,
              "share of the fleet, 1 to 10000 (default 100)")
      .option("--max-running", options->max_running, max_running_range,
              "tasks that may run at once, 0 to 1000 (default 4)")
      .option("--lane", options->lane, "which workers take its tasks; '' for the policy's lane")
      .runs(options, set);
  tenant
      .add("list", "Lists the tenants that have limits of their own",
           "lethe tenant list --target app --output json")
      .option("--target", options->target, "only of this target")
      .runs(options, list);
  tenant.add("remove", "Gives a tenant the usual limits", "lethe tenant remove acme --target app")
      .positional("TENANT", options->tenant, "value of the policies' tenant column")
      .required("--target", options->target, "where")
      .runs(options, remove);
}

}  // namespace lethe::cli
