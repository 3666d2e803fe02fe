#include "common/tasks/strategy_cost.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "common/policies/strategy_choice.hpp"

namespace lethe {

namespace {

constexpr std::int32_t first_version_with_ranges = 140'000;  // TID range scans
constexpr double us_a_ms = 1'000;

std::string in_quotes(const std::string& name) {
  std::string result = "\"";
  for (const char c : name) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

/// Why this relation may not go as a whole; "" when it may.
std::string kept_by(const RelationFacts& relation, const Policy& policy) {
  if (const auto why = drop_obstacle(policy); !why.empty()) return std::string(why);
  const PartitionFacts& partition = relation.partition;
  if (!partition.ranged)
    return fmt::format("it is not bounded by a range of {} alone", policy.timestamp.at(0));
  if (!partition.expired) return "its bounds let in rows that are young enough to stay";
  if (!partition.obstacle.empty()) return partition.obstacle;
  if (!drops_partitions(policy))
    return "the policy does not say what becomes of a partition; add partitions: quarantine or "
           "partitions: drop";
  return "";
}

/// What this role would need to take a partition away that is to go; "" when it may.
std::string missing_right(const RelationFacts& relation) {
  if (relation.partition.missing_right.empty()) return "";
  return fmt::format(
      "taking partition {} away needs the rights of its owner; run: {}; or write partitions: rows",
      relation.name, relation.partition.missing_right);
}

/// Rows that batches by index meet: of every column those that are old by it, and those that an
/// action has changed before. -1: unknown.
double met_by_index(const RelationFacts& relation) {
  if (relation.keys.empty()) return relation.expired;
  double sum = 0;
  for (const KeyFacts& key : relation.keys) {
    if (key.expired < 0) return std::max(relation.expired, relation.passed);
    sum += key.expired;
  }
  return std::max(sum, relation.passed);
}

Candidate as_a_whole(const RelationFacts& relation, const Policy& policy) {
  Candidate candidate{.strategy = Strategy::partition};
  candidate.obstacle = kept_by(relation, policy);
  if (candidate.obstacle.empty() && !relation.partition.missing_right.empty())
    candidate.obstacle =
        fmt::format("this role has not the rights; run: {}", relation.partition.missing_right);
  if (!relation.partition.expired) return candidate;
  candidate.rows = relation.rows;
  candidate.blocks = 0;
  candidate.cost_ms = cost::partition / us_a_ms;
  return candidate;
}

/// Why rows cannot be found by where they stand; "" when they can.
std::string hidden_places(const RelationFacts& relation) {
  if (relation.may_read) return "";
  return fmt::format(
      "this role may read single columns of {} alone, and not where rows stand; grant "
      "it SELECT on the whole of it",
      relation.name);
}

Candidate sweep(const RelationFacts& relation, std::int32_t server_version) {
  Candidate candidate{.strategy = Strategy::sweep};
  candidate.obstacle = hidden_places(relation);
  candidate.rows = relation.expired;
  candidate.blocks = static_cast<double>(relation.blocks);
  const double block =
      server_version < first_version_with_ranges ? cost::listed_block : cost::swept_block;
  const double us = candidate.blocks * block + std::max(0.0, relation.rows) * cost::swept_row +
                    std::max(0.0, relation.expired) * cost::swept_delete;
  candidate.cost_ms = us / us_a_ms;
  return candidate;
}

Candidate by_index(const RelationFacts& relation, const Policy& policy) {
  Candidate candidate{.strategy = Strategy::index};
  if (relation.keys.empty() && kept_by(relation, policy).empty())
    candidate.obstacle = "no index was looked for, because the partition goes as a whole";
  else if (policy.tenant && policy.tenant->strict)
    candidate.obstacle = "tenant.strict asks whose the rows of a range are before any of them goes";
  else if (!missing_indexes(relation, policy).empty())
    candidate.obstacle = "no index leads to the old rows of every timestamp column";
  else if (!relation.may_read)
    candidate.obstacle = hidden_places(relation);
  else if (!relation.may_lock)
    candidate.obstacle =
        fmt::format("this role may not lock rows; grant it UPDATE on {}", relation.name);
  candidate.rows = relation.expired;
  const double met = met_by_index(relation);
  if (relation.rows <= 0 || relation.expired < 0 || met < 0) return candidate;
  candidate.blocks = std::min(static_cast<double>(relation.blocks), met);
  candidate.cost_ms = met * cost::index_row / us_a_ms;
  return candidate;
}

Candidate by_key(const RelationFacts& relation) {
  const UniqueKeyFacts& key = relation.unique_key;
  Candidate candidate{.strategy = Strategy::key};
  candidate.obstacle = key.obstacle;
  if (key.columns.empty() && key.obstacle.empty())
    candidate.obstacle = "no key was looked for, because the partition goes as a whole";
  candidate.rows = relation.expired;
  candidate.blocks = static_cast<double>(relation.blocks);
  if (key.columns.empty() || relation.rows <= 0) return candidate;
  // As the server's planner takes it: the square is the share that lies in order.
  const double row = cost::scattered_row +
                     key.correlation * key.correlation * (cost::keyed_row - cost::scattered_row);
  const double us = relation.rows * row + std::max(0.0, relation.expired) * cost::swept_delete;
  candidate.cost_ms = us / us_a_ms;
  return candidate;
}

const Candidate& find(const std::vector<Candidate>& candidates, Strategy strategy) {
  return *std::find_if(candidates.begin(), candidates.end(),
                       [&](const Candidate& one) { return one.strategy == strategy; });
}

/// Of those that take rows; nothing when none can. A sweep can unless it may not.
const Candidate* cheapest(const std::vector<Candidate>& candidates) {
  const Candidate* best = &find(candidates, Strategy::sweep);
  if (!best->obstacle.empty()) best = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!candidate.obstacle.empty() || candidate.strategy == Strategy::partition) continue;
    const bool is_known = candidate.cost_ms >= 0;
    if (best == nullptr || (is_known && (best->cost_ms < 0 || candidate.cost_ms < best->cost_ms)))
      best = &candidate;
  }
  return best;
}

std::string share_text(const RelationFacts& relation) {
  if (relation.rows <= 0 || relation.expired < 0) return "an unknown share";
  return fmt::format("{:.3g} %", 100 * std::min(1.0, relation.expired / relation.rows));
}

std::string reason_for(const RelationFacts& relation, const Candidate& best,
                       const std::vector<Candidate>& candidates) {
  const Candidate& other =
      find(candidates, best.strategy == Strategy::sweep ? Strategy::index : Strategy::sweep);
  if (!other.obstacle.empty())
    return fmt::format("{} is not to be had: {}", to_string(other.strategy), other.obstacle);
  if (best.strategy == Strategy::sweep && (relation.expired < 0 || other.cost_ms < 0))
    return "nobody knows how many rows are expired, and a sweep costs one pass whatever they are";
  return fmt::format(
      "{} of the rows are expired, and {} costs about {:.3g} ms where {} costs {:.3g}",
      share_text(relation), to_string(best.strategy), best.cost_ms, to_string(other.strategy),
      other.cost_ms);
}

/// `who` needs one: "strategy index".
std::string needs_index(std::string_view who, const RelationFacts& relation,
                        const std::vector<std::string>& missing) {
  return fmt::format("{} needs an index on each timestamp column of {}; create one: {}", who,
                     relation.name, fmt::join(missing, "; "));
}

/// Why the rows cannot go by the strategy that the policy pins, and what to do.
std::string pin_impasse(const RelationFacts& relation, const Policy& policy,
                        const Candidate& pinned) {
  const auto missing = missing_indexes(relation, policy);
  if (pinned.strategy == Strategy::index && !missing.empty())
    return needs_index("strategy index", relation, missing);
  return fmt::format("strategy {} is impossible: {}; or write strategy: auto",
                     to_string(pinned.strategy), pinned.obstacle);
}

/// The strategy by which rows are to go, if the policy pins one.
std::optional<Strategy> pinned_for_rows(const Policy& policy) {
  switch (policy.strategy) {
    case StrategyChoice::sweep: return Strategy::sweep;
    case StrategyChoice::index: return Strategy::index;
    case StrategyChoice::key: return Strategy::key;
    case StrategyChoice::automatic:
    case StrategyChoice::partition: break;
  }
  return std::nullopt;
}

/// How rows go that do not go with their partition.
void choose_by_rows(const RelationFacts& relation, const Policy& policy, ChosenStrategy& choice) {
  if (const auto strategy = pinned_for_rows(policy)) {
    const Candidate& pinned = find(choice.candidates, *strategy);
    if (pinned.obstacle.empty()) choice.chosen = pinned.strategy;
    choice.reason = choice.chosen
                        ? fmt::format("the policy pins strategy: {}", to_string(policy.strategy))
                        : pin_impasse(relation, policy, pinned);
    return;
  }
  const Candidate* best = cheapest(choice.candidates);
  if (best == nullptr) {
    choice.reason = fmt::format("{}; or so that rows can be told apart: {}",
                                find(choice.candidates, Strategy::sweep).obstacle,
                                find(choice.candidates, Strategy::key).obstacle);
    return;
  }
  choice.chosen = best->strategy;
  choice.reason = reason_for(relation, *best, choice.candidates);
}

}  // namespace

