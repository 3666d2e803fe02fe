#pragma once

#include "tests/bench/deletion/bench.hpp"

namespace lethe::bench {

// Each measures one row of the table in docs/performance.md and answers as Scenario::measure does.

/// Half of the rows are expired: the fleet beside one DELETE, a loop per tenant, and pg_cron.
[[nodiscard]] Json measure_half(Bench& bench);
/// One row in a hundred is expired and an index leads to it: the fleet beside a keyset loop.
[[nodiscard]] Json measure_few(Bench& bench);
/// The same number of expired rows in a table and in one ten times as large, by an index.
[[nodiscard]] Json measure_growth(Bench& bench);
/// Up to 100,000 tenants, of whom none, some or all have a cutoff of their own.
[[nodiscard]] Json measure_tenants(Bench& bench);
/// Nine of twelve partitions are expired: the strategy `partition` beside one DELETE.
[[nodiscard]] Json measure_partitions(Bench& bench);
/// One worker and four, while every batch waits 20 ms.
[[nodiscard]] Json measure_scale(Bench& bench);
/// Batches of 250 ms by a worker beside the same deletes in a loop.
[[nodiscard]] Json measure_overhead(Bench& bench);
/// The fleet with a limit of rows and with copies of what goes, beside the fleet without.
[[nodiscard]] Json measure_extras(Bench& bench);
/// The most memory that a worker and a scheduler used in the scenarios measured so far.
[[nodiscard]] Json find_peaks(const Json& so_far);

}  // namespace lethe::bench
