#include "common/db/new_run.hpp"

#include "common/db/queries.gen.hpp"
#include "common/policies/policy_json.hpp"

namespace lethe::db {

namespace {

std::optional<std::string> or_null(const std::string& value) {
  return value.empty() ? std::nullopt : std::optional(value);
}

const char* first_state(const NewRun& run) {
  if (!run.skipped_because.empty()) return "skipped";
  return run.queued ? "queued" : "planned";
}

}  // namespace

std::string tenant_of(const Policy& spec) {
  return spec.tenant && spec.tenant->only ? *spec.tenant->only : "";
}

bool insert_run(Transaction& transaction, const NewRun& run) {
  const Policy& spec = run.spec;
  const auto given = run.spec_is_stored ? std::nullopt : std::optional(to_canonical_json(spec));
  const auto rows =
      transaction.exec(queries::runs_insert,
                       Params::of(run.id, or_null(spec.name), run.policy_epoch, spec.target, given,
                                  to_interval(spec.retain), run.scheduled_for, run.requested_by,
                                  spec.expire_after_seconds * 1'000, first_state(run),
                                  or_null(run.skipped_because), tenant_of(spec), spec.lane,
                                  spec.priority, or_null(run.source_id), run.acknowledged));
  if (rows.empty()) return false;
  transaction.exec(queries::lanes_ensure, Params::of(text(rows.at(0), "lane")));
  return true;
}

}  // namespace lethe::db
