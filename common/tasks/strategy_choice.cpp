#include "common/tasks/strategy_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

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

/// Rows that batches by index meet: of every column those that are old by it. -1: unknown.
double met_by_index(const RelationFacts& relation) {
  double sum = 0;
  for (const KeyFacts& key : relation.keys) {
    if (key.expired < 0) return relation.expired;
    sum += key.expired;
  }
  return sum;
}

Candidate sweep(const RelationFacts& relation, std::int32_t server_version) {
  Candidate candidate{.strategy = Strategy::sweep};
  if (server_version < first_version_with_ranges)
    candidate.obstacle = fmt::format("PostgreSQL {} cannot read ranges of blocks; 14 and later can",
                                     server_version / 10'000);
  candidate.rows = relation.expired;
  candidate.blocks = static_cast<double>(relation.blocks);
  const double us = candidate.blocks * cost::swept_block +
                    std::max(0.0, relation.rows) * cost::swept_row +
                    std::max(0.0, relation.expired) * cost::swept_delete;
  candidate.cost_ms = us / us_a_ms;
  return candidate;
}

Candidate by_index(const RelationFacts& relation, const Policy& policy) {
  Candidate candidate{.strategy = Strategy::index};
  if (!missing_indexes(relation, policy).empty())
    candidate.obstacle = "no index leads to the old rows of every timestamp column";
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

const Candidate* cheapest(const std::vector<Candidate>& candidates) {
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!candidate.obstacle.empty()) continue;
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
  const auto other = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& one) {
    return one.strategy != best.strategy;
  });
  if (other == candidates.end()) return "there is no other way";
  if (!other->obstacle.empty())
    return fmt::format("{} is not to be had: {}", to_string(other->strategy), other->obstacle);
  if (relation.expired < 0 || other->cost_ms < 0)
    return "nobody knows how many rows are expired, and a sweep costs one pass whatever they are";
  return fmt::format(
      "{} of the rows are expired, and {} costs about {:.3g} ms where {} costs {:.3g}",
      share_text(relation), to_string(best.strategy), best.cost_ms, to_string(other->strategy),
      other->cost_ms);
}

/// Why nothing can be done, and what to do.
std::string impasse(const RelationFacts& relation, const Policy& policy,
                    const std::vector<Candidate>& candidates, std::int32_t server_version) {
  const std::vector<std::string> missing = missing_indexes(relation, policy);
  if (missing.empty()) return candidates.back().obstacle;
  return fmt::format("PostgreSQL {} needs an index on each timestamp column of {}; create one: {}",
                     server_version / 10'000, relation.name, fmt::join(missing, "; "));
}

}  // namespace

std::vector<Candidate> candidates_for(const RelationFacts& relation, const Policy& policy,
                                      std::int32_t server_version) {
  return {sweep(relation, server_version), by_index(relation, policy)};
}

StrategyChoice choose_strategy(const RelationFacts& relation, const Policy& policy,
                               std::int32_t server_version) {
  StrategyChoice choice;
  choice.candidates = candidates_for(relation, policy, server_version);
  const Candidate* const best = cheapest(choice.candidates);
  if (best == nullptr) {
    choice.reason = impasse(relation, policy, choice.candidates, server_version);
    return choice;
  }
  choice.chosen = best->strategy;
  choice.reason = reason_for(relation, *best, choice.candidates);
  return choice;
}

std::vector<std::string> missing_indexes(const RelationFacts& relation, const Policy& policy) {
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < policy.timestamp.size(); ++i) {
    if (i < relation.keys.size() && relation.keys[i].indexed) continue;
    missing.push_back(fmt::format("CREATE INDEX CONCURRENTLY ON {} ({})", relation.name,
                                  in_quotes(policy.timestamp[i])));
  }
  return missing;
}

}  // namespace lethe
