#include "common/db/target/block_sample.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lethe::db {

double sampled_share(std::int64_t blocks) {
  return std::min(1.0, static_cast<double>(sampled_blocks) /
                           static_cast<double>(std::max<std::int64_t>(1, blocks)));
}

std::string sample_clause(std::int64_t blocks, std::uint32_t seed, Params& params) {
  const std::string percent = params.bind(fmt::format("{:.9f}", 100 * sampled_share(blocks)));
  return fmt::format(" TABLESAMPLE SYSTEM ({}::real) REPEATABLE ({}::float8)", percent,
                     params.bind(seed));
}

BuiltStatement count_in_sample(const RelationRow& relation, const Predicate& predicate,
                               std::size_t phases) {
  BuiltStatement built;
  std::string counts;
  for (std::size_t phase = 0; phase < phases; ++phase)
    counts += fmt::format(", count(*) FILTER (WHERE {}) AS expired_{}",
                          predicate.one_phase(phase, built.params), phase);
  const std::string any = predicate.all_phases(built.params);
  const std::string aged = predicate.aged(built.params);
  built.sql = fmt::format(
      "SELECT count(*) AS rows, count(*) FILTER (WHERE {}) AS expired, count(*) FILTER (WHERE {}) "
      "AS aged{} FROM ONLY {} AS x{}",
      any, aged, counts, relation.name, sample_clause(relation.blocks, relation.oid, built.params));
  return built;
}

}  // namespace lethe::db
