#include <fmt/format.h>

#include "cli/acknowledge.hpp"
#include "cli/commands/policy.hpp"
#include "cli/lookup.hpp"

namespace lethe::cli {
namespace {

ExitCode acknowledge(Services& services, const std::string& name) {
  const PolicyRow row = find_policy(services.stores(), name);
  const std::int64_t rows = acknowledge_policy(services, row);
  services.output().result(
      {{"name", name}, {"change", std::string("acknowledged")}, {"rows", rows, Show::count}},
      fmt::format("the next run of policy {} may go; fire it with lethe policy run {}", name,
                  name));
  return ExitCode::done;
}

ExitCode approve(Services& services, const std::string& name) {
  const PolicyRow row = find_policy(services.stores(), name);
  services.stores().policies.approve(row, services.actor());
  services.output().result(
      {{"name", name},
       {"change", std::string("approved")},
       {"spec_sha256", row.spec_sha256},
       {"approved_by", services.actor()}},
      fmt::format(
          "policy {} was approved as it is now by {}; any change of it needs a new approval", name,
          services.actor()));
  return ExitCode::done;
}

}  // namespace

void add_policy_guards(const Command& policy) {
  policy
      .add("acknowledge",
           "Counts what a run made now would delete and lets the next one go that far",
           "lethe policy acknowledge executions-90d")
      .runs_with("NAME", "of the policy", acknowledge);
  policy
      .add("approve", "Agrees, as the second person, to a policy as it is now",
           "lethe policy approve executions-90d")
      .runs_with("NAME", "of the policy", approve);
}

}  // namespace lethe::cli
