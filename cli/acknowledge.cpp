#include "cli/acknowledge.hpp"

#include <fmt/format.h>

#include "cli/lookup.hpp"
#include "cli/preview.hpp"
#include "cli/text.hpp"

namespace lethe::cli {

std::int64_t acknowledge_policy(Services& services, const PolicyRow& row) {
  Stores& stores = services.stores();
  const Policy policy = stored_policy(row);
  const TargetRow target = find_target(stores, row.target);
  const auto database = services.target(target.name, target.url);
  const Census census = take_preview(services, policy, *database).census;
  stores.policies.acknowledge(row, census.eligible, services.actor());
  services.note(fmt::format("acknowledged: a run of policy {} would take {} of {}", row.name,
                            grouped(census.eligible), counted(census.total, "row", "rows")));
  return census.eligible;
}

}  // namespace lethe::cli
