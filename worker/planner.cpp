#include "worker/planner.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/policies/strategy_choice.hpp"
#include "common/policies/strict.hpp"
#include "common/tasks/strategy_cost.hpp"

namespace lethe::worker {

namespace {

/// A relation, or what an index leads to in it, before it is split into tasks.
struct Piece {
  const RelationFacts* relation = nullptr;  ///< borrowed
  Strategy strategy = Strategy::sweep;
  std::size_t phase = 0;    ///< index: of which timestamp column
  std::int64_t useful = 1;  ///< tasks that it deserves
};

Piece whole(const RelationFacts& relation) {
  return {.relation = &relation, .strategy = Strategy::partition, .phase = 0, .useful = 1};
}

constexpr std::int64_t small_parts_max = 8;

/// Blocks of which nothing goes are passed about eight times as fast as those of which half does.
std::int64_t blocks_by_effort(const RelationFacts& relation) {
  if (relation.expired < 0) return relation.blocks;
  const auto busy =
      static_cast<std::int64_t>(std::min(relation.expired, static_cast<double>(relation.blocks)));
  return std::max(busy, relation.blocks / 8);
}

Piece swept(const RelationFacts& relation) {
  const std::int64_t small =
      std::min(small_parts_max, blocks_by_effort(relation) / range_blocks_min);
  return {.relation = &relation,
          .strategy = Strategy::sweep,
          .phase = 0,
          .useful = std::max({std::int64_t{1}, small, relation.blocks / range_blocks_usual})};
}

/// Tasks that `rows` rows deserve which can be parted at `splits`.
std::int64_t parts_of(double rows, std::int64_t rows_min, std::int64_t rows_usual,
                      const std::vector<std::string>& splits) {
  const double small = std::min<double>(small_parts_max, rows / static_cast<double>(rows_min));
  const double deserved = std::max(small, rows / static_cast<double>(rows_usual));
  const auto possible = static_cast<double>(splits.size() + 1);
  return static_cast<std::int64_t>(std::clamp(deserved, 1.0, possible));
}

Piece indexed(const RelationFacts& relation, std::size_t phase) {
  const KeyFacts& key = relation.keys[phase];
  return {.relation = &relation,
          .strategy = Strategy::index,
          .phase = phase,
          .useful = parts_of(key.expired, range_rows_min, range_rows_usual, key.splits)};
}

Piece keyed(const RelationFacts& relation) {
  return {.relation = &relation,
          .strategy = Strategy::key,
          .phase = 0,
          .useful = parts_of(relation.rows, range_visits_min, range_visits_usual,
                             relation.unique_key.splits)};
}

/// Rows that a batch of about a quarter of a second deletes, with and without triggers of the
/// table's own. Pacing corrects it after the first batch.
constexpr std::int64_t first_rows = 50'000;
constexpr std::int64_t first_rows_with_triggers = 2'000;

/// Rows to visit for about `rows` that go.
std::int64_t first_visits_of(const RelationFacts& relation, std::int64_t rows) {
  if (relation.rows <= 0) return 0;
  constexpr double visits_max = 100'000;
  const double share = std::clamp(relation.expired / relation.rows, 0.01, 1.0);
  return static_cast<std::int64_t>(std::min(static_cast<double>(rows) / share, visits_max));
}

std::int64_t first_batch_of(const Piece& piece, const BatchRule& rule) {
  const RelationFacts& relation = *piece.relation;
  std::int64_t rows = relation.has_triggers ? first_rows_with_triggers : first_rows;
  if (rule.rows_per_second > 0) rows = std::min(rows, rule.rows_per_second);
  if (piece.strategy == Strategy::partition) return 0;
  if (piece.strategy == Strategy::index) return rows / 10;  // found one by one, and twice
  if (relation.expired < 0) return 0;
  if (piece.strategy == Strategy::key) return first_visits_of(relation, rows);
  constexpr double blocks_min = 256;
  constexpr double blocks_min_of_few_rows = 16;
  constexpr double blocks_max = 4'096;
  const double a_block = relation.expired / static_cast<double>(relation.blocks);
  const double blocks = static_cast<double>(rows) / std::max(a_block, 0.01);
  return static_cast<std::int64_t>(
      std::clamp(blocks, rows < first_rows ? blocks_min_of_few_rows : blocks_min, blocks_max));
}

/// Part number `i` of `parts` of a piece.
PlannedWork part_of(const Piece& piece, std::int64_t i, std::int64_t parts) {
  PlannedWork work;
  work.relation = piece.relation->relation;
  work.fingerprint = piece.relation->fingerprint;
  work.strategy = piece.strategy;
  if (piece.strategy == Strategy::partition) return work;
  if (piece.strategy == Strategy::sweep) {
    work.block_from = piece.relation->blocks * i / parts;
    work.block_to = piece.relation->blocks * (i + 1) / parts;
    return work;
  }
  const bool is_key = piece.strategy == Strategy::key;
  if (is_key) work.key = piece.relation->unique_key.columns;
  if (!is_key) work.phase = static_cast<std::uint32_t>(piece.phase);
  const std::vector<std::string>& splits =
      is_key ? piece.relation->unique_key.splits : piece.relation->keys[piece.phase].splits;
  const auto start_of = [&splits, parts](std::int64_t part) {
    const std::int64_t at = static_cast<std::int64_t>(splits.size() + 1) * part / parts;
    return splits.at(static_cast<std::size_t>(at - 1));
  };
  // Open at the bottom and at the top: old statistics do not know the first and the last rows.
  if (i > 0) work.range_from = start_of(i);
  if (i + 1 < parts) work.range_to = start_of(i + 1);
  return work;
}

/// One task for every piece, and what is left of the allowance shared out by what they deserve.
std::vector<PlannedWork> split(const std::vector<Piece>& pieces, const Policy& policy) {
  const auto taken = static_cast<std::int64_t>(pieces.size());
  const std::int64_t to_share = std::max<std::int64_t>(0, plan_tasks_max - taken);
  std::int64_t deserved = 0;
  for (const Piece& piece : pieces) deserved += piece.useful;
  std::vector<PlannedWork> work;
  for (const Piece& piece : pieces) {
    const std::int64_t share = 1 + to_share * piece.useful / deserved;
    // Tasks that lock the whole table would only wait for each other.
    const std::int64_t parts = keeps_strictly(policy) ? 1 : std::min(share, piece.useful);
    for (std::int64_t i = 0; i < parts; ++i) {
      work.push_back(part_of(piece, i, parts));
      work.back().first_batch = first_batch_of(piece, policy.batch);
    }
  }
  return work;
}

std::optional<std::int64_t> estimated_rows(const PlanFacts& facts) {
  double sum = 0;
  for (const RelationFacts& relation : facts.relations) {
    if (relation.blocks == 0) continue;
    if (relation.expired < 0) return std::nullopt;
    sum += relation.expired;
  }
  return std::llround(sum);
}

std::string strategy_name(const std::vector<Piece>& pieces, const Policy& policy) {
  if (pieces.empty()) return "none";
  const Strategy first = pieces.front().strategy;
  const bool same = std::all_of(pieces.begin(), pieces.end(),
                                [first](const Piece& piece) { return piece.strategy == first; });
  const std::string ways = same ? to_string(first) : "mixed";
  return policy.action.kind == Action::Kind::set ? ways + ", set" : ways;
}

/// A function is called by one task alone: nobody knows how it would share its work.
Plan call_of(const FunctionIdentity& function) {
  PlannedWork work;
  work.strategy = Strategy::call;
  work.relation = function.oid;
  work.fingerprint = function.fingerprint;
  return {.strategy = to_string(Strategy::call),
          .estimated_rows = {},
          .work = {work},
          .kept_whole = {}};
}

}  // namespace

std::variant<Plan, std::string> make_plan(const PlanFacts& facts, const Policy& policy) {
  if (facts.function) return call_of(*facts.function);
  if (std::string refusal = plan_refusal(facts.relations, policy); !refusal.empty()) return refusal;
  Plan plan;
  if (std::string why = whole_obstacle(facts.relations, policy); !why.empty())
    plan.kept_whole.emplace_back("every partition", std::move(why));
  std::vector<Piece> pieces;  // first those that end soonest
  std::vector<Piece> by_index;
  std::vector<Piece> by_blocks;
  std::vector<Piece> by_key;
  for (const RelationFacts& relation : facts.relations) {
    const ChosenStrategy choice = choose_strategy(relation, policy, facts.server_version);
    if (choice.chosen == Strategy::partition) {
      pieces.push_back(whole(relation));
      continue;
    }
    if (relation.partition.expired && drops_partitions(policy))
      plan.kept_whole.emplace_back(relation.name, relation.partition.obstacle);
    if (relation.blocks <= 0) continue;
    if (!choice.chosen) return choice.reason;
    if (choice.chosen == Strategy::sweep) {
      by_blocks.push_back(swept(relation));
      continue;
    }
    if (choice.chosen == Strategy::key) {
      by_key.push_back(keyed(relation));
      continue;
    }
    for (std::size_t phase = 0; phase < relation.keys.size(); ++phase)
      by_index.push_back(indexed(relation, phase));
  }
  pieces.insert(pieces.end(), by_index.begin(), by_index.end());
  pieces.insert(pieces.end(), by_blocks.begin(), by_blocks.end());
  pieces.insert(pieces.end(), by_key.begin(), by_key.end());
  plan.strategy = strategy_name(pieces, policy);
  plan.estimated_rows = estimated_rows(facts);
  plan.work = split(pieces, policy);
  return plan;
}

}  // namespace lethe::worker
