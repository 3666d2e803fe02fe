#include "worker/planner.hpp"

#include <algorithm>
#include <cmath>

#include "common/tasks/strategy_choice.hpp"

namespace lethe::worker {

namespace {

/// A relation, or what an index leads to in it, before it is split into tasks.
struct Piece {
  const RelationFacts* relation = nullptr;  ///< borrowed
  std::optional<std::size_t> phase;         ///< nothing: swept
  std::int64_t useful = 1;                  ///< tasks that it deserves
};

Piece swept(const RelationFacts& relation) {
  return {.relation = &relation,
          .phase = std::nullopt,
          .useful = std::max<std::int64_t>(1, relation.blocks / range_blocks_min)};
}

Piece indexed(const RelationFacts& relation, std::size_t phase) {
  const KeyFacts& key = relation.keys[phase];
  const double deserved = key.expired / static_cast<double>(range_rows_min);
  const auto possible = static_cast<double>(key.splits.size() + 1);
  return {.relation = &relation,
          .phase = phase,
          .useful = static_cast<std::int64_t>(std::clamp(deserved, 1.0, possible))};
}

/// Rows that a batch of about a quarter of a second deletes, with and without triggers of the
/// table's own. Pacing corrects it after the first batch.
constexpr std::int64_t first_rows = 50'000;
constexpr std::int64_t first_rows_with_triggers = 2'000;

std::int64_t first_batch_of(const Piece& piece) {
  const RelationFacts& relation = *piece.relation;
  const std::int64_t rows = relation.has_triggers ? first_rows_with_triggers : first_rows;
  if (piece.phase) return rows / 10;  // found one by one, and twice
  if (relation.expired < 0) return 0;
  constexpr std::int64_t blocks_min = 256;
  constexpr std::int64_t blocks_max = 4'096;
  const double a_block = relation.expired / static_cast<double>(relation.blocks);
  const double blocks = static_cast<double>(rows) / std::max(a_block, 0.01);
  return static_cast<std::int64_t>(
      std::clamp(blocks, static_cast<double>(relation.has_triggers ? blocks_min / 16 : blocks_min),
                 static_cast<double>(blocks_max)));
}

/// Part number `i` of `parts` of a piece.
PlannedWork part_of(const Piece& piece, std::int64_t i, std::int64_t parts) {
  PlannedWork work;
  work.first_batch = first_batch_of(piece);
  work.relation = piece.relation->relation;
  work.fingerprint = piece.relation->fingerprint;
  if (!piece.phase) {
    work.strategy = Strategy::sweep;
    work.block_from = piece.relation->blocks * i / parts;
    work.block_to = piece.relation->blocks * (i + 1) / parts;
    return work;
  }
  work.strategy = Strategy::index;
  work.phase = static_cast<std::uint32_t>(*piece.phase);
  const std::vector<std::string>& splits = piece.relation->keys[*piece.phase].splits;
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
std::vector<PlannedWork> split(const std::vector<Piece>& pieces) {
  const auto taken = static_cast<std::int64_t>(pieces.size());
  const std::int64_t to_share = std::max<std::int64_t>(0, plan_tasks_max - taken);
  std::int64_t deserved = 0;
  for (const Piece& piece : pieces) deserved += piece.useful;
  std::vector<PlannedWork> work;
  for (const Piece& piece : pieces) {
    const std::int64_t share = 1 + to_share * piece.useful / deserved;
    const std::int64_t parts = std::min(share, piece.useful);
    for (std::int64_t i = 0; i < parts; ++i) work.push_back(part_of(piece, i, parts));
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

const char* strategy_name(bool indexed, bool swept) {
  if (indexed && swept) return "mixed";
  if (indexed) return "index";
  return swept ? "sweep" : "none";
}

}  // namespace

std::variant<Plan, std::string> make_plan(const PlanFacts& facts, const Policy& policy) {
  Plan plan;
  std::vector<Piece> by_index;
  std::vector<Piece> pieces;
  for (const RelationFacts& relation : facts.relations) {
    if (relation.blocks <= 0) continue;
    const StrategyChoice choice = choose_strategy(relation, policy, facts.server_version);
    if (!choice.chosen) return choice.reason;
    if (*choice.chosen == Strategy::index) {
      for (std::size_t phase = 0; phase < relation.keys.size(); ++phase)
        by_index.push_back(indexed(relation, phase));
    } else {
      pieces.push_back(swept(relation));
    }
  }
  plan.strategy = strategy_name(!by_index.empty(), !pieces.empty());
  plan.estimated_rows = estimated_rows(facts);
  pieces.insert(pieces.begin(), by_index.begin(), by_index.end());
  plan.work = split(pieces);
  return plan;
}

}  // namespace lethe::worker
