#include "common/db/pg_inspector.hpp"

#include "common/db/queries.gen.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

std::vector<Violation> PgInspector::invariants() {
  return transact(session_, "inspect_invariants", [&](Transaction& transaction) {
    std::vector<Violation> violations;
    for (const auto& row : transaction.exec(queries::inspect_invariants))
      violations.push_back({.rule = text(row, "rule"),
                            .object = text(row, "object"),
                            .detail = text(row, "detail")});
    return violations;
  });
}

std::vector<Inspector::RunTotal> PgInspector::run_totals(std::int32_t runs_max) {
  return transact(session_, "runs_totals", [&](Transaction& transaction) {
    std::vector<RunTotal> totals;
    for (const auto& row : transaction.exec(queries::runs_totals, Params::of(runs_max)))
      totals.push_back({.run = text(row, "id"),
                        .target = text(row, "target"),
                        .rows = number(row, "rows"),
                        .batches = number(row, "batches")});
    return totals;
  });
}

}  // namespace lethe::db
