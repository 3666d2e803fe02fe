#include "cli/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/hold_request.hpp"
#include "cli/policy_text.hpp"
#include "cli/proof_output.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

std::vector<Record> relation_records(const RunEvidence& evidence) {
  std::vector<Record> records;
  for (const auto& count : evidence.relations)
    records.push_back({{"relation", count.relation},
                       {"method", count.method},
                       {"rows", count.rows, Show::count},
                       {"estimated", count.estimated},
                       {"batches", count.batches, Show::count},
                       {"oldest", or_null(count.oldest)},
                       {"newest", or_null(count.newest)},
                       {"bounds", or_null(count.bounds)},
                       {"bytes", or_null(count.bytes), Show::bytes}});
  return records;
}

std::int64_t rows_of(const RunEvidence& evidence) {
  std::int64_t rows = 0;
  for (const auto& count : evidence.relations) rows += count.rows;
  return rows;
}

/// Whose the rows are is known only where the policy is about one tenant.
std::vector<Record> tenant_records(const Certificate& certificate) {
  const auto& tenant = certificate.policy.tenant;
  if (!tenant || !tenant->only) return {};
  return {{{"tenant", *tenant->only}, {"rows", rows_of(certificate.evidence), Show::count}}};
}

std::vector<Record> child_records(const RunEvidence& evidence) {
  std::vector<Record> records;
  for (const auto& child : evidence.children)
    records.push_back({{"child", child.child},
                       {"what", std::string(child.changed ? "changed" : "deleted")},
                       {"rows", child.rows, Show::count}});
  return records;
}

std::vector<Record> hold_records(const Certificate& certificate) {
  std::vector<Record> records;
  for (const auto& hold : certificate.holds) {
    std::int64_t kept = 0;
    const bool is_counted = certificate.look && certificate.look->census;
    if (is_counted)
      for (const auto& holder : certificate.look->census->holds)
        if (holder.hold == hold.id) kept = holder.rows;
    records.push_back({{"id", hold.id},
                       {"keeps", hold_text(hold)},
                       {"reason", hold.reason},
                       {"placed_by", hold.placed_by},
                       {"placed_at", hold.placed_at, Show::instant},
                       {"released_at", or_null(hold.released_at), Show::instant},
                       {"rows_kept_now", is_counted ? Value{kept} : Value{}, Show::count}});
  }
  return records;
}

std::vector<Record> head_records(const Certificate& certificate) {
  std::vector<Record> records;
  for (const auto& head : certificate.evidence.heads) {
    const auto known =
        std::find_if(certificate.heads.begin(), certificate.heads.end(),
                     [&](const LedgerHead& other) { return other.task == head.task; });
    const bool is_known = known != certificate.heads.end() && known->hash.has_value();
    records.push_back({{"task", head.task},
                       {"batches", head.batches, Show::count},
                       {"rows", head.rows, Show::count},
                       {"head", head.hash.value_or("")},
                       {"head_by_control", is_known ? Value{*known->hash} : Value{}}});
  }
  return records;
}

Record policy_record_of(const Certificate& certificate) {
  Record record;
  for (const auto& [field, value] : policy_fields(certificate.policy))
    record.push_back({field, value});
  return record;
}

Record ledger_record_of(const LedgerCheck& check) {
  return {{"ok", check.findings().wrong() == 0},
          {"batches", check.batches(), Show::count},
          {"rows", check.rows(), Show::count},
          {"findings", findings_json(check.findings())}};
}

Record verification_record(const Verification& verification) {
  if (!verification.problem.empty()) return {{"problem", verification.problem}};
  std::vector<Record> parameters;
  std::size_t number = 0;
  for (const auto& value : verification.parameters)
    parameters.push_back(
        {{"name", fmt::format("${}", ++number)}, {"value", value ? Value{*value} : Value{}}});
  return {{"at", verification.at, Show::instant},
          {"eligible", verification.eligible, Show::count},
          {"oldest", or_null(verification.oldest)},
          {"newest", or_null(verification.newest)},
          {"sql", verification.sql},
          {"parameters", nested(parameters)},
          {"script", verification.script}};
}

Record kept_record(const SecondLook& look) {
  if (!look.census) return {{"problem", look.census_problem}};
  return census_record(*look.census);
}

/// One object inside a record.
Value nested_one(const Record& record) {
  const std::string list = nested(std::vector<Record>{record}).text;
  return JsonText{list.substr(1, list.size() - 2)};
}

std::string section(const std::string& title, const std::string& text) {
  return text.empty() ? "" : fmt::format("\n{}\n{}", title, text);
}

std::string table_or(const std::vector<Record>& records, const std::vector<std::string>& columns,
                     const std::string& none) {
  return records.empty() ? none : render_table(records, columns);
}

std::string verification_text(const Verification& verification) {
  if (!verification.problem.empty())
    return fmt::format("could not be repeated: {}\n", one_line(verification.problem));
  return fmt::format("{} of it at {}, by this, which anybody may run with psql:\n\n{}",
                     verification.eligible == 0
                         ? std::string("nothing is left")
                         : counted(verification.eligible, "row is left", "rows are left"),
                     instant_text(verification.at), verification.script);
}

