#include "common/db/target/weigh_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "common/db/target/batch_transaction.hpp"
#include "common/db/target/block_sample.hpp"
#include "common/db/target/cascade.hpp"
#include "common/stopwatch.hpp"

namespace lethe::db {

namespace {

/// 64 MiB: read completely in some tens of milliseconds.
constexpr std::int64_t counted_blocks_max = 8'192;

/// Of a larger table: 8 MiB. Where old rows lie together a part of a tenth of the table is found to
/// one or two hundredths of the table.
constexpr std::int64_t weighed_blocks = 1'024;

constexpr std::chrono::milliseconds count_time{3'000};

/// Calls `body(relations, predicate)` on what the run would clean now.
template <class Body>
auto on_ground(Transaction& transaction, const RunContext& run, const LeaseToken& lease,
               const RunBounds& bounds, Body&& body) {
  const Fence fence = admit_fence(transaction, run, lease);
  const Passed passed = pass_gate(transaction, run, bounds);
  const std::string field = run.policy.empty() ? "ad hoc" : "policy " + run.policy;
  const TableFacts table = look_up_table(transaction, run.spec, field);
  Predicate predicate(run.spec, table, passed.limits, run.id.value, bounds.has_cutoffs);
  if (fence.has_parked) predicate.leave_out_parked();
  const Held held = look_up_held(transaction, passed.has_holds, run.spec, table);
  predicate.leave_out_held(held);
  return body(look_up_relations(transaction, table, field), predicate);
}

}  // namespace

Volume weigh_step(Transaction& transaction, const RunContext& run, const LeaseToken& lease,
                  const RunBounds& bounds) {
  return on_ground(
      transaction, run, lease, bounds,
      [&](const std::vector<RelationRow>& relations, const Predicate& predicate) {
        std::int64_t blocks = 0;
        for (const auto& relation : relations) blocks += relation.blocks;
        const bool is_small = blocks <= counted_blocks_max;
        const double share =
            is_small ? 1.0 : static_cast<double>(weighed_blocks) / static_cast<double>(blocks);
        double eligible = 0;
        double rows = 0;
        for (const auto& relation : relations) {
          if (relation.blocks == 0) continue;
          const BuiltStatement built = count_in_part(relation, predicate, share);
          const auto row = transaction.exec_built(built.sql, built.params).at(0);
          eligible += number<double>(row, "eligible");
          rows += number<double>(row, "rows");
        }
        return Volume{.eligible = std::llround(eligible / share),
                      .worth = is_small ? Volume::Worth::exact : Volume::Worth::estimate,
                      .rows = std::llround(rows / share)};
      });
}

std::int64_t count_eligible(Transaction& transaction, const RunContext& run,
                            const LeaseToken& lease, const RunBounds& bounds,
                            std::int64_t rows_max) {
  return on_ground(
      transaction, run, lease, bounds,
      [&](const std::vector<RelationRow>& relations, const Predicate& predicate) {
        const Stopwatch watch;
        std::int64_t counted = 0;
        for (const auto& relation : relations) {
          if (counted > rows_max) break;
          if (relation.blocks == 0) continue;
          const auto left = count_time - watch.elapsed();
          transaction.exec_text(fmt::format("SET LOCAL statement_timeout = {}",
                                            std::max<std::int64_t>(1, left.count())));
          const BuiltStatement built = count_up_to(relation, predicate, rows_max - counted);
          counted += number(transaction.exec_built(built.sql, built.params).at(0), "rows");
        }
        return counted;
      });
}

bool needs_count(const Volume& sampled, std::int64_t rows_max) {
  if (sampled.worth == Volume::Worth::exact) return false;
  // So many rows may lie together where the sample did not look, with a chance of one in twenty.
  const std::int64_t unseen = 3 * sampled.rows / weighed_blocks;
  return rows_max / 4 < std::max(sampled.eligible, unseen);
}

Volume corrected(Volume sampled, std::int64_t counted, std::int64_t rows_max) {
  Volume volume = sampled;
  if (counted <= rows_max) {
    volume.eligible = counted;
    volume.worth = Volume::Worth::exact;
  } else if (sampled.eligible < counted) {
    volume.eligible = counted;
    volume.worth = Volume::Worth::at_least;
  }
  return volume;
}

}  // namespace lethe::db
