#include "common/db/new_run.hpp"

#include <chrono>

#include "common/db/queries.gen.hpp"

namespace lethe::db {

bool insert_run(Transaction& transaction, const NewRun& run) {
  constexpr std::chrono::milliseconds expires_after = std::chrono::hours(24);
  const bool skipped = !run.skipped_because.empty();
  const auto or_null = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional(value);
  };
  return transaction
             .exec(queries::runs_insert,
                   Params::of(run.id, or_null(run.policy), run.policy_epoch, run.target,
                              run.spec_text, run.retain, run.scheduled_for, run.requested_by,
                              expires_after.count(), skipped ? "skipped" : "planned",
                              or_null(run.skipped_because)))
             .affected_rows() == 1;
}

}  // namespace lethe::db
