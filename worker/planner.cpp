#include "worker/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lethe::worker {

namespace {

constexpr double index_fraction_max = 0.05;
constexpr std::int32_t first_version_with_ranges = 140'000;  // TID range scans

bool has_index(const RelationFacts& relation, const Policy& policy) {
  return relation.indexed.size() == policy.timestamp.size() && !relation.indexed.empty() &&
         std::all_of(relation.indexed.begin(), relation.indexed.end(), [](bool is) { return is; });
}

bool few_are_expired(const RelationFacts& relation) {
  return relation.rows > 0 && relation.expired >= 0 &&
         relation.expired / relation.rows <= index_fraction_max;
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
    if (i < relation.indexed.size() && relation.indexed[i]) continue;
    cure += fmt::format("{}CREATE INDEX CONCURRENTLY ON {} ({})", cure.empty() ? "" : "; ",
                        relation.name, in_quotes(policy.timestamp[i]));
  }
  return fmt::format("PostgreSQL 13 needs an index on each timestamp column of {}; create one: {}",
                     relation.name, cure);
}

CleanWork work_on(const RelationFacts& relation, Strategy strategy) {
  return {.relation = relation.relation,
          .fingerprint = relation.fingerprint,
          .strategy = strategy,
          .block_from = 0,
          .block_to = 0,
          .phase = 0};
}

void add_phases(const RelationFacts& relation, std::vector<CleanWork>& work) {
  for (std::size_t phase = 0; phase < relation.indexed.size(); ++phase) {
    CleanWork part = work_on(relation, Strategy::index);
    part.phase = static_cast<std::uint32_t>(phase);
    work.push_back(part);
  }
}

void add_ranges(const RelationFacts& relation, std::int64_t parts, std::vector<CleanWork>& work) {
  for (std::int64_t i = 0; i < parts; ++i) {
    CleanWork part = work_on(relation, Strategy::sweep);
    part.block_from = relation.blocks * i / parts;
    part.block_to = relation.blocks * (i + 1) / parts;
    work.push_back(part);
  }
}

/// One range for every relation, and what is left of the allowance shared out by size.
void add_sweeps(const std::vector<const RelationFacts*>& swept, std::vector<CleanWork>& work) {
  const auto taken = static_cast<std::int64_t>(swept.size() + work.size());
  const std::int64_t to_share = std::max<std::int64_t>(0, plan_tasks_max - taken);
  std::int64_t blocks = 0;
  for (const RelationFacts* relation : swept) blocks += relation->blocks;
  for (const RelationFacts* relation : swept) {
    const std::int64_t share = 1 + to_share * relation->blocks / blocks;
    const std::int64_t useful = std::max<std::int64_t>(1, relation->blocks / range_blocks_min);
    add_ranges(*relation, std::min(share, useful), work);
  }
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
  std::vector<const RelationFacts*> swept;
  for (const RelationFacts& relation : facts.relations) {
    if (relation.blocks <= 0) continue;
    const bool indexed = has_index(relation, policy);
    const bool old_server = facts.server_version < first_version_with_ranges;
    if (old_server && !indexed) return missing_index(relation, policy);
    if (indexed && (old_server || few_are_expired(relation))) {
      add_phases(relation, plan.work);
    } else {
      swept.push_back(&relation);
    }
  }
  plan.strategy = strategy_name(!plan.work.empty(), !swept.empty());
  plan.estimated_rows = estimated_rows(facts);
  add_sweeps(swept, plan.work);
  return plan;
}

}  // namespace lethe::worker
