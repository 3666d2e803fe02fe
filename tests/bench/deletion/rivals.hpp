#pragma once

#include <string>

#include "tests/bench/deletion/bench.hpp"

namespace lethe::bench {

// How people delete old rows of public.t without Lethe. `age` is what an SQL interval understands.

/// One statement for everything.
[[nodiscard]] std::string one_delete(const std::string& age);

/// Makes the procedures of the statements below in the target, and the list of tenants that the
/// first one walks through.
void install_procedures(Bench& bench, std::int64_t tenants);

/// For each tenant batches of `LIMIT 1000` until less than that went, with a COMMIT each. Served
/// by the index on (tenant_id, created_at).
[[nodiscard]] std::string loop_per_tenant(const std::string& age);

/// Batches of 1,000 in the order of created_at, each beginning where the last one ended, with a
/// COMMIT per batch. Served by the index on created_at.
[[nodiscard]] std::string keyset_loop(const std::string& age);

/// Lets pg_cron run the same loop per tenant in the target. Returns {elapsed_s} by the job's own
/// clock, without the wait for its minute, or {not_measured} where the server does not have it.
[[nodiscard]] Json loop_by_cron(Bench& bench, const std::string& age);

}  // namespace lethe::bench
