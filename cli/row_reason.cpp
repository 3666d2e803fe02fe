#include "cli/row_reason.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "cli/policy_text.hpp"
#include "cli/text.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe::cli {
namespace {

constexpr std::size_t key_columns_max = 32;

std::string of_tenant(const RowVerdict& verdict) {
  return verdict.tenant ? fmt::format(" of tenant {}", *verdict.tenant) : std::string();
}

RowReason too_young(const RowVerdict& verdict) {
  return {"too_young", fmt::format("too young: it is of {} and what may go{} is older than {}; it "
                                   "will be old enough at {}",
                                   instant_text(verdict.instant), of_tenant(verdict),
                                   instant_text(verdict.cutoff), instant_text(verdict.due))};
}

RowReason kept_by_number(const RowAnswer& answer) {
  const RowVerdict& verdict = *answer.verdict;
  if (verdict.cutoff == "-infinity")
    return {"keep_min", fmt::format("kept by keep_min: there are not more rows{} than it keeps",
                                    of_tenant(verdict))};
  return {
      "keep_min",
      fmt::format("kept by keep_min: it is of {}, among the newest{}, which go back "
                  "to {}",
                  instant_text(verdict.instant), of_tenant(verdict), instant_text(verdict.cutoff))};
}

RowReason tenant_off(const RowAnswer& answer) {
  const RowVerdict& verdict = *answer.verdict;
  const TenantRule& rule = *answer.policy.tenant;
  if (!verdict.tenant)
    return {"no_tenant", fmt::format("it has no tenant: {} is NULL", rule.column)};
  if (rule.only && *rule.only != *verdict.tenant)
    return {"other_tenant", fmt::format("it is of tenant {} and the policy is about {} alone",
                                        *verdict.tenant, *rule.only)};
  return {"tenant_off",
          fmt::format("tenant {} is disabled in the policy's overrides", *verdict.tenant)};
}

RowReason no_timestamp(const RowAnswer& answer) {
  const std::string columns = fmt::format("{}", fmt::join(answer.policy.timestamp, ", "));
  const std::string& instant = answer.verdict->instant;
  if (instant.empty()) return {"no_timestamp", fmt::format("it has no time: {} is NULL", columns)};
  return {"no_timestamp", fmt::format("it has no time: {} is {}", columns, instant)};
}

/// The parts of `where`, as RowVerdict::matches counts them.
std::vector<Condition> parts_of(const Condition& where) {
  if (where.kind == Condition::Kind::all && !where.children.empty()) return where.children;
  return {where};
}

std::vector<std::string> unmet_parts(const RowAnswer& answer) {
  std::vector<std::string> unmet;
  const auto parts = parts_of(answer.policy.where);
  const auto& matches = answer.verdict->matches;
  for (std::size_t part = 0; part < parts.size() && part < matches.size(); ++part)
    if (!matches[part]) unmet.push_back(condition_text(parts[part]));
  return unmet;
}

RowReason condition(const RowAnswer& answer) {
  return {"condition", fmt::format("the policy's where does not match: not {}",
                                   fmt::join(unmet_parts(answer), "; not "))};
}

const FleetStore::PauseRow* covering_pause(const RowAnswer& answer) {
  const auto covers = [&](const FleetStore::PauseRow& row) {
    switch (row.pause.scope) {
      case PauseScope::all: return true;
      case PauseScope::target: return row.pause.name == answer.row.target;
      case PauseScope::policy: return row.pause.name == answer.row.name;
      case PauseScope::tenant: {
        const auto& tenant = answer.verdict ? answer.verdict->tenant : std::nullopt;
        return tenant && row.pause.name == *tenant;
      }
    }
    return false;
  };
  const auto found = std::find_if(answer.pauses.begin(), answer.pauses.end(), covers);
  return found == answer.pauses.end() ? nullptr : &*found;
}

bool is_open(const std::string& state) {
  static const std::set<std::string> ended{"",        "satisfied", "failed", "cancelled",
                                           "expired", "refused",   "skipped"};
  return ended.count(state) == 0;
}

std::string next_run_text(const PolicyRow& row) {
  if (row.next_fire_at.empty())
    return fmt::format("it runs only by hand: lethe policy run {}", row.name);
  return fmt::format("the next run is at {}", instant_text(row.next_fire_at));
}

/// The policy would take the row: what it waits for.
RowReason waiting(const RowAnswer& answer) {
  const PolicyRow& row = answer.row;
  if (!row.enabled)
    return {"disabled",
            fmt::format("it may go, but the policy is disabled; lethe policy enable {}", row.name)};
  if (const auto* pause = covering_pause(answer))
    return {"paused", fmt::format("it may go, but {} is paused by {} since {}: {}",
                                  pause->pause.name.empty()
                                      ? std::string("everything")
                                      : fmt::format("{} {}", to_string(pause->pause.scope),
                                                    pause->pause.name),
                                  pause->paused_by, instant_text(pause->paused_at), pause->reason)};
  if (answer.verdict && !answer.verdict->halted.empty())
    return {"halted", fmt::format("it may go, but {}", answer.verdict->halted)};
  if (is_open(row.last_state))
    return {"running", fmt::format("it may go and is not swept yet: run {} is {}", row.last_run,
                                   row.last_state)};
  if (row.last_run.empty())
    return {"never_fired",
            fmt::format("it may go, but the policy has never fired; {}", next_run_text(row))};
  return {"not_swept", fmt::format("it may go and is not swept yet: the last run, {}, is {}; {}",
                                   row.last_run, row.last_state, next_run_text(row))};
}

RowReason parked(const ParkedRow& row) {
  return {"parked",
          fmt::format("the database refused to let it go in run {}: {} ({}); the next run "
                      "tries again",
                      row.run, row.message, row.sqlstate)};
}

RowReason verdict_reason(const RowAnswer& answer) {
  const RowVerdict& verdict = *answer.verdict;
  if (verdict.is_gone) return {"gone", "it was changed or deleted at this moment; ask again"};
  if (!verdict.problem.empty())
    return {"refused", fmt::format("every run is refused: {}", verdict.problem)};
  if (verdict.verdict == "too_young") return too_young(verdict);
  if (verdict.verdict == "keep_min") return kept_by_number(answer);
  if (verdict.verdict == "tenant_off") return tenant_off(answer);
  if (verdict.verdict == "no_timestamp") return no_timestamp(answer);
  if (verdict.verdict == "condition") return condition(answer);
  if (verdict.verdict == "held")
    return {"held", fmt::format("hold {} keeps it, or rows that would go along; lethe hold list "
                                "--target {}",
                                verdict.hold, answer.row.target)};
  if (verdict.verdict == "referenced")
    return {"referenced", fmt::format("rows of {} need it, by foreign key {}", verdict.child,
                                      verdict.constraint)};
  if (verdict.verdict == "done")
    return {"done", "the policy's action was done to it already: it has the new values"};
  if (verdict.verdict == "call")
    return {"call", fmt::format("the function that the policy calls decides; {}",
                                next_run_text(answer.row))};
  return verdict.parked ? parked(*verdict.parked) : waiting(answer);
}

void add_part(RowKey& key, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw std::invalid_argument(
        fmt::format("'{}' is not COLUMN=VALUE; write --key id=7", one_line(text)));
  std::string column = text.substr(0, equals);
  if (!is_utf8(text)) throw std::invalid_argument("is not UTF-8; write it in UTF-8");
  if (std::any_of(key.begin(), key.end(), [&](const auto& part) { return part.first == column; }))
    throw std::invalid_argument(fmt::format("column '{}' is given twice", column));
  key.emplace_back(std::move(column), text.substr(equals + 1));
  if (key.size() > key_columns_max)
    throw std::invalid_argument(fmt::format("names more than {} columns", key_columns_max));
}

}  // namespace

