#pragma once

#include "tests/bench/options.hpp"
#include "tests/bench/samples.hpp"

namespace lethe::bench {

// Each measures one row of the table in docs/performance.md and answers as Scenario::measure does.

/// Lease and settle one task at a time on 4 connections, beside PGMQ, graphile-worker and pg-boss.
[[nodiscard]] Json measure_single(const Options& options);
/// The same with 100 tasks per call.
[[nodiscard]] Json measure_batch(const Options& options);
/// Adding tasks in batches of 1,000.
[[nodiscard]] Json measure_enqueue(const Options& options);
/// Lease latency with a thousand and with a million waiting tasks.
[[nodiscard]] Json measure_backlog(const Options& options);
/// A steady stream while somebody holds a snapshot of the control database.
[[nodiscard]] Json measure_snapshot(const Options& options);
/// How evenly one large tenant and 999 small ones are served.
[[nodiscard]] Json measure_fairness(const Options& options);
/// How soon the tasks of a killed worker run elsewhere.
[[nodiscard]] Json measure_kill(const Options& options);
/// What each system does for its numbers and what it leaves out. Not measured: from their sources.
[[nodiscard]] Json list_features(const Options& options);

}  // namespace lethe::bench
