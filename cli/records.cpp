#include "cli/records.hpp"

#include <fmt/format.h>

#include <utility>

#include "cli/text.hpp"

namespace lethe::cli {
namespace {

Field instant(const char* name, const std::string& iso8601) {
  return {name, or_null(iso8601), Show::instant};
}

Field count(const char* name, std::int64_t number) { return {name, number, Show::count}; }

Field text(const char* name, const std::string& value) { return {name, or_null(value)}; }

/// Names separated by commas as a list.
JsonText names(const std::string& text) {
  return nested(text.empty() ? std::vector<std::string>{} : split(text, ','));
}

Record joined(Record record, Record more) {
  for (Field& field : more) record.push_back(std::move(field));
  return record;
}

std::vector<Record> tenant_records(const Census& census) {
  std::vector<Record> tenants;
  tenants.reserve(census.tenants.size());
  for (const Census::Tenant& tenant : census.tenants)
    tenants.push_back({{"tenant", tenant.tenant},
                       count("total", tenant.total),
                       count("eligible", tenant.eligible)});
  return tenants;
}

std::vector<Record> reference_records(const Census& census) {
  std::vector<Record> references;
  references.reserve(census.references.size());
  for (const Census::Reference& reference : census.references)
    references.push_back({{"foreign_key", reference.constraint},
                          {"child", reference.child},
                          count("rows", reference.rows),
                          text("create_index", reference.create_index)});
  return references;
}

Field cascade_field(const std::vector<ChildRows>& children) {
  std::vector<Record> records;
  records.reserve(children.size());
  for (const ChildRows& child : children)
    records.push_back({{"child", child.child},
                       {"change", std::string(child.changed ? "changed" : "deleted")},
                       count("rows", child.rows)});
  return {"cascade", nested(records)};
}

std::vector<Record> holder_records(const Census& census) {
  std::vector<Record> records;
  for (const auto& holder : census.holds)
    records.push_back({{"hold", holder.hold}, count("rows", holder.rows)});
  return records;
}

/// What goes along, what keeps rows, by foreign key, and the indexes that deleting is slow without.
std::string references_text(const Census& census) {
  std::string result;
  for (const ChildRows& child : census.children)
    result += fmt::format("{}: {} of {}\n", child.changed ? "changed" : "goes along",
                          counted(child.rows, "row", "rows"), child.child);
  for (const Census::Reference& reference : census.references) {
    if (reference.rows > 0)
      result += fmt::format("kept: {} referenced by {} (foreign key {})\n",
                            counted(reference.rows, "row", "rows"), reference.child,
                            reference.constraint);
    if (!reference.create_index.empty())
      result += fmt::format("slow: foreign key {} has no index; run: {}\n", reference.constraint,
                            reference.create_index);
  }
  return result;
}

Record space_fields(const std::optional<Space>& space) {
  using Bytes = std::optional<std::int64_t>;
  const auto bytes = [&](const char* name, Bytes number) {
    return Field{name, space ? or_null(number) : Value{}, Show::bytes};
  };
  const Space known = space.value_or(Space{});
  return {bytes("table_bytes", known.table_bytes),
          bytes("index_bytes", known.index_bytes),
          bytes("estimated_dead_bytes", known.dead_bytes),
          bytes("estimated_reusable_bytes", known.reusable_bytes),
          bytes("estimated_returnable_bytes", known.returnable_bytes),
          bytes("returned_bytes", known.returned_bytes),
          bytes("quarantined_bytes", known.quarantined_bytes)};
}

/// What becomes of the rows that are old enough.
std::string eligible_text(Action::Kind action) {
  switch (action) {
    case Action::Kind::remove: break;
    case Action::Kind::set: return "would be changed";
    case Action::Kind::call: return "older than the cutoff (the function decides)";
  }
  return "would be deleted";
}

}  // namespace

Record target_record(const TargetRow& row) {
  return {{"name", row.name},
          {"url", row.url},
          {"max_running", row.max_running},
          {"rows_per_second", row.rows_per_second},
          count("policies", row.policies),
          count("waiting", row.waiting),
          count("running", row.running),
          {"paused", row.paused},
          instant("created_at", row.created_at),
          {"clock_skew_seconds", row.clock_skew_seconds},
          {"on_failover", std::string(row.survives_failover ? "continue" : "freeze")},
          text("frozen", row.frozen)};
}

Record policy_record(const PolicyRow& row) {
  return {{"name", row.name},
          {"target", row.target},
          {"enabled", row.enabled},
          {"paused", row.paused},
          instant("next_fire_at", row.next_fire_at),
          text("last_run", row.last_run),
          text("last_state", row.last_state),
          {"last_rows", row.last_run.empty() ? Value{} : Value{row.last_rows}, Show::count},
          instant("last_finished_at", row.last_finished_at)};
}

Record policy_details(const PolicyRow& row) {
  return joined(policy_record(row), {{"epoch", row.epoch},
                                     instant("updated_at", row.updated_at),
                                     {"spec_sha256", row.spec_sha256},
                                     {"spec", JsonText{row.spec_text}}});
}

Record run_record(const RunRow& row) {
  return {{"id", row.id},
          text("policy", row.policy),
          {"target", row.target},
          {"state", row.state},
          text("strategy", row.strategy),
          instant("cutoff", row.cutoff),
          instant("scheduled_for", row.scheduled_for),
          instant("started_at", row.started_at),
          instant("finished_at", row.finished_at),
          count("rows", row.rows),
          count("batches", row.batches),
          {"passes", row.passes},
          text("error", row.error)};
}

Record run_details(const RunRow& row) {
  Record record =
      joined(run_record(row), {{"estimated_rows", or_null(row.estimated_rows), Show::count},
                               count("live_tasks", row.live_tasks),
                               {"elapsed_ms", row.elapsed_ms},
                               instant("created_at", row.created_at),
                               {"requested_by", row.requested_by},
                               {"spec_sha256", row.spec_sha256},
                               {"spec", JsonText{row.spec_text}},
                               text("vacuum", row.vacuum)});
  return joined(std::move(record), space_fields(row.space));
}

Record run_details(const RunRow& row, const std::optional<RunTraces>& traces) {
  if (!traces)
    return joined(run_details(row), {{"parked", Value{}, Show::count}, {"cascade", Value{}}});
  return joined(run_details(row),
                {count("parked", traces->parked), cascade_field(traces->children)});
}

Record parked_record(const ParkedRow& row) {
  return {{"run", row.run},     {"task", row.task},         {"relation", row.relation},
          {"key", row.key},     {"sqlstate", row.sqlstate}, {"message", row.message},
          instant("at", row.at)};
}

Record task_record(const TaskRow& row) {
  return {{"id", row.id},
          {"run", row.run},
          text("policy", row.policy),
          {"target", row.target},
          {"kind", row.kind},
          {"state", row.state},
          text("tenant", row.tenant),
          {"lane", row.lane},
          {"attempts", row.attempts},
          {"rescues", row.rescues},
          {"epoch", row.epoch},
          {"leased_by", or_null(row.leased_by)},
          instant("lease_deadline", row.lease_deadline),
          instant("expire_deadline", row.expire_deadline),
          instant("enqueue_at", row.enqueue_at),
          count("batches", row.batches),
          count("rows", row.rows),
          text("last_error", row.last_error)};
}

Record task_details(const TaskRow& row) {
  const bool has_payload = !row.payload.empty();
  return joined(task_record(row),
                {instant("created_at", row.created_at),
                 instant("ended_at", row.ended_at),
                 {"cancel_requested", row.cancel_requested},
                 {"payload_bytes",
                  has_payload ? Value{static_cast<std::int64_t>(row.payload.size())} : Value{}}});
}

Record dead_record(const DeadRow& row) {
  return joined(task_record(row.task),
                {text("reason", row.task.last_error), text("sqlstate", row.sqlstate),
                 instant("died_at", row.died_at)});
}

Record dead_details(const DeadRow& row) {
  return joined(dead_record(row), {instant("created_at", row.task.created_at)});
}

Record tenant_record(const TenantLimits& limits) {
  return {{"target", limits.target},
          {"tenant", limits.tenant},
          {"weight", limits.weight},
          {"max_running", limits.max_running},
          text("lane", limits.lane)};
}

Record worker_record(const WorkerRow& row) {
  return {{"id", row.id},
          {"instance", row.instance},
          {"version", row.version},
          {"phase", row.phase},
          {"slots", row.slots},
          {"busy", row.busy},
          count("last_seen_ms", row.last_seen_ms),
          {"lanes", names(row.lanes)}};
}

Record worker_details(const WorkerRow& row) {
  return joined(worker_record(row), {{"leased", row.leased},
                                     instant("started_at", row.started_at),
                                     {"targets", names(row.targets)},
                                     {"wanted", row.wanted}});
}

Record quarantine_record(const QuarantinedTable& table) {
  return {{"id", table.id},
          {"relation", table.relation},
          {"parent", table.parent},
          {"bounds", table.bounds},
          {"state", table.state},
          {"policy", table.policy},
          {"run", table.run},
          {"task", table.task},
          count("rows", table.rows),
          {"estimated", table.estimated},
          {"bytes", table.bytes, Show::bytes},
          instant("quarantined_at", table.quarantined_at),
          instant("purge_after", table.purge_after),
          instant("ended_at", table.ended_at),
          text("ended_by", table.ended_by)};
}

Record hold_record(const std::string& target, const Hold& hold) {
  std::vector<std::string> match;
  for (const auto& [column, value] : hold.match) match.push_back(column + "=" + value);
  return {{"id", hold.id},
          {"target", target},
          text("relation", hold.relation),
          {"is_missing", hold.is_missing},
          {"tenant", hold.tenant ? Value{*hold.tenant} : Value{}},
          {"tenant_columns", nested(hold.tenant_columns)},
          {"match", nested(match)},
          {"reason", hold.reason},
          {"placed_by", hold.placed_by},
          instant("placed_at", hold.placed_at),
          instant("released_at", hold.released_at),
          text("released_by", hold.released_by),
          text("release_reason", hold.release_reason)};
}

Record census_record(const Census& census) {
  return {instant("cutoff", census.cutoff),
          count("total", census.total),
          count("eligible", census.eligible),
          count("too_young", census.too_young),
          count("no_timestamp", census.no_timestamp),
          count("condition", census.condition),
          count("tenant_off", census.tenant_off),
          count("keep_min", census.keep_min),
          count("done", census.done),
          text("oldest", census.oldest),
          text("newest", census.newest),
          {"bytes", census.bytes, Show::bytes},
          {"tenants", nested(tenant_records(census))},
          count("referenced", census.referenced),
          {"references", nested(reference_records(census))},
          cascade_field(census.children),
          count("held", census.held),
          {"holds", nested(holder_records(census))},
          {"samples", nested(census.samples)},
          {"estimated_wal_bytes", census.wal_bytes, Show::bytes}};
}

std::string census_text(const Census& census) {
  const auto line = [](const std::string& what, std::int64_t rows) -> Record {
    return {{"what", what}, count("rows", rows)};
  };
  std::vector<Record> lines{line("in the table", census.total),
                            line(eligible_text(census.action), census.eligible),
                            line("would stay", census.total - census.eligible),
                            line("  younger than the cutoff", census.too_young),
                            line("  without a finite timestamp", census.no_timestamp),
                            line("  not matched by where", census.condition),
                            line("  of a tenant left out", census.tenant_off),
                            line("  kept by keep_min", census.keep_min)};
  if (census.held > 0) lines.push_back(line("  kept by holds", census.held));
  if (census.action == Action::Kind::remove)
    lines.push_back(line("  referenced by other rows", census.referenced));
  if (census.action == Action::Kind::set) lines.push_back(line("  changed before", census.done));
  std::string result = render_table(lines, {"what", "rows"});
  result += fmt::format("cutoff {}\n", instant_text(census.cutoff));
  if (census.eligible > 0)
    result +=
        fmt::format("{}: oldest {}, newest {}, about {}\n",
                    census.action == Action::Kind::remove ? "to delete" : "of these",
                    one_line(census.oldest), one_line(census.newest), bytes_text(census.bytes));
  if (census.eligible > 0) result += fmt::format("about {} of WAL\n", bytes_text(census.wal_bytes));
  if (!census.samples.empty())
    result += fmt::format("the oldest: {}\n",
                          one_line(fmt::format("{}", fmt::join(census.samples, ", "))));
  for (const auto& holder : census.holds)
    result +=
        fmt::format("kept: {} by hold {}\n", counted(holder.rows, "row", "rows"), holder.hold);
  result += references_text(census);
  if (census.tenants.empty()) return result;
  return result + "\n" + render_table(tenant_records(census), {"tenant", "total", "eligible"});
}

}  // namespace lethe::cli
