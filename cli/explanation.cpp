#include "cli/explanation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/text.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/tasks/strategy_cost.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t block_bytes = 8'192;

/// Nothing where an estimate is unknown.
Value estimate(double number) {
  if (number < 0) return {};
  return static_cast<std::int64_t>(std::llround(number));
}

/// A share of 1.
Value fraction_of(double share) {
  if (share < 0) return {};
  return JsonText{fmt::format("{:.3g}", share)};
}

/// Milliseconds; the parts of one only where they say something.
Value cost(double ms) {
  if (ms < 0) return {};
  const int digits = ms < 10 ? 2 : ms < 100 ? 1 : 0;
  return JsonText{fmt::format("{:.{}f}", ms, digits)};
}

double expired_fraction(const RelationFacts& relation) {
  if (relation.rows <= 0 || relation.expired < 0) return -1;
  return std::min(1.0, relation.expired / relation.rows);
}

/// A relation and what was decided about it.
struct Explained {
  const RelationFacts& relation;
  ChosenStrategy choice;
  std::vector<std::string> missing;
};

std::vector<Explained> decide(const Policy& policy, const Explanation& explanation) {
  std::vector<Explained> all;
  for (const RelationFacts& relation : explanation.relations)
    all.push_back({relation, choose_strategy(relation, policy, explanation.server_version),
                   missing_indexes(relation, policy)});
  return all;
}

/// Why a run made now would be refused; "" when it would not.
std::string refusal_of(const Policy& policy, const Explanation& explanation,
                       const std::vector<Explained>& all) {
  if (!explanation.refusal.empty()) return explanation.refusal;
  if (std::string refusal = plan_refusal(explanation.relations, policy); !refusal.empty())
    return refusal;
  for (const Explained& one : all)
    if (!one.choice.chosen && one.relation.blocks > 0) return one.choice.reason;
  return "";
}

/// The strategy that the policy pins; "" for none.
std::string pin_of(const Policy& policy) {
  return policy.strategy == StrategyChoice::automatic ? "" : to_string(policy.strategy);
}

Value strategy_of(const Explained& one) {
  if (!one.choice.chosen) return {};
  return std::string(to_string(*one.choice.chosen));
}

std::vector<Record> candidate_records(const Explained& one) {
  std::vector<Record> records;
  for (const Candidate& candidate : one.choice.candidates)
    records.push_back({{"strategy", std::string(to_string(candidate.strategy))},
                       {"chosen", one.choice.chosen == candidate.strategy},
                       {"rows", estimate(candidate.rows), Show::count},
                       {"blocks", estimate(candidate.blocks), Show::count},
                       {"cost_ms", cost(candidate.cost_ms)},
                       {"obstacle", or_null(candidate.obstacle)}});
  return records;
}

Record relation_record(const Explained& one) {
  const RelationFacts& relation = one.relation;
  const double fraction = expired_fraction(relation);
  return {{"relation", relation.name},
          {"bytes", relation.blocks * block_bytes, Show::bytes},
          {"blocks", relation.blocks, Show::count},
          {"rows", estimate(relation.rows), Show::count},
          {"expired", estimate(relation.expired), Show::count},
          {"expired_fraction", fraction_of(fraction)},
          {"evidence", std::string(to_string(relation.evidence))},
          {"strategy", strategy_of(one)},
          {"reason", one.choice.reason},
          {"candidates", nested(candidate_records(one))},
          {"missing_indexes", nested(one.missing)}};
}

double expired_rows(const Explanation& explanation) {
  double sum = 0;
  for (const RelationFacts& relation : explanation.relations)
    sum += std::max(0.0, relation.expired);
  return sum;
}

std::vector<Record> key_records(const Explanation& explanation) {
  const double rows = expired_rows(explanation);
  std::vector<Record> records;
  for (const ForeignKey& key : explanation.foreign_keys)
    records.push_back({{"name", key.name},
                       {"child", key.child},
                       {"columns", key.columns},
                       {"action", key.action},
                       {"indexed", key.missing_indexes.empty()},
                       {"missing_indexes", nested(key.missing_indexes)},
                       {"child_rows", estimate(key.child_rows), Show::count},
                       {"cost_ms", cost(foreign_key_cost_ms(key, rows))}});
  return records;
}

std::vector<Record> trigger_records(const Explanation& explanation) {
  std::vector<Record> records;
  for (const FiredTrigger& trigger : explanation.triggers)
    records.push_back({{"name", trigger.name},
                       {"relation", trigger.relation},
                       {"timing", trigger.timing},
                       {"function", trigger.function}});
  return records;
}

/// The statements to paste; nothing when no index is missing.
std::string index_lines(const std::vector<Explained>& all) {
  std::string text;
  for (const Explained& one : all)
    for (const std::string& statement : one.missing)
      text += fmt::format("  {};\n", one_line(statement));
  return text.empty()
             ? text
             : "\nindexes that do not exist, for runs that delete few of many rows:\n" + text;
}

