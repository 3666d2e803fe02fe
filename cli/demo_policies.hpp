#pragma once

#include <string_view>

namespace lethe::cli {

/// The policy file of `lethe demo`. It says nothing of targets: `app` is registered already.
inline constexpr std::string_view demo_policies = R"(policies:
  - name: executions-90d
    target: app
    table: public.executions
    timestamp: [started_at, created_at]   # the second where the first is NULL
    retain: 90 days
    tenant:
      column: tenant_id
      keep_min: 100                       # newest rows that every tenant keeps
      overrides:
        tenant-07: {retain: 30 days, keep_min: 10}
        tenant-08: {retain: 365 days}
        tenant-09: {enabled: false}       # nothing of it is deleted
    schedule: "0 3 * * *"

  - name: events-180d
    target: app
    table: public.events                  # partitioned by month
    timestamp: occurred_at
    retain: 180 days
    schedule: "30 3 * * *"

  - name: idempotency-keys-7d
    target: app
    table: public.idempotency_keys
    timestamp: created_at
    retain: 7 days
    where: {state: finished}
    schedule: "0 4 * * *"
)";

}  // namespace lethe::cli
