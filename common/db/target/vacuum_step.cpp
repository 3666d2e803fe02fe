#include "common/db/target/vacuum_step.hpp"

#include <fmt/format.h>

#include <charconv>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"

namespace lethe::db {

namespace {

/// Relations are vacuumed by oid; the cursor is the last one.
std::uint32_t parse(const std::string& cursor) {
  std::uint32_t relation = 0;
  std::from_chars(cursor.data(), cursor.data() + cursor.size(), relation);
  return relation;
}

}  // namespace

VacuumNext next_to_vacuum(Transaction& transaction, const RunContext& run, const LeaseToken& lease,
                          std::optional<std::uint32_t> done) {
  const Fence fence = admit_fence(transaction, run, lease);
  if (done)
    transaction.exec(queries::fence_move_cursor,
                     Params::of(lease.task.value, std::to_string(*done)));
  static_cast<void>(pass_gate(transaction, run, {}));
  const std::uint32_t last = done.value_or(parse(fence.cursor));
  std::string left;
  for (const auto& row : transaction.exec(queries::catalog_cleaned, Params::of(run.id.value))) {
    if (!flag(row, "may_vacuum")) {
      left += (left.empty() ? "" : ", ") + text(row, "name");
      continue;
    }
    const auto relation = number<std::uint32_t>(row, "oid");
    if (relation > last) return {.relation = relation, .name = text(row, "name"), .left = ""};
  }
  if (!left.empty())
    left = fmt::format(
        "this role may not vacuum {}: it takes the owner's rights, or from PostgreSQL 17 on GRANT "
        "MAINTAIN",
        left);
  return {.relation = 0, .name = "", .left = left};
}

void vacuum_relation(Session& session, const std::string& name) {
  run_outside(session, "vacuum", "SET vacuum_cost_delay = '2ms'");
  run_outside(session, "vacuum", fmt::format("VACUUM (ANALYZE) {}", name));
}

}  // namespace lethe::db