std::string look_text(const SecondLook& look) {
  return section("Whether anything is left that had to go", verification_text(look.verification)) +
         section("What is in the table now, and why",
                 look.census
                     ? census_text(*look.census)
                     : fmt::format("could not be counted: {}\n", one_line(look.census_problem)));
}

std::string findings_text(const LedgerCheck& check) {
  if (check.findings().kept().empty())
    return fmt::format("as it was written: {}, {}\n", counted(check.batches(), "batch", "batches"),
                       counted(check.rows(), "row", "rows"));
  std::string text;
  for (const auto& finding : check.findings().kept())
    text += fmt::format("{}: {}: {}\n", to_string(finding.kind), one_line(finding.where),
                        one_line(finding.what));
  return text;
}

Record heading(const Certificate& certificate) {
  const RunRow& run = certificate.run;
  const RunEvidence& evidence = certificate.evidence;
  return {{"run", run.id},
          {"state", run.state},
          {"error", or_null(run.error)},
          {"policy", or_null(run.policy)},
          {"policy_epoch", certificate.origin.policy_epoch},
          {"policy_hash", run.spec_sha256},
          {"target", run.target},
          {"database", evidence.database},
          {"system_identifier", evidence.system_identifier},
          {"written_by", or_null(evidence.written_by)},
          {"server_version", evidence.server_version},
          {"requested_by", run.requested_by},
          {"scheduled_for", or_null(run.scheduled_for), Show::instant},
          {"created_at", or_null(run.created_at), Show::instant},
          {"started_at", or_null(run.started_at), Show::instant},
          {"finished_at", or_null(run.finished_at), Show::instant},
          {"cutoff", run.cutoff, Show::instant},
          {"oldest_cutoff_in_force", or_null(evidence.oldest_cutoff), Show::instant},
          {"newest_cutoff_in_force", or_null(evidence.newest_cutoff), Show::instant},
          {"strategy", or_null(run.strategy)},
          {"passes", static_cast<std::int64_t>(run.passes)},
          {"rows", run.rows, Show::count},
          {"rows_by_ledger", rows_of(evidence), Show::count},
          {"batches", run.batches, Show::count}};
}

}  // namespace

std::vector<Hold> holds_between(const std::vector<Hold>& holds, const std::string& from,
                                const std::string& to) {
  std::vector<Hold> found;
  for (const auto& hold : holds) {
    const bool came_later = !to.empty() && hold.placed_at > to;
    const bool was_over = !hold.released_at.empty() && hold.released_at < from;
    if (!came_later && !was_over) found.push_back(hold);
  }
  std::sort(found.begin(), found.end(), [](const Hold& a, const Hold& b) { return a.id < b.id; });
  return found;
}

Record certificate_record(const Certificate& certificate) {
  Record record = heading(certificate);
  record.insert(
      record.end(),
      {{"spec", nested_one(policy_record_of(certificate))},
       {"relations", nested(relation_records(certificate.evidence))},
       {"tenants", nested(tenant_records(certificate))},
       {"children", nested(child_records(certificate.evidence))},
       {"holds", nested(hold_records(certificate))},
       {"parked", nested(records_of(certificate.parked, parked_record))},
       {"ledger", nested_one(ledger_record_of(certificate.ledger))},
       {"ledger_heads", nested(head_records(certificate))},
       {"audit", nested(records_of(certificate.audit, audit_record))},
       {"verification", certificate.look
                            ? nested_one(verification_record(certificate.look->verification))
                            : Value{}},
       {"kept", certificate.look ? nested_one(kept_record(*certificate.look)) : Value{}}});
  return record;
}

std::string certificate_text(const Certificate& certificate) {
  std::string text = "Certificate of deletion\n\n" + render_card(heading(certificate));
  text += section("What the policy said", render_card(policy_record_of(certificate)));
  text +=
      section("What was deleted or changed, by the ledger",
              table_or(relation_records(certificate.evidence),
                       {"relation", "method", "rows", "estimated", "batches", "oldest", "newest"},
                       "nothing\n"));
  text += section("Of which tenant", table_or(tenant_records(certificate), {"tenant", "rows"}, ""));
  text += section("Rows of other tables that went along",
                  table_or(child_records(certificate.evidence), {"child", "what", "rows"}, ""));
  text += section(
      "Holds in force during the run",
      table_or(hold_records(certificate),
               {"id", "keeps", "reason", "placed_at", "released_at", "rows_kept_now"}, "none\n"));
  text += section("Rows that the database refused to let go",
                  table_or(records_of(certificate.parked, parked_record),
                           {"relation", "key", "sqlstate", "message"}, ""));
  text += section("The ledger's chains of this run", findings_text(certificate.ledger));
  text += section("Where they end",
                  table_or(head_records(certificate), {"task", "batches", "rows", "head"}, ""));
  text += section("What operators did",
                  table_or(records_of(certificate.audit, audit_record),
                           {"id", "at", "actor", "action", "object"}, "nothing\n"));
  if (certificate.look) text += look_text(*certificate.look);
  return text;
}

}  // namespace lethe::cli
