#include "common/db/pg_tenant_store.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"

namespace lethe::db {

bool PgTenantStore::set(const TenantLimits& limits, const std::string& actor) {
  return transact(session_, "tenants_set", [&](Transaction& transaction) {
    lock_slots(transaction, {limits.target});
    if (!limits.lane.empty()) transaction.exec(queries::lanes_ensure, Params::of(limits.lane));
    const auto rows = transaction.exec(
        queries::tenants_upsert,
        Params::of(limits.target, limits.tenant, limits.weight, limits.max_running, limits.lane));
    rebalance(transaction, {limits.target});
    audit(transaction, actor, "tenant.set", limits.target + "/" + limits.tenant,
          fmt::format("weight={} max_running={} lane={}", limits.weight, limits.max_running,
                      limits.lane));
    return flag(rows.at(0), "was_new");
  });
}

std::vector<TenantLimits> PgTenantStore::read(const std::string& target,
                                              const std::optional<std::string>& tenant) {
  const auto any = target.empty() ? std::nullopt : std::optional(target);
  return transact(session_, "tenants_list", [&](Transaction& transaction) {
    std::vector<TenantLimits> tenants;
    for (const auto& row : transaction.exec(queries::tenants_list, Params::of(any, tenant)))
      tenants.push_back({.target = text(row, "target"),
                         .tenant = text(row, "name"),
                         .weight = number<std::int32_t>(row, "weight"),
                         .max_running = number<std::int32_t>(row, "max_running"),
                         .lane = text(row, "lane")});
    return tenants;
  });
}

std::vector<TenantLimits> PgTenantStore::list(const std::string& target) {
  return read(target, std::nullopt);
}

std::optional<TenantLimits> PgTenantStore::find(const std::string& target,
                                                const std::string& tenant) {
  auto found = read(target, tenant);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

bool PgTenantStore::remove(const std::string& target, const std::string& tenant,
                           const std::string& actor) {
  return transact(session_, "tenants_remove", [&](Transaction& transaction) {
    lock_slots(transaction, {target});
    if (transaction.exec(queries::tenants_remove, Params::of(target, tenant)).affected_rows() == 0)
      return false;
    rebalance(transaction, {target});
    audit(transaction, actor, "tenant.remove", target + "/" + tenant, "");
    return true;
  });
}

}  // namespace lethe::db