RowReason row_reason(const RowAnswer& answer) {
  if (!answer.verdict)
    return {"goes_along",
            fmt::format("it goes along with the rows of {} that it points at; ask why "
                        "one of these is there",
                        to_text(answer.policy.table))};
  return verdict_reason(answer);
}

Record row_answer_record(const RowAnswer& answer) {
  const RowReason reason = row_reason(answer);
  const RowVerdict none;
  const RowVerdict& verdict = answer.verdict ? *answer.verdict : none;
  return {{"policy", answer.row.name},
          {"reason", reason.code},
          {"why", reason.sentence},
          {"enabled", answer.row.enabled},
          {"next_run_at", or_null(answer.row.next_fire_at), Show::instant},
          {"tenant", verdict.tenant ? Value{*verdict.tenant} : Value{}},
          {"instant", or_null(verdict.instant)},
          {"cutoff", or_null(verdict.cutoff)},
          {"due", or_null(verdict.due)},
          {"unmet", nested(answer.verdict ? unmet_parts(answer) : std::vector<std::string>())},
          {"hold", verdict.hold == 0 ? Value{} : Value{verdict.hold}},
          {"foreign_key", or_null(verdict.constraint)},
          {"child", or_null(verdict.child)},
          {"parked_run", verdict.parked ? Value{verdict.parked->run} : Value{}},
          {"sqlstate", verdict.parked ? Value{verdict.parked->sqlstate} : Value{}}};
}

RowKey parse_row_key(const std::vector<std::string>& texts) {
  RowKey key;
  if (texts.size() > 1) {
    for (const auto& text : texts) add_part(key, text);
    return key;
  }
  std::optional<std::string> part;
  for (const auto& piece : split(texts.empty() ? "" : texts.front(), ',')) {
    if (!part) {
      part = piece;
    } else if (piece.find('=') == std::string::npos) {
      *part += "," + piece;
    } else {
      add_part(key, *part);
      part = piece;
    }
  }
  add_part(key, part.value_or(""));
  return key;
}

}  // namespace lethe::cli