/// True when the same was chosen for both and the same stood in the way of the rest.
bool alike(const Explained& a, const Explained& b) {
  return a.choice.chosen == b.choice.chosen && (a.relation.blocks > 0) == (b.relation.blocks > 0) &&
         std::equal(a.choice.candidates.begin(), a.choice.candidates.end(),
                    b.choice.candidates.begin(), b.choice.candidates.end(),
                    [](const auto& x, const auto& y) { return x.obstacle == y.obstacle; });
}

/// Relations that went the same way, told by the largest: a table may have hundreds of partitions.
struct Likes {
  const Explained* largest = nullptr;
  std::size_t others = 0;
};

std::vector<Likes> group(const std::vector<Explained>& all) {
  std::vector<Likes> groups;
  for (const Explained& one : all) {
    const auto known = std::find_if(groups.begin(), groups.end(),
                                    [&](const Likes& some) { return alike(*some.largest, one); });
    if (known == groups.end()) {
      groups.push_back({.largest = &one, .others = 0});
      continue;
    }
    ++known->others;
    if (one.relation.blocks > known->largest->relation.blocks) known->largest = &one;
  }
  return groups;
}

std::string reason_lines(const std::vector<Explained>& all) {
  std::string text;
  for (const Likes& some : group(all)) {
    const Explained& one = *some.largest;
    const std::string others =
        some.others == 0 ? "" : fmt::format(" (and {} like it)", some.others);
    text += fmt::format("\n{}{}: {}, because {}\n", one_line(one.relation.name), others,
                        one.choice.chosen ? to_string(*one.choice.chosen) : "nothing",
                        one_line(one.choice.reason));
    text += render_table(candidate_records(one),
                         {"strategy", "chosen", "rows", "blocks", "cost_ms", "obstacle"});
  }
  return text;
}

std::string key_lines(const Explanation& explanation) {
  if (explanation.foreign_keys.empty()) return "";
  std::string text = "\nforeign keys that point here:\n" +
                     render_table(key_records(explanation), {"name", "child", "columns", "action",
                                                             "indexed", "child_rows", "cost_ms"});
  for (const ForeignKey& key : explanation.foreign_keys)
    for (const std::string& statement : key.missing_indexes)
      text += fmt::format("  {};\n", one_line(statement));
  return text;
}

std::string trigger_lines(const Explanation& explanation) {
  if (explanation.triggers.empty()) return "";
  return "\ntriggers that run:\n" +
         render_table(trigger_records(explanation), {"name", "relation", "timing", "function"});
}

std::vector<Record> relation_records(const std::vector<Explained>& all) {
  std::vector<Record> records;
  records.reserve(all.size());
  for (const Explained& one : all) records.push_back(relation_record(one));
  return records;
}

/// A share as people read it, in place of the fraction.
std::vector<Record> with_percent(std::vector<Record> records, const std::vector<Explained>& all) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    const double fraction = expired_fraction(all[i].relation);
    records[i].push_back(
        {"share", fraction < 0 ? Value{} : Value{fmt::format("{:.3g} %", 100 * fraction)}});
  }
  return records;
}

}  // namespace

Record explanation_record(const Policy& policy, const Explanation& explanation) {
  const std::vector<Explained> all = decide(policy, explanation);
  return {{"policy", policy.name},
          {"target", policy.target},
          {"table", or_null(policy.timestamp.empty() ? "" : to_text(policy.table))},
          {"function", or_null(explanation.function)},
          {"cutoff", or_null(explanation.cutoff), Show::instant},
          {"refusal", or_null(refusal_of(policy, explanation, all))},
          {"pinned", or_null(pin_of(policy))},
          {"relations", nested(relation_records(all))},
          {"foreign_keys", nested(key_records(explanation))},
          {"triggers", nested(trigger_records(explanation))}};
}

std::string explanation_text(const Policy& policy, const Explanation& explanation) {
  const std::vector<Explained> all = decide(policy, explanation);
  const bool calls = !explanation.function.empty();
  std::string text = fmt::format("policy {}: {} in target {}, cutoff {}\n", one_line(policy.name),
                                 one_line(calls ? explanation.function : to_text(policy.table)),
                                 policy.target, instant_text(explanation.cutoff));
  if (const std::string refusal = refusal_of(policy, explanation, all); !refusal.empty())
    text += fmt::format("\na run would be refused: {}\n", one_line(refusal));
  if (calls)
    return text + "\ncall, because the function chooses its rows itself, until it returns 0\n";
  if (const std::string pin = pin_of(policy); !pin.empty())
    text += fmt::format("\nstrategy: {} is pinned by the policy\n", pin);
  text += "\n";
  text += render_table(with_percent(relation_records(all), all),
                       {"relation", "bytes", "rows", "expired", "share", "evidence", "strategy"});
  text += reason_lines(all);
  text += index_lines(all);
  text += key_lines(explanation);
  return text + trigger_lines(explanation);
}

}  // namespace lethe::cli