std::vector<Candidate> candidates_for(const RelationFacts& relation, const Policy& policy,
                                      std::int32_t server_version) {
  return {as_a_whole(relation, policy), sweep(relation, server_version), by_index(relation, policy),
          by_key(relation)};
}

ChosenStrategy choose_strategy(const RelationFacts& relation, const Policy& policy,
                               std::int32_t server_version) {
  ChosenStrategy choice;
  choice.candidates = candidates_for(relation, policy, server_version);
  if (kept_by(relation, policy).empty()) {  // an empty one as well: it would stand there for ever
    choice.reason = missing_right(relation);
    if (!choice.reason.empty()) return choice;
    choice.chosen = Strategy::partition;
    choice.reason = fmt::format("its bounds let in nothing that stays, and the policy says {}",
                                to_string(policy.partitions));
    return choice;
  }
  if (relation.blocks <= 0)
    choice.reason = "it is empty";
  else
    choose_by_rows(relation, policy, choice);
  return choice;
}

std::string whole_obstacle(const std::vector<RelationFacts>& relations, const Policy& policy) {
  if (policy.strategy != StrategyChoice::partition && !drops_partitions(policy)) return "";
  if (const auto why = drop_obstacle(policy); !why.empty()) return std::string(why);
  const bool ranged = relations.empty() || std::any_of(relations.begin(), relations.end(),
                                                       [](const RelationFacts& relation) {
                                                         return relation.partition.ranged;
                                                       });
  if (ranged) return "";
  return fmt::format("the table is not partitioned by ranges of {} alone", policy.timestamp.at(0));
}

std::string plan_refusal(const std::vector<RelationFacts>& relations, const Policy& policy) {
  for (const RelationFacts& relation : relations) {
    if (!kept_by(relation, policy).empty()) continue;
    if (std::string right = missing_right(relation); !right.empty()) return right;
  }
  if (policy.strategy != StrategyChoice::partition) return "";
  const std::string why = whole_obstacle(relations, policy);
  return why.empty()
             ? why
             : fmt::format("strategy partition is impossible: {}; write strategy: auto", why);
}

std::vector<std::string> missing_indexes(const RelationFacts& relation, const Policy& policy) {
  std::vector<std::string> missing;
  if (relation.blocks <= 0 || kept_by(relation, policy).empty()) return missing;
  for (std::size_t i = 0; i < policy.timestamp.size(); ++i) {
    if (i < relation.keys.size() && relation.keys[i].indexed) continue;
    missing.push_back(fmt::format("CREATE INDEX CONCURRENTLY ON {} ({})", relation.name,
                                  in_quotes(policy.timestamp[i])));
  }
  return missing;
}

}  // namespace lethe
