#include "worker/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lethe::worker {

namespace {

constexpr double index_fraction_max = 0.05;
constexpr std::int32_t first_version_with_ranges = 140'000;  // TID range scans

bool has_index(const RelationFacts& relation, const Policy& policy) {
  return relation.keys.size() == policy.timestamp.size() && !relation.keys.empty() &&
         std::all_of(relation.keys.begin(), relation.keys.end(),
                     [](const KeyFacts& key) { return key.indexed; });
}

bool few_are_expired(const RelationFacts& relation) {
  return relation.rows > 0 && relation.expired >= 0 &&
         std::max(relation.expired, relation.passed) / relation.rows <= index_fraction_max;
}

std::string in_quotes(const std::string& name) {
  std::string result = "\"";
  for (const char c : name) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

std::string missing_index(const RelationFacts& relation, const Policy& policy) {
  std::string cure;
  for (std::size_t i = 0; i < policy.timestamp.size(); ++i) {
    if (i < relation.keys.size() && relation.keys[i].indexed) continue;
    cure += fmt::format("{}CREATE INDEX CONCURRENTLY ON {} ({})", cure.empty() ? "" : "; ",
                        relation.name, in_quotes(policy.timestamp[i]));
  }
  return fmt::format("PostgreSQL 13 needs an index on each timestamp column of {}; create one: {}",
                     relation.name, cure);
}

/// A relation, or what an index leads to in it, before it is split into tasks.
struct Piece {
  const RelationFacts* relation = nullptr;  ///< borrowed
  std::optional<std::size_t> phase;         ///< nothing: swept
  std::int64_t useful = 1;                  ///< tasks that it deserves
};

Piece swept(const RelationFacts& relation) {
  constexpr std::int64_t small_parts_max = 8;
  const std::int64_t small = std::min(small_parts_max, relation.blocks / range_blocks_min);
  return {.relation = &relation,
          .phase = std::nullopt,
          .useful = std::max({std::int64_t{1}, small, relation.blocks / range_blocks_usual})};
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

std::int64_t first_batch_of(const Piece& piece, const BatchRule& rule) {
  const RelationFacts& relation = *piece.relation;
  std::int64_t rows = relation.has_triggers ? first_rows_with_triggers : first_rows;
  if (rule.rows_per_second > 0) rows = std::min(rows, rule.rows_per_second);
  if (piece.phase) return rows / 10;  // found one by one, and twice
  if (relation.expired < 0) return 0;
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
std::vector<PlannedWork> split(const std::vector<Piece>& pieces, const BatchRule& rule) {
  const auto taken = static_cast<std::int64_t>(pieces.size());
  const std::int64_t to_share = std::max<std::int64_t>(0, plan_tasks_max - taken);
  std::int64_t deserved = 0;
  for (const Piece& piece : pieces) deserved += piece.useful;
  std::vector<PlannedWork> work;
  for (const Piece& piece : pieces) {
    const std::int64_t share = 1 + to_share * piece.useful / deserved;
    const std::int64_t parts = std::min(share, piece.useful);
    for (std::int64_t i = 0; i < parts; ++i) {
      work.push_back(part_of(piece, i, parts));
      work.back().first_batch = first_batch_of(piece, rule);
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

std::string strategy_name(bool indexed, bool swept, const Policy& policy) {
  if (!indexed && !swept) return "none";
  const std::string ways = indexed && swept ? "mixed" : indexed ? "index" : "sweep";
  return policy.action.kind == Action::Kind::set ? ways + ", set" : ways;
}

/// A function is called by one task alone: nobody knows how it would share its work.
Plan call_of(const FunctionIdentity& function) {
  PlannedWork work;
  work.strategy = Strategy::call;
  work.relation = function.oid;
  work.fingerprint = function.fingerprint;
  return {.strategy = to_string(Strategy::call), .estimated_rows = {}, .work = {work}};
}

}  // namespace

std::variant<Plan, std::string> make_plan(const PlanFacts& facts, const Policy& policy) {
  if (facts.function) return call_of(*facts.function);
  Plan plan;
  std::vector<Piece> by_index;
  std::vector<Piece> pieces;
  for (const RelationFacts& relation : facts.relations) {
    if (relation.blocks <= 0) continue;
    const bool has_indexes = has_index(relation, policy);
    const bool old_server = facts.server_version < first_version_with_ranges;
    if (old_server && !has_indexes) return missing_index(relation, policy);
    if (has_indexes && (old_server || few_are_expired(relation))) {
      for (std::size_t phase = 0; phase < relation.keys.size(); ++phase)
        by_index.push_back(indexed(relation, phase));
    } else {
      pieces.push_back(swept(relation));
    }
  }
  plan.strategy = strategy_name(!by_index.empty(), !pieces.empty(), policy);
  plan.estimated_rows = estimated_rows(facts);
  pieces.insert(pieces.begin(), by_index.begin(), by_index.end());
  plan.work = split(pieces, policy.batch);
  return plan;
}

}  // namespace lethe::worker
