#include "common/db/pg_policy_store.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

std::optional<std::string> to_parameter(const std::optional<Instant>& instant) {
  return instant ? std::optional(to_iso8601(*instant)) : std::nullopt;
}

UserError changed_meanwhile(const std::string& name) {
  return {ExitCode::refused,
          fmt::format("policy '{}' was changed by somebody else meanwhile; look at it with "
                      "`lethe policy show {}` and try again",
                      name, name)};
}

}  // namespace

void PgPolicyStore::apply(const Policy& policy, const PolicyVersion& read,
                          std::optional<Instant> next, const std::string& actor) {
  const std::string spec = to_canonical_json(policy);
  transact(session_, "policies_apply", [&](Transaction& transaction) {
    const auto& query = read.exists ? queries::policies_update : queries::policies_insert;
    const auto minutes = [&](TimeOfDay TimeWindow::*end) {
      return policy.window ? std::optional((*policy.window.*end).minutes) : std::nullopt;
    };
    const auto changed = transaction.exec(
        query, Params::of(policy.name, policy.target, spec, to_parameter(next), read.epoch,
                          minutes(&TimeWindow::from), minutes(&TimeWindow::to), policy.timezone,
                          policy.batch.rows_per_second, actor, policy.guards.two_person));
    if (changed.affected_rows() == 0) throw changed_meanwhile(policy.name);
    audit(transaction, actor, read.exists ? "policy.change" : "policy.add", policy.name, spec);
  });
}

PolicyVersion PgPolicyStore::version(const std::string& name) {
  return transact(session_, "policies_version", [&](Transaction& transaction) {
    const auto row = transaction.exec(queries::policies_version, Params::of(name)).at(0);
    return PolicyVersion{.exists = flag(row, "exists"), .epoch = number(row, "epoch")};
  });
}

std::vector<PolicyRow> PgPolicyStore::read(const std::optional<std::string>& name) {
  return transact(session_, "policies_list", [&](Transaction& transaction) {
    std::vector<PolicyRow> policies;
    for (const auto& row : transaction.exec(queries::policies_list, Params::of(name)))
      policies.push_back({.name = text(row, "name"),
                          .target = text(row, "target"),
                          .spec_text = text(row, "spec_text"),
                          .spec_sha256 = text(row, "spec_sha256"),
                          .epoch = number(row, "epoch"),
                          .enabled = flag(row, "enabled"),
                          .paused = flag(row, "paused"),
                          .next_fire_at = text(row, "next_fire_at"),
                          .updated_at = text(row, "updated_at"),
                          .last_run = text(row, "last_run"),
                          .last_state = text(row, "last_state"),
                          .last_rows = maybe<std::int64_t>(row, "last_rows").value_or(0),
                          .last_finished_at = text(row, "last_finished_at")});
    return policies;
  });
}

std::vector<PolicyRow> PgPolicyStore::list() { return read(std::nullopt); }

std::optional<PolicyRow> PgPolicyStore::find(const std::string& name) {
  auto rows = read(name);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

void PgPolicyStore::set_enabled(const PolicyRow& read, bool enabled, std::optional<Instant> next,
                                const std::string& actor) {
  transact(session_, "policies_set_enabled", [&](Transaction& transaction) {
    const auto changed =
        transaction.exec(queries::policies_set_enabled,
                         Params::of(read.name, enabled, to_parameter(next), read.epoch));
    if (changed.affected_rows() == 0) throw changed_meanwhile(read.name);
    audit(transaction, actor, enabled ? "policy.enable" : "policy.disable", read.name, "");
  });
}

void PgPolicyStore::remove(const std::string& name, const std::string& actor) {
  transact(session_, "policies_remove", [&](Transaction& transaction) {
    if (transaction.exec(queries::policies_remove, Params::of(name)).affected_rows() == 0)
      throw UserError(ExitCode::not_found, fmt::format("no policy '{}'", name));
    audit(transaction, actor, "policy.remove", name, "");
  });
}

void PgPolicyStore::acknowledge(const PolicyRow& read, std::int64_t rows,
                                const std::string& actor) {
  transact(session_, "acknowledgements_insert", [&](Transaction& transaction) {
    const auto added = transaction.exec(queries::acknowledgements_insert,
                                        Params::of(read.name, read.spec_sha256, rows, actor));
    if (added.affected_rows() == 0) throw changed_meanwhile(read.name);
    audit(transaction, actor, "policy.acknowledge", read.name,
          fmt::format("{} rows, policy {}", rows, read.spec_sha256));
  });
}

void PgPolicyStore::approve(const PolicyRow& read, const std::string& actor) {
  transact(session_, "approvals_insert", [&](Transaction& transaction) {
    const auto found =
        transaction.exec(queries::policies_lock, Params::of(read.name, read.spec_sha256));
    if (found.empty()) throw changed_meanwhile(read.name);
    const std::string applied_by = text(found.at(0), "applied_by");
    if (!flag(found.at(0), "needs_approval"))
      throw UserError(ExitCode::refused,
                      fmt::format("policy '{}' needs no approval; write approval: two_person into "
                                  "it to change that",
                                  read.name));
    if (applied_by == actor)
      throw UserError(ExitCode::refused,
                      fmt::format("policy '{}' was applied by {}, and approval is a second "
                                  "person's; let somebody else approve of it",
                                  read.name, actor));
    transaction.exec(queries::approvals_insert, Params::of(read.name, read.spec_sha256, actor));
    audit(transaction, actor, "policy.approve", read.name,
          fmt::format("policy {} applied by {}", read.spec_sha256, applied_by));
  });
}

Instant PgPolicyStore::now() {
  return transact(session_, "clock_now", [](Transaction& transaction) {
    const auto rows = transaction.exec(queries::clock_now);
    return Instant(std::chrono::microseconds(number(rows.at(0), "now")));
  });
}

}  // namespace lethe::db
