#include "common/db/target/vacuum_step.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"

namespace lethe::db {

VacuumWork look_for_vacuum(Transaction& transaction, const RunContext& run,
                           const LeaseToken& lease) {
  const Fence fence = admit_fence(transaction, run, lease);
  static_cast<void>(pass_gate(transaction, run, {}));
  std::vector<VacuumWork::Relation> allowed;
  std::vector<std::uint32_t> oids;
  std::string forbidden;
  for (const auto& row : transaction.exec(queries::catalog_cleaned, Params::of(run.id.value))) {
    if (!flag(row, "may_vacuum")) {
      forbidden += (forbidden.empty() ? "" : ", ") + text(row, "name");
      continue;
    }
    allowed.push_back({.oid = number<std::uint32_t>(row, "oid"), .name = text(row, "name")});
    oids.push_back(allowed.back().oid);
  }
  VacuumWork work;
  work.progress = to_vacuum_progress(fence.cursor);
  work.again = work.progress.is_through(oids);
  const std::vector<std::uint32_t> next = work.progress.next_of(oids);
  for (auto& relation : allowed)
    if (std::binary_search(next.begin(), next.end(), relation.oid))
      work.relations.push_back(std::move(relation));
  if (!forbidden.empty())
    work.forbidden = fmt::format(
        "this role may not vacuum {}: it takes the owner's rights, or from PostgreSQL 17 on GRANT "
        "MAINTAIN",
        forbidden);
  return work;
}

void remember_vacuum(Transaction& transaction, const RunContext& run, const LeaseToken& lease,
                     const VacuumProgress& progress) {
  static_cast<void>(admit_fence(transaction, run, lease));
  transaction.exec(queries::fence_move_cursor, Params::of(lease.task.value, to_text(progress)));
  static_cast<void>(pass_gate(transaction, run, {}));
}

void vacuum_relation(Session& session, const std::string& name, std::chrono::milliseconds time) {
  run_outside(
      session, "vacuum",
      fmt::format("SET statement_timeout = {}; SET vacuum_cost_delay = '2ms'", time.count()));
  run_outside(session, "vacuum", fmt::format("VACUUM (ANALYZE, PARALLEL 0) {}", name));
}

}  // namespace lethe::db
